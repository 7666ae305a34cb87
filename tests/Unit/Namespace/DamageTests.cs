using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Namespace;
using Txlfs.Tests.Unit.Fakes;
using Xunit;
using static Txlfs.Tests.Unit.Namespace.NamespaceFixture;

namespace Txlfs.Tests.Unit.Namespace;

/// <summary>Records that lie: an error and a log line, never a crash.</summary>
public sealed class DamageTests : IDisposable
{
    private readonly NamespaceFixture _fs = new(missEvery: 0);

    public void Dispose() => _fs.Dispose();

    private Key KeyOfKind(RecordKind kind) => _fs.Engine.Index.Records.Last(r => r.Key.Kind == kind && r.Key.Inode != 0).Key;

    [Fact]
    public void AnEntryWithoutItsInodeIsNamedInTheLog()
    {
        ulong file = _fs.File(Root, "f");
        _fs.Engine.Index.Delete(InodeLookup.KeyOf(file));
        Assert.Equal(-Errno.EIO, _fs.Lookup(Root, "f"));
        Assert.Equal(-Errno.EIO, _fs.Unlink(Root, "f"));
        Assert.Equal(-Errno.EIO, _fs.Rename(Root, "f", Root, "g"));
        Assert.Contains($"Error: directory 1 names inode {file}, which does not exist", _fs.Engine.Log.Lines);
        _fs.Engine.IsReadOnly = true;
        Assert.Equal(-Errno.EIO, _fs.Lookup(Root, "f"));
    }

    [Fact]
    public void AnEntryWhoseInodeIsJustGoingIsNoDamage()
    {
        ulong file = _fs.File(Root, "f");
        byte[] inode = _fs.Engine.Index[InodeLookup.KeyOf(file)]!;
        Key entry = KeyOfKind(RecordKind.Dirent);
        _fs.Engine.Index.Delete(InodeLookup.KeyOf(file)); // as a reader may see it in the middle of a commit
        _fs.Engine.BeforeCommit = () => _fs.Engine.Index.Delete(entry);
        Assert.Equal(-Errno.ENOENT, _fs.Lookup(Root, "f"));
        _fs.Engine.BeforeCommit = null;
        ulong again = _fs.File(Root, "f");
        inode = _fs.Engine.Index[InodeLookup.KeyOf(again)]!;
        _fs.Engine.Index.Delete(InodeLookup.KeyOf(again));
        _fs.Engine.BeforeCommit = () => _fs.Engine.Index.Put(InodeLookup.KeyOf(again), inode);
        Assert.Equal((long)again, _fs.Lookup(Root, "f"));
        Assert.Empty(_fs.Engine.Log.Lines);
    }

    [Theory]
    [InlineData(RecordKind.Inode)]
    [InlineData(RecordKind.Dirent)]
    public void RecordsCutAnywhereAreErrors(RecordKind kind)
    {
        ulong file = _fs.File(Root, "some name");
        Key key = KeyOfKind(kind);
        byte[] sound = _fs.Engine.Index[key]!;
        int shortest = kind == RecordKind.Dirent ? DirentRecord.NameAt : sound.Length - 1;
        for (int length = 8; length <= shortest; length++)
        {
            _fs.PutRecord(key, sound.AsSpan(0, length));
            Assert.Equal(-Errno.EIO, _fs.Lookup(Root, "some name"));
            Assert.Equal(-Errno.EIO, _fs.Unlink(Root, "some name"));
            Assert.Equal(-Errno.EIO, _fs.Engine.Run(_fs.Names.Directories.ReadAsync(Root, 0, new ListSink(9))));
        }
        _fs.PutRecord(key, [.. sound, .. new byte[300]]);
        Assert.Equal(-Errno.EIO, _fs.Lookup(Root, "some name"));
        _fs.PutRecord(key, sound);
        Assert.Equal((long)file, _fs.Lookup(Root, "some name"));
    }

    [Fact]
    public void ASymlinkWithoutItsTargetIsAnError()
    {
        ulong link = Sound(_fs.Symlink(Root, "s", new string('t', 3000)));
        Key last = KeyOfKind(RecordKind.Inline);
        _fs.PutRecord(last, _fs.Engine.Index[last].AsSpan(0, 100));
        Assert.Equal(-Errno.EIO, _fs.ReadLink(link).Length);
        _fs.Engine.Index.Delete(last);
        Assert.Equal(-Errno.EIO, _fs.ReadLink(link).Length);
        _fs.PutInode(_fs.Get(link) with { SizeBytes = 5_000_000 });
        Assert.Equal(-Errno.EIO, _fs.ReadLink(link).Length);
        Assert.Contains(_fs.Engine.Log.Lines, l => l.Contains($"symlink {link}"));
    }

    [Fact]
    public void RandomBytesInRecordsNeverCrash()
    {
        const ulong Seed = 4711;
        var random = new FakeRandom(Seed);
        ulong d = _fs.Directory(Root, "d"), file = _fs.File(d, "f");
        _fs.Symlink(d, "s", "target");
        _fs.SetXattr(file, "user.a", new byte[3000]);
        KeyValuePair<Key, byte[]>[] sound = [.. _fs.Engine.Index.Records];
        for (int round = 0; round < 3000; round++)
        {
            (Key key, byte[] value) = sound[random.Next(sound.Length)];
            var damaged = new byte[random.Next(4) == 0 ? 9 + random.Next(200) : Math.Max(9, value.Length)];
            value.AsSpan(0, Math.Min(value.Length, damaged.Length)).CopyTo(damaged);
            damaged[8 + random.Next(damaged.Length - 8)] ^= (byte)(1 << random.Next(8));
            _fs.PutRecord(key, damaged);
            Exception? crash = Record.Exception(() => Exercise(d, file));
            Assert.True(crash is null, $"seed {Seed}, round {round}, {key}: {crash}");
            foreach ((Key k, byte[] v) in _fs.Engine.Index.Records.ToArray())
            {
                _fs.Engine.Index.Delete(k);
            }
            foreach ((Key k, byte[] v) in sound)
            {
                _fs.PutRecord(k, v);
            }
        }
    }

    private void Exercise(ulong d, ulong file)
    {
        _fs.Lookup(d, "f");
        _fs.Lookup(d, "..");
        _fs.Engine.Run(_fs.Names.Directories.ReadAsync(d, 0, new ListSink(9)));
        _fs.GetXattr(file, "user.a", out _);
        _fs.ListXattr(file);
        long link = _fs.Lookup(d, "s");
        if (link > 0)
        {
            _fs.ReadLink((ulong)link);
        }
        _fs.Rename(d, "f", Root, "g");
        _fs.Rename(Root, "d", Root, "e", RenameFlags.Whiteout);
        _fs.SetXattr(file, "user.b", [1]);
        _fs.Unlink(Root, "g");
        _fs.Unlink(d, "s");
        _fs.RemoveDirectory(Root, "e");
        _fs.Crash();
    }
}
