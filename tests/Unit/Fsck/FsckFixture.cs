using System.Runtime.InteropServices;
using System.Text;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Verify;
using Xunit;

namespace Txlfs.Tests.Unit.Fsck;

/// <summary>A small volume with known files in memory; tools to plant damage in it with all checksums right, and to check and mend it.</summary>
internal sealed class FsckFixture : IDisposable
{
    public const int SegmentBytes = 2 << 20;
    private const long MemoryBytes = 24L << 20;
    public static readonly Caller Root = new(0, 0, 1);
    private readonly Dictionary<string, byte[]> _files = [];

    public FsckFixture(long deviceBytes = 64L << 20, ChecksumKind checksum = ChecksumKind.Crc32c)
    {
        Device = new MemoryBlockDevice(deviceBytes);
        Runtime.RunToEnd(Volume.FormatAsync(Device, new FormatOptions { SegmentBytes = SegmentBytes, Checksum = checksum }, Runtime.Seams));
    }

    public SimulatedRuntime Runtime { get; } = new(1);
    public MemoryBlockDevice Device { get; }

    /// <summary>Contents by path, as they must be read back.</summary>
    public IReadOnlyDictionary<string, byte[]> Files => _files;

    public void Dispose() => Device.Dispose();

    /// <summary>One of each: inline, compressed, raw, hole, hard link, symbolic link, attribute, nested directories.</summary>
    public Dictionary<string, ulong> Populate()
    {
        var inodes = new Dictionary<string, ulong>();
        Use(volume =>
        {
            inodes["dir"] = MakeDirectory(volume, Limits.RootInode, "dir");
            inodes["dir/sub"] = MakeDirectory(volume, inodes["dir"], "sub");
            inodes["inline"] = Write(volume, Limits.RootInode, "inline", "inline", Encoding.ASCII.GetBytes("a small file"));
            inodes["text"] = Write(volume, inodes["dir"], "text", "dir/text", Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"))));
            var noise = new byte[200_000];
            new Xoshiro256(5).Fill(noise);
            inodes["noise"] = Write(volume, inodes["dir/sub"], "noise", "dir/sub/noise", noise);
            inodes["linked"] = Write(volume, Limits.RootInode, "linked", "linked", noise[..5000]);
            Named("again", name => volume.LinkAsync(inodes["linked"], inodes["dir"], name, Root));
            _files["dir/again"] = noise[..5000];
            inodes["symlink"] = Named("symlink", "dir/text", (name, target) => volume.SymlinkAsync(Limits.RootInode, name, target, Root)).Value.Inode;
            Assert.Equal(0, Named("user.key", new string('v', 5000), (name, value) => volume.SetXattrAsync(inodes["text"], name, value, 0, Root)));
        });
        return inodes;
    }

    public void Use(Action<Volume> use, bool isCrash = false)
    {
        using Volume volume = Runtime.RunToEnd(Volume.OpenAsync(Device, new VolumeOptions { MemoryBytes = MemoryBytes }, Runtime.Seams));
        use(volume);
        Assert.Equal(0, isCrash ? Runtime.RunToEnd(volume.SyncAsync()) : Runtime.RunToEnd(volume.CloseAsync()));
    }

    public ulong MakeDirectory(Volume volume, ulong parent, string name)
        => Named(name, slice => volume.MakeDirectoryAsync(parent, slice, ModeBits.Directory | 0x1ED, Root)).Value.Inode;

    public ulong Write(Volume volume, ulong parent, string name, string path, byte[] content)
    {
        ulong inode = Named(name, slice => volume.CreateAsync(parent, slice, 0x81A4, 0, Root, false)).Value.Inode;
        Assert.NotEqual(0ul, inode);
        for (int at = 0; at < content.Length; at += 1 << 20)
        {
            byte[] part = content[at..Math.Min(content.Length, at + (1 << 20))];
            Assert.Equal(part.Length, InMemory(part, slice => volume.WriteAsync(inode, at, slice, WriteOptions.None, Root)));
        }
        _files[path] = content;
        return inode;
    }

    public void Forget(string path) => _files.Remove(path);

    /// <summary>Changes records as no operation would; everything below them stays right.</summary>
    public void Plant(params (Key Key, byte[]? Value)[] records) => Plant(_ => { }, records);

    public void Plant(Action<CheckSession> change, params (Key Key, byte[]? Value)[] records)
    {
        Superblock superblock = Superblock();
        using CheckSession session = Runtime.RunToEnd(CheckSession.OpenAsync(Device, superblock, MemoryBytes, Runtime.Seams));
        var findings = new FindingList();
        Runtime.RunToEnd(session.VerifyAsync(findings, new Silence()));
        Runtime.RunToEnd(session.MakeWritableAsync());
        foreach ((Key key, byte[]? value) in records)
        {
            Assert.Equal(0, Runtime.RunToEnd(session.Engine.CommitAsync<PlantBody, int>(new PlantBody(key, value), Root, CommitKind.Repair)).Errno);
        }
        change(session);
        Runtime.RunToEnd(session.CloseAsync());
    }

    public Superblock Superblock() => Runtime.RunToEnd(SuperblockReader.ReadAsync(Device, Runtime.Seams));

    /// <summary>A record's value as it is now.</summary>
    public byte[] Record(Key key)
    {
        using CheckSession session = Runtime.RunToEnd(CheckSession.OpenAsync(Device, Superblock(), MemoryBytes, Runtime.Seams));
        OpResult<byte[]> value = Runtime.RunToEnd(session.Engine.ReadAsync<PeekBody, byte[]>(new PeekBody(key)));
        Assert.Equal(0, value.Errno);
        return value.Value;
    }

    /// <summary>The first record of the kind under the inode.</summary>
    public (Key Key, byte[] Value) First(ulong inode, RecordKind kind)
    {
        using CheckSession session = Runtime.RunToEnd(CheckSession.OpenAsync(Device, Superblock(), MemoryBytes, Runtime.Seams));
        return Runtime.RunToEnd(session.Engine.ReadAsync<FirstBody, (Key, byte[])>(new FirstBody(inode, kind))).Value;
    }

    public byte[] InodeValue(ulong inode, Func<InodeAttributes, InodeAttributes> change)
    {
        Assert.True(InodeRecord.TryRead(Record(Key.Of(inode, RecordKind.Inode, 0)), inode, out InodeAttributes attributes));
        var value = new byte[InodeRecord.SizeBytes];
        InodeRecord.Write(value, change(attributes));
        return value;
    }

    public static Key InodeKey(ulong inode) => Key.Of(inode, RecordKind.Inode, 0);

    public Key EntryKey(ulong directory, ulong child)
    {
        using CheckSession session = Runtime.RunToEnd(CheckSession.OpenAsync(Device, Superblock(), MemoryBytes, Runtime.Seams));
        return Runtime.RunToEnd(new EntryFinder(session.Engine).FindAsync(directory, child))!.Value.Key;
    }

    public CheckReport Check(RepairMode repair = RepairMode.None, bool data = false, bool rebuild = false, bool force = true, Func<string, bool>? ask = null, List<string>? said = null)
        => Runtime.RunToEnd(VolumeCheck.RunAsync(Device, new CheckOptions
        {
            Repair = repair, IsForced = force, ChecksData = data, Rebuilds = rebuild, MemoryBytes = MemoryBytes, Ask = ask ?? (_ => false), Say = line => said?.Add(line),
        }, Runtime.Seams));

    /// <summary>What the plant shows, that -n changes nothing, that -y mends it, and that everything else is as it was.</summary>
    public CheckReport FindAndMend(FindingKind kind, Remedy remedy)
    {
        CheckReport looked = Check();
        Assert.True(looked.Found.Kept.Any(finding => finding.Kind == kind && finding.Remedy == remedy), $"expected {kind}, found: {string.Join("; ", looked.Found.Kept)}");
        Assert.False(looked.HasChanged);
        CheckReport mended = Check(RepairMode.All);
        Assert.True(mended.Left.Errors == 0, $"left: {string.Join("; ", mended.Left.Kept)}");
        Assert.True(mended.HasChanged);
        CheckReport after = Check(data: true);
        Assert.Empty(after.Found.Kept);
        Assert.True(after.WasClean);
        CheckFiles();
        return mended;
    }

    public void CheckFiles() => Use(volume =>
    {
        foreach ((string path, byte[] content) in _files)
        {
            Assert.Equal(content, Read(volume, path));
        }
    });

    public byte[] Read(Volume volume, string path)
    {
        InodeAttributes file = Find(volume, path);
        return InMemory(new byte[file.SizeBytes + 1], (int)file.SizeBytes, slice => volume.ReadAsync(file.Inode, 0, slice));
    }

    /// <summary>Null when the path does not lead to a file that can be read.</summary>
    public byte[]? TryRead(Volume volume, string path)
    {
        InodeAttributes at = new() { Inode = Limits.RootInode };
        foreach (string part in path.Split('/'))
        {
            OpResult<InodeAttributes> found = Named(part, name => volume.LookupAsync(at.Inode, name));
            if (!found.IsOk)
            {
                return null;
            }
            at = found.Value;
        }
        using var buffer = new AlignedBuffer((int)at.SizeBytes + 1);
        return Runtime.RunToEnd(volume.ReadAsync(at.Inode, 0, buffer.Slice)) == at.SizeBytes ? buffer.Span[..(int)at.SizeBytes].ToArray() : null;
    }

    public InodeAttributes Find(Volume volume, string path)
    {
        InodeAttributes at = new() { Inode = Limits.RootInode };
        foreach (string part in path.Split('/'))
        {
            OpResult<InodeAttributes> found = Named(part, name => volume.LookupAsync(at.Inode, name));
            Assert.True(found.IsOk, $"{path}: errno {found.Errno}");
            at = found.Value;
        }
        return at;
    }

    public bool Exists(Volume volume, string name) => Named(name, slice => volume.LookupAsync(Limits.RootInode, slice)).IsOk;

    public unsafe void WriteRaw(long address, ReadOnlySpan<byte> bytes)
    {
        long start = address & -4096;
        using var buffer = new AlignedBuffer((int)((address + bytes.Length - start + 4095) & -4096));
        Assert.Equal(0, Runtime.RunToEnd(Device.ReadAsync(start, buffer.Slice)));
        bytes.CopyTo(buffer.Span[(int)(address - start)..]);
        Assert.Equal(0, Runtime.RunToEnd(Device.WriteAsync(start, buffer.Slice)));
    }

    public byte[] ReadRaw(long address, int length)
    {
        long start = address & -4096;
        using var buffer = new AlignedBuffer((int)((address + length - start + 4095) & -4096));
        Assert.Equal(0, Runtime.RunToEnd(Device.ReadAsync(start, buffer.Slice)));
        return buffer.Span.Slice((int)(address - start), length).ToArray();
    }

    public void Rot(long address, int length)
    {
        byte[] bytes = ReadRaw(address, length);
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0x5A;
        }
        WriteRaw(address, bytes);
    }

    /// <summary>Where the index's pages are: (space, page id) to pointer.</summary>
    public Dictionary<(int Space, ulong Id), PagePointer> Pages(out HashSet<ulong> leaves)
    {
        using CheckSession session = Runtime.RunToEnd(CheckSession.OpenAsync(Device, Superblock(), MemoryBytes, Runtime.Seams));
        var map = new MapOfPages();
        Runtime.RunToEnd(session.Engine.Tree.VerifyAsync(map, FaultLines.IdLimit));
        leaves = map.Leaves;
        return map.Pages;
    }

    public T Named<T>(string text, Func<NativeSlice, ValueTask<T>> use)
    {
        nint memory = Marshal.StringToCoTaskMemUTF8(text);
        try
        {
            return Runtime.RunToEnd(() => use(Slice(memory, Encoding.UTF8.GetByteCount(text))));
        }
        finally
        {
            Marshal.FreeCoTaskMem(memory);
        }
    }

    private T Named<T>(string first, string second, Func<NativeSlice, NativeSlice, ValueTask<T>> use)
    {
        nint memory = Marshal.StringToCoTaskMemUTF8(second);
        try
        {
            return Named(first, name => use(name, Slice(memory, Encoding.UTF8.GetByteCount(second))));
        }
        finally
        {
            Marshal.FreeCoTaskMem(memory);
        }
    }

    private static unsafe NativeSlice Slice(nint memory, int length) => new((byte*)memory, length);

    private int InMemory(byte[] content, Func<NativeSlice, ValueTask<int>> use)
    {
        using var buffer = new AlignedBuffer(Math.Max(content.Length, 1));
        content.CopyTo(buffer.Span);
        return Runtime.RunToEnd(use(buffer.Slice.Slice(0, content.Length)));
    }

    private byte[] InMemory(byte[] room, int expected, Func<NativeSlice, ValueTask<int>> use)
    {
        using var buffer = new AlignedBuffer(room.Length);
        Assert.Equal(expected, Runtime.RunToEnd(use(buffer.Slice)));
        return buffer.Span[..expected].ToArray();
    }
}
