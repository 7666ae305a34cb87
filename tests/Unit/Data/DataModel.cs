using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs;
using Txlfs.Lfs.Data;
using Txlfs.Tests.Unit.Fakes;
using Xunit;

namespace Txlfs.Tests.Unit.Data;

/// <summary>Files as byte arrays, beside the same files in the data path.</summary>
internal sealed partial class DataModel : IDisposable
{
    private const int FileCount = 3, MaxFileBytes = 2 << 20;
    private readonly FakeRandom _random;
    private readonly ulong _seed;
    private readonly byte[][] _files = new byte[FileCount][];
    private string _operation = "";

    public DataModel(CodecKind codec, ChecksumKind checksum, ulong seed)
    {
        _seed = seed;
        _random = new FakeRandom(seed);
        Fixture = new DataFixture(codec, checksum, seed);
        for (int i = 0; i < FileCount; i++)
        {
            _files[i] = [];
            Fixture.Create(Inode(i));
        }
    }

    public DataFixture Fixture { get; }

    private static ulong Inode(int file) => DataFixture.File + (ulong)file;

    public void Run(int operations)
    {
        for (int i = 0; i < operations; i++)
        {
            int file = _random.Next(FileCount);
            try
            {
                Step(file);
                Fixture.CheckStructure(Inode(file));
                Assert.Equal(_files[file].Length, Fixture.Attributes(Inode(file)).SizeBytes);
                if (i % 8 == 0)
                {
                    CheckAll(file);
                }
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {_seed}, operation {i}: {_operation}", e);
            }
        }
        for (int file = 0; file < FileCount; file++)
        {
            CheckAll(file);
        }
    }

    private void Step(int file)
    {
        switch (_random.Next(20))
        {
            case < 8:
                Write(file);
                break;
            case < 13:
                Read(file);
                break;
            case < 15:
                Truncate(file);
                break;
            default:
                StepMore(file);
                break;
        }
    }

    private void Write(int file)
    {
        long offset = SomeOffset(file);
        byte[] data = SomeData(SomeLength());
        offset = Math.Min(offset, MaxFileBytes - data.Length);
        WriteOptions options = _random.Next(5) switch { 0 => WriteOptions.Append, 1 => WriteOptions.FromCache, _ => WriteOptions.None };
        if (options == WriteOptions.Append)
        {
            offset = _files[file].Length;
        }
        if (offset + data.Length > MaxFileBytes)
        {
            return;
        }
        _operation = $"write file {file} offset {offset} length {data.Length} {options}";
        Assert.Equal(data.Length, Fixture.Write(Inode(file), options == WriteOptions.Append ? 0 : offset, data, options));
        Grow(file, offset + data.Length);
        data.CopyTo(_files[file], offset);
    }

    private void Read(int file)
    {
        long offset = SomeOffset(file);
        int length = SomeLength();
        _operation = $"read file {file} offset {offset} length {length}";
        byte[] read = Fixture.Read(Inode(file), offset, length);
        int expected = (int)Math.Clamp(_files[file].Length - offset, 0, length);
        AssertSame(_files[file].AsSpan((int)Math.Min(offset, _files[file].Length), expected), read, offset);
    }

    private void Truncate(int file)
    {
        long size = Math.Min(_random.Next(3) == 0 ? SomeLength() : SomeOffset(file), MaxFileBytes);
        _operation = $"truncate file {file} from {_files[file].Length} to {size}";
        Assert.Equal(0, Fixture.SetSize(Inode(file), size));
        Array.Resize(ref _files[file], (int)size);
    }

    private void CheckAll(int file)
    {
        byte[] read = Fixture.Read(Inode(file), 0, _files[file].Length + 5000);
        AssertSame(_files[file], read, 0);
    }

    private static void AssertSame(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, long offset)
    {
        Assert.Equal(expected.Length, actual.Length);
        int same = expected.CommonPrefixLength(actual);
        Assert.True(same == expected.Length, $"differs at {offset + same}");
    }

    private void Grow(int file, long size)
    {
        if (size > _files[file].Length)
        {
            Array.Resize(ref _files[file], (int)size);
        }
    }

    private long SomeOffset(int file)
    {
        long length = _files[file].Length;
        long offset = _random.Next(6) switch
        {
            0 => 0,
            1 => length,
            2 => _random.Next(6000),
            3 => length + _random.Next(20_000),
            _ => _random.Next((int)length + 1),
        };
        offset = _random.Next(2) == 0 ? offset & -Limits.BlockBytes : offset;
        return Math.Min(offset, MaxFileBytes);
    }

    private int SomeLength() => _random.Next(8) switch
    {
        0 => 1 + _random.Next(100),
        1 => 1 + _random.Next(2100),
        2 => Limits.BlockBytes,
        3 => Limits.BlockBytes * (1 + _random.Next(40)),
        4 => 1 + _random.Next(300_000),
        5 => 128 * 1024,
        _ => 1 + _random.Next(10_000),
    };

    private byte[] SomeData(int length)
    {
        byte[] data = new byte[length];
        switch (_random.Next(3))
        {
            case 0:
                _random.Fill(data);
                break;
            case 1:
                data.AsSpan().Fill((byte)(1 + _random.Next(255)));
                break;
            default:
                for (int i = 0; i < length; i++)
                {
                    data[i] = (byte)(i % 7 == 0 ? _random.Next(256) : i / 64);
                }
                break;
        }
        return data;
    }

    public void Dispose() => Fixture.Dispose();
}
