using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Lfs.Data;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Verify;

namespace Txlfs.Lfs.Cleaner;

/// <summary>
/// Which records name bytes in the victims: asked of the index, many tags in one attempt; or, for victims whose tags do not account for all their live
/// bytes (shared or shifted extents, a damaged table), by one pass over all records.
/// </summary>
internal sealed class LivenessScan(VolumeEngine engine)
{
    private const int TagsPerAttempt = 256;

    /// <summary>0 or -errno. Tags are sorted by owner and offset.</summary>
    public async ValueTask<int> ByTagsAsync(List<FoundTag> tags, Victims victims, LiveList live)
    {
        var walk = new TagWalk(tags);
        while (walk.Next < tags.Count && !live.IsFull)
        {
            OpResult<bool> step = await engine.ReadAsync<TagStep, bool>(new TagStep(engine, walk, victims, live)).ConfigureAwait(false);
            if (!step.IsOk)
            {
                return -step.Errno;
            }
        }
        return 0;
    }

    /// <summary>Reads every record of the volume once. 0 or -errno; ends early when the list is full.</summary>
    public async ValueTask<int> ByIndexAsync(Victims victims, LiveList live)
    {
        var scan = new RecordScan(engine);
        int found;
        while ((found = await scan.NextAsync().ConfigureAwait(false)) == 1 && !live.IsFull)
        {
            TakeIfIn(scan.Key, scan.Value, victims, live);
        }
        return Math.Min(found, 0);
    }

    private void TakeIfIn(Key key, ReadOnlySpan<byte> value, Victims victims, LiveList live)
    {
        if (key.Kind == RecordKind.Extent && ExtentRecord.TryParse(value, engine.ChecksumKind, out Extent extent) && !extent.IsUnwritten
            && victims.TryFind(engine.Superblock.SegmentIndex(extent.AddressBytes)))
        {
            live.Add(key, extent, value, engine.Superblock.SegmentIndex(extent.AddressBytes));
        }
    }

    /// <summary>How far the look-ups have come: kept outside of the body, which may be run several times.</summary>
    private sealed class TagWalk(List<FoundTag> tags)
    {
        public List<FoundTag> Tags { get; } = tags;
        public int Next;
        public long FromBytes = -1;
        public Key LastTaken;
        public bool HasTaken;
    }

    private readonly struct TagStep(VolumeEngine engine, TagWalk walk, Victims victims, LiveList live) : IReadBody<bool>
    {
        [SkipLocalsInit]
        public int Run(ref ReadContext context, out bool unused)
        {
            unused = false;
            Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
            for (int i = 0; i < TagsPerAttempt && walk.Next < walk.Tags.Count && !live.IsFull; i++)
            {
                int status = OneTag(ref context, walk.Tags[walk.Next], buffer);
                if (status == Op.Miss || status == -Errno.EIO)
                {
                    return status;
                }
                walk.Next++;
                walk.FromBytes = -1;
            }
            return 0;
        }

        private int OneTag(ref ReadContext context, in FoundTag tag, scoped Span<byte> buffer)
        {
            if (tag.Owner == 0 || tag.OffsetBytes < 0 || tag.OffsetBytes > Limits.MaxFileBytes || tag.OffsetBytes % Limits.BlockBytes != 0 || tag.RawLengthBytes <= 0)
            {
                return 0;
            }
            long from = walk.FromBytes < 0 ? tag.OffsetBytes : walk.FromBytes, end = ExtentRecord.RoundUp(tag.OffsetBytes + tag.RawLengthBytes);
            while (from < end && !live.IsFull)
            {
                int status = ExtentLookup.Covering(ref context, tag.Owner, from, end, engine.ChecksumKind, buffer, out FoundExtent found);
                if (status != 0)
                {
                    // Op.Miss and -EIO stop; -ENOENT and a damaged record end this tag: what they hide is found by the pass over the index, or by nobody.
                    return status;
                }
                Take(tag.Owner, found, buffer[..found.RecordLengthBytes]);
                from = Math.Max(from + Limits.BlockBytes, found.BlockEndBytes);
                walk.FromBytes = from;
            }
            return 0;
        }

        private void Take(ulong inode, in FoundExtent found, ReadOnlySpan<byte> value)
        {
            Key key = ExtentLookup.KeyOf(inode, found.StartBytes);
            if (found.Extent.IsUnwritten || (walk.HasTaken && key <= walk.LastTaken))
            {
                return;
            }
            int segment = engine.Superblock.SegmentIndex(found.Extent.AddressBytes);
            if (victims.TryFind(segment))
            {
                live.Add(key, found.Extent, value, segment);
                walk.LastTaken = key;
                walk.HasTaken = true;
            }
        }
    }
}
