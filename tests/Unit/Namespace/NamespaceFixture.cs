using System.Text;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Namespace;
using Txlfs.Tests.Unit.Fakes;
using Xunit;

namespace Txlfs.Tests.Unit.Namespace;

/// <summary>A namespace over the fake engine, spoken to by text. Results are positive or 0, or -errno.</summary>
internal sealed class NamespaceFixture : IDisposable
{
    public const ulong Root = Limits.RootInode;
    public static readonly Caller Alice = new(1000, 1000, 42);

    public NamespaceFixture(NameHasher? hasher = null, int missEvery = 3)
    {
        Names = new FileNamespace(Engine, hasher ?? new NameHasher(7));
        Assert.True(Engine.Run(Engine.CommitAsync<FormatRootBody, InodeAttributes>(new FormatRootBody(0, 0), default, CommitKind.Format)).IsOk);
        Engine.Index.MissEvery = missEvery;
    }

    public FakeEngine Engine { get; } = new();
    public FileNamespace Names { get; private set; }

    /// <summary>What a crash and a mount do: the memory is forgotten, the records stay.</summary>
    public void Crash()
    {
        Names = new FileNamespace(Engine, new NameHasher(7));
        Engine.Run(Await(Names.Orphans.RecoverAsync()));
    }

    private static async ValueTask<int> Await(ValueTask task)
    {
        await task;
        return 0;
    }

    public static NativeSlice Name(string name) => new Pinned(name).Slice;

    public long Lookup(ulong parent, string name) => Inode(Names.Directories.LookupAsync(parent, Name(name)));

    public InodeAttributes Get(ulong inode)
    {
        OpResult<InodeAttributes> result = Engine.Run(Names.Inodes.GetAttributesAsync(inode));
        Assert.True(result.IsOk, $"inode {inode}: errno {result.Errno}");
        return result.Value;
    }

    public bool Exists(ulong inode) => Engine.Run(Names.Inodes.GetAttributesAsync(inode)).Errno switch
    {
        0 => true,
        Errno.ENOENT => false,
        int errno => throw new InvalidOperationException($"errno {errno}"),
    };

    public long Create(ulong parent, string name, uint mode = 0x1A4, bool open = false, Caller? caller = null, uint rdev = 0, uint umask = 0)
        => Inode(Names.Directories.CreateAsync(parent, Name(name), new NewInode(mode, rdev, caller ?? Alice, umask), open));

    public long MakeDirectory(ulong parent, string name, uint mode = 0x1ED)
        => Inode(Names.Directories.MakeDirectoryAsync(parent, Name(name), new NewInode(mode, 0, Alice, 0)));

    public ulong File(ulong parent, string name, bool open = false) => Sound(Create(parent, name, open: open));

    public ulong Directory(ulong parent, string name) => Sound(MakeDirectory(parent, name));

    public long Symlink(ulong parent, string name, string target) => Inode(Names.Directories.SymlinkAsync(parent, Name(name), Name(target), Alice));

    public long Temporary(ulong parent) => Inode(Names.Directories.CreateTemporaryAsync(parent, new NewInode(0x180, 0, Alice, 0)));

    public long Link(ulong inode, ulong parent, string name) => Inode(Names.Directories.LinkAsync(inode, parent, Name(name), Alice));

    public int Unlink(ulong parent, string name) => Engine.Run(Names.Directories.UnlinkAsync(parent, Name(name), Alice, isRemoveDirectory: false));

    public int RemoveDirectory(ulong parent, string name) => Engine.Run(Names.Directories.UnlinkAsync(parent, Name(name), Alice, isRemoveDirectory: true));

    public int Rename(ulong oldParent, string oldName, ulong newParent, string newName, RenameFlags flags = RenameFlags.None)
        => Engine.Run(Names.Directories.RenameAsync(oldParent, Name(oldName), newParent, Name(newName), flags, Alice));

    public long Open(ulong inode) => Inode(Names.Inodes.OpenAsync(inode));

    /// <summary>Releases, and lets the background work be done.</summary>
    public void Release(ulong inode)
    {
        Names.Inodes.Release(inode);
        Engine.RunAll();
    }

    public InodeAttributes Set(ulong inode, AttributeChange change)
    {
        OpResult<InodeAttributes> result = Engine.Run(Names.Inodes.SetAttributesAsync(inode, change, Alice));
        Assert.Equal(0, result.Errno);
        Assert.Equal(Get(inode), result.Value);
        return result.Value;
    }

    public (long Length, string Text) ReadLink(ulong inode, int bufferBytes = 4096)
    {
        var buffer = new Pinned(bufferBytes);
        int length = Engine.Run(Names.Inodes.ReadLinkAsync(inode, buffer.Slice));
        return (length, length > 0 ? Encoding.UTF8.GetString(buffer.Span[..length]) : "");
    }

    public int SetXattr(ulong inode, string name, ReadOnlySpan<byte> value, int flags = 0)
        => Engine.Run(Names.Xattrs.SetAsync(inode, Name(name), new Pinned(value).Slice, flags, Alice));

    public int GetXattr(ulong inode, string name, out byte[] value, int bufferBytes = 70_000)
    {
        var buffer = new Pinned(bufferBytes);
        int length = Engine.Run(Names.Xattrs.GetAsync(inode, Name(name), buffer.Slice));
        value = bufferBytes > 0 && length > 0 ? buffer.Span[..length].ToArray() : [];
        return length;
    }

    public int RemoveXattr(ulong inode, string name) => Engine.Run(Names.Xattrs.RemoveAsync(inode, Name(name), Alice));

    public (int Length, string[] Names) ListXattr(ulong inode, int bufferBytes = 70_000)
    {
        var buffer = new Pinned(bufferBytes);
        int length = Engine.Run(Names.Xattrs.ListAsync(inode, buffer.Slice));
        string[] names = length > 0 && bufferBytes > 0 ? Encoding.UTF8.GetString(buffer.Span[..length]).Split('\0', StringSplitOptions.RemoveEmptyEntries) : [];
        Array.Sort(names, StringComparer.Ordinal);
        return (length, names);
    }

    public List<Listed> List(ulong directory, ulong cookie = 0, int maxEntries = int.MaxValue)
    {
        var sink = new ListSink(maxEntries);
        Assert.Equal(0, Engine.Run(Names.Directories.ReadAsync(directory, cookie, sink)));
        return sink.Entries;
    }

    public IEnumerable<string> ListNames(ulong directory) => List(directory).Select(e => e.Name).Where(n => n is not ("." or "..")).Order(StringComparer.Ordinal);

    public void PutRecord(Key key, ReadOnlySpan<byte> value) => Engine.Index.Put(key, value);

    public void PutInode(in InodeAttributes attributes)
    {
        var value = new byte[InodeRecord.SizeBytes];
        InodeRecord.Write(value, attributes);
        PutRecord(InodeLookup.KeyOf(attributes.Inode), value);
    }

    /// <summary>Extents as the data path would have put them: only their number matters here.</summary>
    public void PutExtents(ulong inode, int count)
    {
        for (int i = 0; i < count; i++)
        {
            PutRecord(Key.Of(inode, RecordKind.Extent, (ulong)i * Limits.BlockBytes), new byte[40]);
        }
    }

    public int RecordsOf(ulong inode) => Engine.Index.Records.Count(r => r.Key.Inode == inode);

    public bool IsOrphan(ulong inode) => Engine.Index[InodeRemoval.OrphanKeyOf(inode)] is not null;

    /// <summary>All that must hold of a quiet volume: link counts, parents, entries and inodes agree, no record hangs in the air.</summary>
    public void CheckConsistency()
    {
        var inodes = new Dictionary<ulong, InodeAttributes>();
        var names = new Dictionary<ulong, uint>();
        var subdirectories = new Dictionary<ulong, uint>();
        foreach ((Key key, byte[] value) in Engine.Index.Records)
        {
            if (key.Kind == RecordKind.Inode && key.Inode != 0)
            {
                Assert.True(InodeRecord.TryRead(value, key.Inode, out InodeAttributes attributes));
                inodes.Add(key.Inode, attributes);
            }
        }
        foreach ((Key key, byte[] value) in Engine.Index.Records)
        {
            Assert.True(key.Inode == 0 ? inodes.ContainsKey(key.Sub) : inodes.ContainsKey(key.Inode), $"{key} hangs in the air");
            if (key.Kind == RecordKind.Dirent)
            {
                Assert.True(DirentRecord.TryRead(value, out ulong child, out byte type, out _));
                Assert.Equal(DirentRecord.TypeOf(inodes[child].Mode), type);
                names[child] = names.GetValueOrDefault(child) + 1;
                if (inodes[child].IsDirectory)
                {
                    Assert.Equal(key.Inode, inodes[child].Parent);
                    subdirectories[key.Inode] = subdirectories.GetValueOrDefault(key.Inode) + 1;
                }
            }
        }
        foreach (InodeAttributes inode in inodes.Values)
        {
            uint expected = inode.IsDirectory && (inode.Inode == Root || names.ContainsKey(inode.Inode))
                ? 2 + subdirectories.GetValueOrDefault(inode.Inode)
                : names.GetValueOrDefault(inode.Inode);
            Assert.Equal(expected, inode.Nlink);
            Assert.Equal(inode.Nlink == 0, IsOrphan(inode.Inode));
        }
    }

    public void Dispose() => Engine.Dispose();

    public static ulong Sound(long inode)
    {
        Assert.True(inode > 0, $"errno {-inode}");
        return (ulong)inode;
    }

    private long Inode(ValueTask<OpResult<InodeAttributes>> task)
    {
        OpResult<InodeAttributes> result = Engine.Run(task);
        return result.IsOk ? (long)result.Value.Inode : -result.Errno;
    }
}

internal readonly record struct Listed(string Name, InodeAttributes Attributes, ulong Cookie);

internal sealed class ListSink(int maxEntries) : IDirectorySink
{
    public List<Listed> Entries { get; } = [];

    public bool TryAdd(ReadOnlySpan<byte> name, in InodeAttributes attributes, ulong cookie)
    {
        if (Entries.Count == maxEntries)
        {
            return false;
        }
        Entries.Add(new Listed(Encoding.UTF8.GetString(name), attributes, cookie));
        return true;
    }
}

/// <summary>Puts every name into one of so many hash values: collisions at will.</summary>
internal sealed class CollidingHasher(int values) : NameHasher(7)
{
    public override ulong Hash(ReadOnlySpan<byte> name) => base.Hash(name) % (ulong)values << 40;
}
