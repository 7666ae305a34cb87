using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Verify.Rebuild;

/// <summary>
/// The commits behind the images: the chain of log frames from the first that holds a commit which no page has, up to its end; as a mount would replay them.
/// When images are missing or stale the chain is taken up earlier, as far back as it reaches: replaying a commit again changes nothing, and what an old image
/// lacks comes back.
/// </summary>
internal sealed class LogReplay(VolumeEngine engine, DeviceScan scan, FrameReader reader)
{
    private readonly List<FrameRef> _chain = [];
    private readonly MutationBatch _decoded = new();

    public IReadOnlyList<FrameRef> Frames => _chain;
    public ulong FirstCsn { get; private set; }
    public ulong NextInode { get; private set; } = Limits.FirstFreeInode;
    public ulong LastCsn { get; private set; }
    public long Commits { get; private set; }

    public void Find(ulong newestCsnInPages, bool goesBack)
    {
        LastCsn = newestCsnInPages;
        if (FirstBehind(newestCsnInPages) is not { } start)
        {
            return;
        }
        for (FrameRef? at = start; at is { } frame; at = scan.Log.After(frame))
        {
            _chain.Add(frame);
        }
        if (goesBack)
        {
            var earlier = new List<FrameRef>();
            for (FrameRef? at = scan.Log.Before(start); at is { } frame; at = scan.Log.Before(frame))
            {
                earlier.Add(frame);
            }
            earlier.Reverse();
            _chain.InsertRange(0, earlier);
        }
    }

    /// <summary>
    /// The frame of the commit after the newest in the pages; when there is none, the last frame that has that one. Of several (a tail that a mount gave up, and what was
    /// written instead) the one written last.
    /// </summary>
    private FrameRef? FirstBehind(ulong csn)
    {
        FrameRef? best = null;
        foreach (ulong wanted in (ulong[])[csn + 1, csn])
        {
            foreach (FrameRef frame in scan.Log.Sorted())
            {
                if (frame.FirstCsn != 0 && frame.FirstCsn <= wanted && wanted <= frame.LastCsn && (best is not { } other || frame.WallNs > other.WallNs))
                {
                    best = frame;
                }
            }
            if (best is not null)
            {
                break;
            }
        }
        return best;
    }

    /// <summary>Every commit of the chain in order, decoded; the batch is valid until the task of the visit completes.</summary>
    public async ValueTask ForEachAsync(Func<CommitHeader, MutationBatch, ValueTask> visit)
    {
        ulong next = 0;
        foreach (FrameRef frame in _chain)
        {
            if (!await reader.TryReadTailAsync(frame.AddressBytes).ConfigureAwait(false))
            {
                return;
            }
            byte[] redo = reader.Redo().ToArray();
            for (int at = 0; at < redo.Length;)
            {
                if (!RedoCodec.TryDecode(redo.AsSpan(at), _decoded, out CommitHeader header) || (next != 0 && header.Csn != next))
                {
                    return;
                }
                next = header.Csn + 1;
                at += header.LengthBytes;
                LastCsn = Math.Max(LastCsn, header.Csn);
                NextInode = Math.Max(NextInode, header.NextInode);
                await visit(header, _decoded).ConfigureAwait(false);
            }
        }
    }

    /// <summary>As the accountant will count it: a record whose place is no segment can't be restored.</summary>
    public static bool IsPlaced(VolumeEngine engine, Index.Key key, ReadOnlySpan<byte> value)
    {
        if (key.Kind != Index.RecordKind.Extent || ExtentRecord.LiveBytes(value) == 0)
        {
            return true;
        }
        long address = ExtentRecord.Address(value);
        return address >= engine.Superblock.SegmentBytes && address < (engine.Superblock.SegmentCount + 1) * engine.Superblock.SegmentBytes;
    }

    public async ValueTask RestoreAsync(ulong checkpointNumber, Func<long, ValueTask> dropped)
    {
        await ForEachAsync(async (header, decoded) =>
        {
            int unplaced = Copy(decoded, header.Csn);
            if (engine.RestoreBatch.Count > 0)
            {
                await engine.RestoreAsync(header.Csn, header.NextInode, checkpointNumber).ConfigureAwait(false);
            }
            Commits++;
            await dropped(unplaced).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    private int Copy(MutationBatch decoded, ulong csn)
    {
        int unplaced = 0;
        engine.RestoreBatch.Clear();
        foreach (ref readonly Mutation mutation in decoded.Mutations)
        {
            if (mutation.IsDelete)
            {
                engine.RestoreBatch.Delete(mutation.Key);
            }
            else if (IsPlaced(engine, mutation.Key, decoded.Value(mutation)))
            {
                engine.RestoreBatch.Put(mutation.Key, decoded.Value(mutation), csn);
            }
            else
            {
                unplaced++;
            }
        }
        return unplaced;
    }
}
