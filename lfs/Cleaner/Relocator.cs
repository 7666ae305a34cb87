using System.Buffers.Binary;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Cleaner;

/// <summary>
/// Moves the live data of victims: into a cold frame, the frame to the device, a flush, and only then the commits that name the new place
/// (invariant G1). One frame at a time, so nobody waits behind more than that.
/// </summary>
internal sealed class Relocator(VolumeEngine engine, ColdHead cold) : IDisposable
{
    private readonly record struct Placed(int Unit, int Slot, long AddressBytes);

    private readonly List<MoveUnit> _units = [];
    private readonly List<Placed> _placed = [];

    /// <summary>Indexes of records whose new value is in the list and whose data is in the frame.</summary>
    private readonly List<int> _moved = [];
    private readonly StoredReader _reader = new(engine);
    private readonly Repacker _repacker = new(engine);

    public long ReplacedRecords { get; private set; }
    public long LostRaces { get; private set; }

    /// <summary>Segments in which something cannot be read: they stay as they are.</summary>
    public HashSet<int> Unreadable { get; } = [];

    /// <summary>
    /// Moves all that the list names. 0; -EAGAIN: the cold head has no segment left before the next checkpoint; -EROFS and the like: the volume takes no changes.
    /// </summary>
    public async ValueTask<int> RunAsync(LiveList live, Victims victims, Action afterFrame)
    {
        _repacker.Forget();
        live.SortByAddress();
        MoveUnits.Build(live, _units);
        int next = 0;
        while (next < _units.Count)
        {
            if (!cold.TryOpen())
            {
                return -Errno.EAGAIN;
            }
            (next, int result) = await FillFrameAsync(live, victims, next).ConfigureAwait(false);
            if (result == 0 && !cold.IsEmpty)
            {
                result = await FinishFrameAsync(live).ConfigureAwait(false);
            }
            if (result != 0)
            {
                return result;
            }
            afterFrame();
        }
        return 0;
    }

    /// <summary>Places units from <paramref name="next"/> on until the frame is full, and reads what it needs. Returns the first unit that is left.</summary>
    private async ValueTask<(int Next, int Result)> FillFrameAsync(LiveList live, Victims victims, int next)
    {
        _placed.Clear();
        _moved.Clear();
        while (next < _units.Count)
        {
            MoveUnit unit = _units[next];
            int victim = live[unit.First].Segment;
            bool isPlaced = unit.IsRepacked
                ? await TryPlaceRepackedAsync(live, next, victims.StampOf(victim)).ConfigureAwait(false)
                : TryPlaceAsStored(live, next, victims.StampOf(victim));
            if (!isPlaced)
            {
                if (cold.IsEmpty)
                {
                    // Not even an empty frame takes it: too little is left of this segment.
                    cold.GiveUpSegment();
                }
                break;
            }
            next++;
        }
        return (next, await ReadPlacedAsync(live).ConfigureAwait(false));
    }

    private bool TryPlaceAsStored(LiveList live, int index, ulong stamp)
    {
        MoveUnit unit = _units[index];
        LiveRecord owner = live[unit.First];
        long offset = unit.IsRaw ? (long)unit.Owner.Sub : Math.Max(0, (long)unit.Owner.Sub - owner.Extent.OffsetInRawBytes);
        var tag = new ExtentTag(unit.Owner.Inode, offset, unit.IsRaw ? unit.StoredBytes : owner.Extent.RawLengthBytes, owner.Extent.Codec);
        if (!cold.TryPlace(unit.StoredBytes, unit.IsRaw, tag, stamp, out int slot, out long address))
        {
            return false;
        }
        _placed.Add(new Placed(index, slot, address));
        return true;
    }

    /// <summary>A piece of compressed bytes of which the rest is dead: stored anew, alone. True also when it turned out to be unreadable or gone.</summary>
    private async ValueTask<bool> TryPlaceRepackedAsync(LiveList live, int index, ulong stamp)
    {
        MoveUnit unit = _units[index];
        int result = await _repacker.PrepareAsync(unit, live).ConfigureAwait(false);
        if (result == -Errno.EFBIG)
        {
            return TryPlaceAsStored(live, index, stamp);
        }
        if (result != 0)
        {
            await GiveUpAsync(live, unit, result).ConfigureAwait(false);
            return true;
        }
        LiveRecord owner = live[unit.First];
        var tag = new ExtentTag(owner.Key.Inode, (long)owner.Key.Sub, (int)owner.Extent.VisibleLengthBytes, _repacker.Codec);
        if (!cold.TryPlace(_repacker.Stored.LengthBytes, _repacker.Codec == CodecKind.None, tag, stamp, out int slot, out long address))
        {
            return false;
        }
        _repacker.Stored.Span.CopyTo(cold.Memory(slot).Span);
        SetDigest(slot);
        _repacker.PutRecord(live, unit.First, address);
        _moved.Add(unit.First);
        return true;
    }

    /// <summary>Reads the placed units in the order of the device, and fits their records to the new place.</summary>
    private async ValueTask<int> ReadPlacedAsync(LiveList live)
    {
        _placed.Sort((a, b) => _units[a.Unit].AddressBytes.CompareTo(_units[b.Unit].AddressBytes));
        for (int i = 0; i < _placed.Count; i++)
        {
            Placed placed = _placed[i];
            MoveUnit unit = _units[placed.Unit];
            long until = i + 1 < _placed.Count ? _units[_placed[i + 1].Unit].AddressBytes : 0;
            int result = await _reader.ReadAsync(unit.AddressBytes, cold.Memory(placed.Slot), until).ConfigureAwait(false);
            result = result != 0 ? result : Verify(live, unit, cold.Memory(placed.Slot).Span);
            if (result != 0)
            {
                cold.Memory(placed.Slot).Span.Clear();
                await GiveUpAsync(live, unit, result).ConfigureAwait(false);
            }
            else
            {
                Repoint(live, unit, placed.AddressBytes);
            }
            SetDigest(placed.Slot);
        }
        _reader.Forget();
        return 0;
    }

    /// <summary>Every record's own digests, over the bytes that it names (contract 2: nothing unverified is written under a fresh digest).</summary>
    private int Verify(LiveList live, in MoveUnit unit, ReadOnlySpan<byte> stored)
    {
        for (int i = unit.First; i < unit.First + unit.Count; i++)
        {
            Extent extent = live[i].Extent;
            ReadOnlySpan<byte> own = stored.Slice((int)(extent.AddressBytes - unit.AddressBytes), extent.StoredLengthBytes);
            if (!StoredReader.Matches(engine.ChecksumKind, extent, live.Value(i), own))
            {
                return -Errno.EIO;
            }
        }
        return 0;
    }

    private void Repoint(LiveList live, in MoveUnit unit, long addressBytes)
    {
        for (int i = unit.First; i < unit.First + unit.Count; i++)
        {
            long own = addressBytes + live[i].Extent.AddressBytes - unit.AddressBytes;
            BinaryPrimitives.WriteInt64LittleEndian(live.Edit(i)[ExtentRecord.AddressOffset..], own);
            _moved.Add(i);
        }
    }

    private void SetDigest(int slot)
    {
        Span<byte> digest = stackalloc byte[Checksum.MaxWidthBytes];
        Checksum.Compute(engine.ChecksumKind, cold.Memory(slot).Span, digest);
        cold.SetDigest(slot, digest);
    }

    /// <summary>The bytes are not what the record says: it has changed meanwhile (then there is nothing to move), or they are bad (then they stay, and are named).</summary>
    private async ValueTask GiveUpAsync(LiveList live, MoveUnit unit, int error)
    {
        LiveRecord record = live[unit.First];
        OpResult<bool> current = await engine.ReadAsync<IsCurrentBody, bool>(new IsCurrentBody(record)).ConfigureAwait(false);
        if (current.IsOk && !current.Value)
        {
            LostRaces++;
            return;
        }
        if (Unreadable.Add(record.Segment))
        {
            engine.Seams.Log.Write(LogSeverity.Error,
                $"inode {record.Key.Inode}, file offset {record.Key.Sub}: {unit.StoredBytes} stored bytes at device address {unit.AddressBytes} cannot be moved (errno {-error}); their segment is not cleaned");
        }
    }

    private async ValueTask<int> FinishFrameAsync(LiveList live)
    {
        // The place is held until commits name it: its segment may be left, and look dead, before that (invariant S3).
        long frame = cold.FrameAddressBytes;
        engine.Segments.Reserved(frame);
        try
        {
            int result = await cold.WriteAsync().ConfigureAwait(false);
            result = result != 0 ? result : await engine.Log.FlushDeviceAsync().ConfigureAwait(false);
            for (int from = 0; from < _moved.Count && result == 0; from += RelocateBody.MaxRecords)
            {
                int to = Math.Min(_moved.Count, from + RelocateBody.MaxRecords);
                OpResult<int> replaced = await engine.CommitAsync<RelocateBody, int>(new RelocateBody(live, _moved, from, to), default, CommitKind.Clean).ConfigureAwait(false);
                result = -replaced.Errno;
                ReplacedRecords += replaced.Value;
                LostRaces += replaced.IsOk ? to - from - replaced.Value : 0;
            }
            return result;
        }
        finally
        {
            engine.ReleaseData(frame);
        }
    }

    public void Dispose() => _repacker.Dispose();
}
