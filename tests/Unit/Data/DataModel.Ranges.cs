using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Data;
using Xunit;

namespace Txlfs.Tests.Unit.Data;

internal sealed partial class DataModel
{
    private void StepMore(int file)
    {
        switch (_random.Next(8))
        {
            case 0:
                Allocate(file);
                break;
            case 1 or 2:
                Punch(file);
                break;
            case 3:
                Zero(file);
                break;
            case 4:
                Shift(file);
                break;
            case 5:
                Seek(file);
                break;
            default:
                Copy(file);
                break;
        }
    }

    private int Fallocate(int file, FallocateMode mode, long offset, long length)
    {
        _operation = $"fallocate file {file} (size {_files[file].Length}) {mode} offset {offset} length {length}";
        return Fixture.Engine.Run(Fixture.Path.FallocateAsync(Inode(file), mode, offset, length, long.MaxValue, default));
    }

    private (long Offset, long Length) SomeRange(int file)
    {
        long offset = SomeOffset(file), length = SomeLength();
        return (Math.Min(offset, MaxFileBytes - length), length);
    }

    private void Allocate(int file)
    {
        (long offset, long length) = SomeRange(file);
        bool keeps = _random.Next(2) == 0;
        Assert.Equal(0, Fallocate(file, keeps ? FallocateMode.KeepSize : FallocateMode.None, offset, length));
        Grow(file, keeps ? 0 : offset + length);
    }

    private void Punch(int file)
    {
        (long offset, long length) = SomeRange(file);
        Assert.Equal(0, Fallocate(file, FallocateMode.PunchHole | FallocateMode.KeepSize, offset, length));
        Clear(file, offset, length);
    }

    private void Zero(int file)
    {
        (long offset, long length) = SomeRange(file);
        bool keeps = _random.Next(2) == 0;
        Assert.Equal(0, Fallocate(file, FallocateMode.ZeroRange | (keeps ? FallocateMode.KeepSize : 0), offset, length));
        Clear(file, offset, length);
        Grow(file, keeps ? 0 : offset + length);
    }

    private void Clear(int file, long offset, long length)
    {
        int from = (int)Math.Min(offset, _files[file].Length), to = (int)Math.Min(offset + length, _files[file].Length);
        _files[file].AsSpan(from, to - from).Clear();
    }

    private void Shift(int file)
    {
        bool isInsert = _random.Next(2) == 0;
        (long offset, long length) = SomeRange(file);
        offset &= -Limits.BlockBytes;
        length = (length + Limits.BlockBytes - 1) & -Limits.BlockBytes;
        byte[] old = _files[file];
        if (isInsert && old.Length + length > MaxFileBytes)
        {
            return;
        }
        int result = Fallocate(file, isInsert ? FallocateMode.InsertRange : FallocateMode.CollapseRange, offset, length);
        if (isInsert ? offset >= old.Length : offset + length >= old.Length)
        {
            Assert.Equal(-Errno.EINVAL, result);
            return;
        }
        if (result == -Errno.EOPNOTSUPP)
        {
            return;
        }
        Assert.Equal(0, result);
        int at = (int)offset;
        _files[file] = isInsert
            ? [.. old.AsSpan(0, at), .. new byte[length], .. old.AsSpan(at)]
            : [.. old.AsSpan(0, at), .. old.AsSpan(at + (int)length)];
    }

    /// <summary>Data may be reported where zeros are, but a hole only where zeros are, and both only inside the file.</summary>
    private void Seek(int file)
    {
        long offset = SomeOffset(file);
        int length = _files[file].Length;
        foreach (bool seeksData in new[] { true, false })
        {
            _operation = $"seek file {file} (size {length}) from {offset} data {seeksData}";
            OpResult<long> result = Fixture.Engine.Run(Fixture.Path.SeekAsync(Inode(file), offset, seeksData ? 3 : 4));
            if (offset >= length)
            {
                Assert.Equal(Errno.ENXIO, result.Errno);
                continue;
            }
            if (seeksData)
            {
                long end = result.Errno == Errno.ENXIO ? length : result.Value;
                Assert.True(result.Errno is 0 or Errno.ENXIO && end >= offset && end <= length);
                Assert.Equal(-1, _files[file].AsSpan((int)offset, (int)(end - offset)).IndexOfAnyExcept((byte)0));
            }
            else
            {
                Assert.True(result.IsOk && result.Value >= offset && result.Value <= length);
            }
        }
    }

    private void Copy(int file)
    {
        int target = _random.Next(FileCount);
        long from = SomeOffset(file), to = SomeOffset(target), length = SomeLength();
        if (to + length > MaxFileBytes)
        {
            return;
        }
        _operation = $"copy {length} bytes from file {file} offset {from} (size {_files[file].Length}) to file {target} offset {to} (size {_files[target].Length})";
        OpResult<long> result = Fixture.Engine.Run(Fixture.Path.CopyRangeAsync(new CopyRange(Inode(file), from, Inode(target), to, length), default));
        if (file == target && Math.Abs(from - to) < length)
        {
            Assert.Equal(Errno.EINVAL, result.Errno);
            return;
        }
        long expected = Math.Clamp(_files[file].Length - from, 0, length);
        Assert.True(result.IsOk, $"errno {result.Errno}");
        Assert.Equal(expected, result.Value);
        if (expected > 0)
        {
            Grow(target, to + expected);
            _files[file].AsSpan((int)from, (int)expected).CopyTo(_files[target].AsSpan((int)to));
            CheckAll(target);
            Fixture.CheckStructure(Inode(target));
        }
    }
}
