using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;
using Txlfs.Tests.Unit.Fakes;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

public sealed class XattrTests : IDisposable
{
    private readonly NamespaceFixture _fs = new();
    private readonly ulong _file;

    public XattrTests() => _file = _fs.File(Root, "f");

    public void Dispose()
    {
        _fs.CheckConsistency();
        _fs.Dispose();
    }

    private static byte[] Bytes(int length, ulong seed = 1)
    {
        var bytes = new byte[length];
        new FakeRandom(seed).Fill(bytes);
        return bytes;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2032)]
    [InlineData(2033)]
    [InlineData(2032 + 2288)]
    [InlineData(2032 + 2288 + 1)]
    [InlineData(65536)]
    public void ValuesOfEveryLengthComeBack(int length)
    {
        string name = "user." + new string('n', 250);
        byte[] value = Bytes(length);
        Assert.Equal(0, _fs.SetXattr(_file, name, value));
        Assert.Equal(length, _fs.GetXattr(_file, name, out byte[] back));
        Assert.Equal(value, back);
        Assert.Equal(length, _fs.GetXattr(_file, name, out _, bufferBytes: 0));
        if (length > 0)
        {
            Assert.Equal(length > 1 ? -Errno.ERANGE : 1, _fs.GetXattr(_file, name, out _, bufferBytes: 1));
        }
        int before = _fs.RecordsOf(_file);
        Assert.Equal(0, _fs.SetXattr(_file, name, Bytes(10, 2)));
        Assert.Equal(10, _fs.GetXattr(_file, name, out back));
        Assert.Equal(Bytes(10, 2), back);
        Assert.True(_fs.RecordsOf(_file) <= before);
        Assert.Equal(0, _fs.RemoveXattr(_file, name));
        Assert.Equal(1, _fs.RecordsOf(_file));
    }

    [Fact]
    public void FlagsAndErrors()
    {
        Assert.Equal(-Errno.ENODATA, _fs.GetXattr(_file, "user.a", out _));
        Assert.Equal(-Errno.ENODATA, _fs.RemoveXattr(_file, "user.a"));
        Assert.Equal(-Errno.ENODATA, _fs.SetXattr(_file, "user.a", [1], flags: 2));
        Assert.Equal(0, _fs.SetXattr(_file, "user.a", [1], flags: 1));
        Assert.Equal(-Errno.EEXIST, _fs.SetXattr(_file, "user.a", [2], flags: 1));
        Assert.Equal(0, _fs.SetXattr(_file, "user.a", [2], flags: 2));
        Assert.Equal(-Errno.EINVAL, _fs.SetXattr(_file, "user.a", [2], flags: 4));
        Assert.Equal(-Errno.E2BIG, _fs.SetXattr(_file, "user.a", new byte[65537]));
        Assert.Equal(-Errno.ERANGE, _fs.SetXattr(_file, "", [1]));
        Assert.Equal(-Errno.ERANGE, _fs.SetXattr(_file, new string('n', 256), [1]));
        Assert.Equal(-Errno.EINVAL, _fs.SetXattr(_file, "user.\0", [1]));
        Assert.Equal(-Errno.ENOENT, _fs.SetXattr(999, "user.a", [1]));
        Assert.Equal(-Errno.ENOENT, _fs.RemoveXattr(999, "user.a"));
    }

    [Fact]
    public void ChangesMoveCtimeOnly()
    {
        InodeAttributes before = _fs.Get(_file);
        _fs.SetXattr(_file, "user.a", [1]);
        InodeAttributes after = _fs.Get(_file);
        Assert.NotEqual(before.Ctime, after.Ctime);
        Assert.Equal(before with { Ctime = after.Ctime }, after);
        _fs.RemoveXattr(_file, "user.a");
        Assert.NotEqual(after.Ctime, _fs.Get(_file).Ctime);
    }

    [Fact]
    public void ListsAllNames()
    {
        Assert.Equal(0, _fs.ListXattr(_file).Length);
        _fs.SetXattr(_file, "user.one", Bytes(5000));
        _fs.SetXattr(_file, "security.two", []);
        _fs.SetXattr(_file, "user.three", [3]);
        int length = "user.one security.two user.three ".Length;
        Assert.Equal(length, _fs.ListXattr(_file, bufferBytes: 0).Length);
        Assert.Equal(-Errno.ERANGE, _fs.ListXattr(_file, bufferBytes: length - 1).Length);
        (int got, string[] names) = _fs.ListXattr(_file, bufferBytes: length);
        Assert.Equal(length, got);
        Assert.Equal(["security.two", "user.one", "user.three"], names);
    }

    [Fact]
    public void TheListStaysWithinWhatCanBeReturned()
    {
        _fs.Engine.Index.MissEvery = 0;
        for (int i = 0; i < 256; i++)
        {
            Assert.Equal(0, _fs.SetXattr(_file, $"user.{i:d3}".PadRight(255, 'n'), []));
        }
        Assert.Equal(Limits.MaxXattrListBytes, _fs.ListXattr(_file).Length);
        Assert.Equal(-Errno.ENOSPC, _fs.SetXattr(_file, "u", []));
        Assert.Equal(0, _fs.SetXattr(_file, "user.000".PadRight(255, 'n'), [1]));
    }

    [Fact]
    public void CollidingNamesHaveEightSlots()
    {
        using var fs = new NamespaceFixture(new CollidingHasher(1));
        ulong file = fs.File(Root, "f");
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(0, fs.SetXattr(file, $"user.{i}", Bytes(3000 * i, (ulong)i)));
        }
        Assert.Equal(-Errno.ENOSPC, fs.SetXattr(file, "user.8", []));
        Assert.Equal(0, fs.RemoveXattr(file, "user.3"));
        Assert.Equal(0, fs.SetXattr(file, "user.8", Bytes(65536)));
        Assert.Equal(8, fs.ListXattr(file).Names.Length);
        foreach (int i in new[] { 0, 1, 2, 4, 5, 6, 7 })
        {
            fs.GetXattr(file, $"user.{i}", out byte[] value);
            Assert.Equal(Bytes(3000 * i, (ulong)i), value);
        }
        fs.GetXattr(file, "user.8", out byte[] last);
        Assert.Equal(Bytes(65536), last);
        fs.CheckConsistency();
    }

    [Fact]
    public void GoWithTheInode()
    {
        _fs.SetXattr(_file, "user.a", Bytes(65536));
        Assert.Equal(0, _fs.Unlink(Root, "f"));
        Assert.Equal(0, _fs.RecordsOf(_file));
    }

    [Fact]
    public void KillPrivilegesTakesCapabilitiesAndBits()
    {
        _fs.SetXattr(_file, "security.capability", [1, 2, 3]);
        _fs.Set(_file, new AttributeChange { Fields = AttributeFields.Mode, Mode = 0xDED });
        InodeAttributes after = _fs.Set(_file, new AttributeChange { Fields = AttributeFields.Uid | AttributeFields.KillPrivileges, Uid = 5 });
        Assert.Equal(ModeBits.Regular | 0x1EDu, after.Mode);
        Assert.Equal(-Errno.ENODATA, _fs.GetXattr(_file, "security.capability", out _));
        _fs.Set(_file, new AttributeChange { Fields = AttributeFields.Mode, Mode = 0xDA4 });
        Assert.Equal(ModeBits.Regular | ModeBits.SetGid | 0x1A4u, _fs.Set(_file, new AttributeChange { Fields = AttributeFields.KillPrivileges }).Mode);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(17)]
    public void DamagedRecordsAreErrors(int keptBytes)
    {
        _fs.SetXattr(_file, "user.a", Bytes(5000));
        Key first = _fs.Engine.Index.Records.First(r => r.Key.Kind == RecordKind.Xattr).Key;
        _fs.PutRecord(first, _fs.Engine.Index[first].AsSpan(0, keptBytes));
        Assert.Equal(-Errno.EIO, _fs.GetXattr(_file, "user.a", out _));
        Assert.Equal(-Errno.EIO, _fs.ListXattr(_file).Length);
        Assert.Equal(-Errno.EIO, _fs.SetXattr(_file, "user.a", [1]));
        Assert.Equal(-Errno.EIO, _fs.SetXattr(_file, "user.b", [1]));
        Assert.Equal(-Errno.EIO, _fs.RemoveXattr(_file, "user.a"));
        Assert.Contains(_fs.Engine.Log.Lines, l => l.Contains($"inode {_file}: records of its extended attributes"));
    }

    [Fact]
    public void AMissingOrForeignChunkIsAnError()
    {
        _fs.SetXattr(_file, "user.a", Bytes(5000));
        Key second = _fs.Engine.Index.Records.Where(r => r.Key.Kind == RecordKind.Xattr).ElementAt(1).Key;
        byte[] sound = _fs.Engine.Index[second]!;
        byte[] foreign = [.. sound];
        foreign[0] ^= 1;
        _fs.PutRecord(second, foreign);
        Assert.Equal(-Errno.EIO, _fs.GetXattr(_file, "user.a", out _));
        _fs.Engine.Index.Delete(second);
        Assert.Equal(-Errno.EIO, _fs.GetXattr(_file, "user.a", out _));
        _fs.Engine.IsReadOnly = true;
        Assert.Equal(-Errno.EIO, _fs.GetXattr(_file, "user.a", out _));
        _fs.PutRecord(second, sound);
        Assert.Equal(5000, _fs.GetXattr(_file, "user.a", out _));
    }
}
