using System.Text;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>Reads everything that can be reached from the root, taking every errno for an answer. What has no end is a failure.</summary>
internal sealed class HostileWalk(VolumeDriver driver, SeededRandom random)
{
    private const int MaxEntries = 20_000, MaxInodes = 20_000, MaxSeeks = 10_000, WindowBytes = 128 << 10;
    private readonly HashSet<ulong> _seen = [];
    private readonly Queue<ulong> _todo = new();

    public List<(ulong Parent, string Name, ulong Inode)> Names { get; } = [];
    public List<ulong> Directories { get; } = [Limits.RootInode];

    public async ValueTask RunAsync()
    {
        _todo.Enqueue(Limits.RootInode);
        while (_todo.TryDequeue(out ulong inode))
        {
            await VisitAsync(inode);
        }
    }

    private async ValueTask VisitAsync(ulong inode)
    {
        OpResult<InodeAttributes> found = await driver.Volume.OpenAsync(inode);
        InodeAttributes attributes = (await driver.Volume.GetAttributesAsync(inode)).Value;
        await ReadXattrsAsync(inode);
        using (NativeBuffer target = new(Limits.MaxSymlinkBytes + 1))
        {
            await driver.Volume.ReadLinkAsync(inode, target.Slice);
        }
        await ReadDirectoryAsync(inode);
        if (found.IsOk && attributes.IsRegular)
        {
            await ReadFileAsync(inode, attributes.SizeBytes);
        }
        if (found.IsOk)
        {
            driver.Volume.Release(inode);
        }
    }

    private async ValueTask ReadDirectoryAsync(ulong inode)
    {
        ulong cookie = 0;
        for (int entries = 0; ;)
        {
            var sink = new Sink(inode, random.Between(1, 40));
            int result = await driver.Volume.ReadDirectoryAsync(inode, cookie, sink);
            foreach ((ulong Parent, string Name, ulong Inode) entry in sink.Entries)
            {
                await MeetAsync(entry);
            }
            if (result != 0 || sink.Entries.Count == 0)
            {
                return;
            }
            entries += sink.Entries.Count;
            cookie = sink.LastCookie;
            if (entries > MaxEntries)
            {
                throw new FuzzFailure($"reading directory {inode} has no end");
            }
        }
    }

    private async ValueTask MeetAsync((ulong Parent, string Name, ulong Inode) entry)
    {
        if (entry.Name is "." or "..")
        {
            return;
        }
        Names.Add(entry);
        Outcome looked = await driver.LookupAsync(entry.Parent, entry.Name);
        if (_seen.Add(entry.Inode) && _seen.Count < MaxInodes)
        {
            _todo.Enqueue(entry.Inode);
        }
        if (looked.Errno == 0 && looked.Inode != entry.Inode && _seen.Add(looked.Inode))
        {
            _todo.Enqueue(looked.Inode);
        }
        OpResult<InodeAttributes> found = await driver.Volume.GetAttributesAsync(entry.Inode);
        if (found.IsOk && found.Value.IsDirectory && Directories.Count < MaxInodes)
        {
            Directories.Add(entry.Inode);
        }
    }

    /// <summary>The begin, the end, a few places between, and every border of data and holes.</summary>
    private async ValueTask ReadFileAsync(ulong inode, long sizeBytes)
    {
        using NativeBuffer window = new(WindowBytes);
        long[] offsets = [0, WindowBytes, 2 * WindowBytes, 40L << 20, sizeBytes - WindowBytes, sizeBytes - 1, sizeBytes, (long)(random.Next() % (ulong)Limits.MaxFileBytes)];
        foreach (long offset in offsets.Where(offset => offset >= 0))
        {
            await driver.Volume.ReadAsync(inode, offset, window.Slice);
        }
        long at = 0;
        for (int seeks = 0; ; seeks++)
        {
            OpResult<long> data = await driver.Volume.SeekAsync(inode, at, 3);
            OpResult<long> hole = data.IsOk ? await driver.Volume.SeekAsync(inode, data.Value, 4) : data;
            if (!hole.IsOk)
            {
                return;
            }
            if (hole.Value <= at || seeks > MaxSeeks)
            {
                throw new FuzzFailure($"looking for holes of inode {inode} from {at} does not get on (data {data.Value}, hole {hole.Value})");
            }
            at = hole.Value;
        }
    }

    private async ValueTask ReadXattrsAsync(ulong inode)
    {
        using NativeBuffer list = new(Limits.MaxXattrListBytes);
        int length = await driver.Volume.ListXattrAsync(inode, list.Slice);
        if (length <= 0)
        {
            return;
        }
        using NativeBuffer value = new(Limits.MaxXattrValueBytes);
        foreach (byte[] name in SplitNames(list.Slice.Span[..length]).Take(100))
        {
            using NativeBuffer text = new(name);
            await driver.Volume.GetXattrAsync(inode, text.Slice, value.Slice);
        }
    }

    private static List<byte[]> SplitNames(ReadOnlySpan<byte> list)
    {
        List<byte[]> names = [];
        while (!list.IsEmpty)
        {
            int end = list.IndexOf((byte)0);
            end = end < 0 ? list.Length : end;
            names.Add(list[..end].ToArray());
            list = list[Math.Min(end + 1, list.Length)..];
        }
        return names;
    }

    private sealed class Sink(ulong parent, int portion) : IDirectorySink
    {
        public List<(ulong Parent, string Name, ulong Inode)> Entries { get; } = [];
        public ulong LastCookie { get; private set; }

        public bool TryAdd(ReadOnlySpan<byte> name, in InodeAttributes attributes, ulong cookie)
        {
            if (Entries.Count == portion)
            {
                return false;
            }
            Entries.Add((parent, Encoding.UTF8.GetString(name), attributes.Inode));
            LastCookie = cookie;
            return true;
        }
    }
}
