using Txlfs.Journal.Runtime.Simulation;

namespace Txlfs.Journal.Device.Simulated;

/// <summary>
/// A medium behind a volatile cache. <b>Medium</b> is what a power cut cannot take; <b>View</b> is what reads see; between
/// them lie the unflushed writes: completed ones, in the order of their completion, and those in flight.
/// Invariant: View = Medium with the completed writes applied in order (until a flush fails: then what it covered is
/// partly gone from the medium for good, as on real systems).
/// </summary>
internal sealed class SimulatedCache(SparseImage medium, long capacityBytes, Xoshiro256 random)
{
    private readonly List<UnflushedWrite> _completed = [];
    private readonly List<UnflushedWrite> _inFlight = [];
    private long _completedBytes;
    private bool[] _survives = [];

    public SparseImage Medium { get; } = medium;

    public SparseImage View { get; } = medium.Snapshot();

    /// <summary>Order of the write that completed last.</summary>
    public long LastOrder { get; private set; }

    /// <summary>A digest of what lies on the medium: the same for any two moments at which the same writes are on it.</summary>
    public ulong MediumKey { get; private set; }

    public IEnumerable<UnflushedWrite> Unflushed => _completed.Concat(_inFlight);

    public void Begin(UnflushedWrite write) => _inFlight.Add(write);

    /// <summary>The write is acknowledged, and stays volatile.</summary>
    public void Complete(UnflushedWrite write)
    {
        _inFlight.Remove(write);
        Keep(write);
        // A cache is finite: the oldest go to the medium by themselves.
        int destaged = 0;
        while (_completedBytes > capacityBytes && destaged < _completed.Count)
            _completedBytes -= Settle(_completed[destaged++]);
        _completed.RemoveRange(0, destaged);
    }

    /// <summary>The write is acknowledged as durable.</summary>
    public void CompleteDurably(UnflushedWrite write)
    {
        _inFlight.Remove(write);
        write.ApplyTo(View);
        Settle(write);
    }

    /// <summary>The medium changed in a way of which its key tells nothing but that it did.</summary>
    public void Disturb() => MediumKey ^= random.NextUInt64();

    /// <summary>The write went nowhere, though it may be acknowledged.</summary>
    public void Lose(UnflushedWrite write) => _inFlight.Remove(write);

    /// <summary>The write went elsewhere.</summary>
    public void Misdirect(UnflushedWrite write, long toOffsetBytes)
    {
        _inFlight.Remove(write);
        Keep(new UnflushedWrite(write.Number, toOffsetBytes, write.Data));
    }

    /// <summary>The write failed: any of its sectors may have been written.</summary>
    public void Fail(UnflushedWrite write)
    {
        _inFlight.Remove(write);
        ReadOnlySpan<bool> survives = Choose(CutPolicy.Random(random.NextUInt64()), write, 0);
        for (int sector = 0; sector < survives.Length; sector++)
        {
            int startBytes = sector * UnflushedWrite.SectorBytes;
            if (survives[sector])
                Keep(new UnflushedWrite(write.Number, write.OffsetBytes + startBytes, write.Data[startBytes..(startBytes + UnflushedWrite.SectorBytes)]));
        }
    }

    /// <summary>Makes durable what completed up to the order; now and then, as a device may, some of what completed since.</summary>
    public void Flush(long coversOrder)
    {
        long extra = LastOrder - coversOrder;
        if (extra > 0 && random.OneIn(4))
            coversOrder += random.Next((int)extra + 1);
        foreach (UnflushedWrite write in TakeCovered(coversOrder))
            Settle(write);
    }

    /// <summary>What the flush covered is on the medium in part, and no later flush brings the rest.</summary>
    public void FailFlush(long coversOrder)
    {
        ICutPolicy policy = CutPolicy.Random(random.NextUInt64());
        foreach (UnflushedWrite write in TakeCovered(coversOrder))
            write.ApplyTo(Medium, Choose(policy, write, 0));
        Disturb();
    }

    public SparseImage Cut(ICutPolicy policy)
    {
        SparseImage image = Medium.Snapshot();
        int index = 0;
        foreach (UnflushedWrite write in Unflushed)
            write.ApplyTo(image, Choose(policy, write, index++));
        return image;
    }

    private void Keep(UnflushedWrite write)
    {
        write.CompletionOrder = ++LastOrder;
        write.ApplyTo(View);
        _completed.Add(write);
        _completedBytes += write.LengthBytes;
    }

    private int Settle(UnflushedWrite write)
    {
        write.ApplyTo(Medium);
        MediumKey ^= write.Key;
        return write.LengthBytes;
    }

    private List<UnflushedWrite> TakeCovered(long coversOrder)
    {
        int count = 0;
        while (count < _completed.Count && _completed[count].CompletionOrder <= coversOrder)
            _completedBytes -= _completed[count++].LengthBytes;
        List<UnflushedWrite> covered = _completed.GetRange(0, count);
        _completed.RemoveRange(0, count);
        return covered;
    }

    private ReadOnlySpan<bool> Choose(ICutPolicy policy, UnflushedWrite write, int index)
    {
        if (_survives.Length < write.SectorCount)
            _survives = new bool[write.SectorCount];
        Span<bool> survives = _survives.AsSpan(0, write.SectorCount);
        survives.Clear();
        policy.Choose(write, index, survives);
        return survives;
    }
}
