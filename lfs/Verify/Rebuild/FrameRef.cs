using System.Buffers.Binary;
using Txlfs.Journal.Frames;

namespace Txlfs.Lfs.Verify.Rebuild;

/// <summary>A frame that the scan found whole but for its data: where it is, and how it is chained.</summary>
internal readonly record struct FrameRef(ulong Sequence, long AddressBytes, ulong OwnDigest, ulong PreviousDigest, ulong FirstCsn, ulong LastCsn, long WallNs)
{
    public static FrameRef Of(in FrameHeader header, ReadOnlySpan<byte> headerBytes) => new(
        header.Sequence, header.AddressBytes,
        BinaryPrimitives.ReadUInt64LittleEndian(headerBytes[FrameFormat.HeaderDigestOffset..]),
        BinaryPrimitives.ReadUInt64LittleEndian(headerBytes[FrameFormat.PreviousOffset..]),
        header.FirstCsn, header.LastCsn, header.WallNs);
}

/// <summary>The frames of one head by sequence number; beyond the bound the lowest numbers are forgotten.</summary>
internal sealed class FrameTable(int capacity)
{
    private readonly List<FrameRef> _frames = [];
    private bool _isSorted = true;

    public int Count => _frames.Count;
    public bool HasForgotten { get; private set; }
    public ulong LastSequence { get; private set; }

    public void Add(in FrameRef frame)
    {
        LastSequence = Math.Max(LastSequence, frame.Sequence);
        if (_frames.Count == capacity)
        {
            Sort();
            _frames.RemoveRange(0, capacity / 2);
            HasForgotten = true;
        }
        _frames.Add(frame);
        _isSorted = false;
    }

    public IReadOnlyList<FrameRef> Sorted()
    {
        Sort();
        return _frames;
    }

    /// <summary>The frame that stands directly behind this one in the chain.</summary>
    public FrameRef? After(in FrameRef frame)
    {
        foreach (FrameRef candidate in WithSequence(frame.Sequence + 1))
        {
            if (candidate.PreviousDigest == frame.OwnDigest)
            {
                return candidate;
            }
        }
        return null;
    }

    public FrameRef? Before(in FrameRef frame)
    {
        foreach (FrameRef candidate in frame.Sequence == 0 ? [] : WithSequence(frame.Sequence - 1))
        {
            if (candidate.OwnDigest == frame.PreviousDigest)
            {
                return candidate;
            }
        }
        return null;
    }

    private IEnumerable<FrameRef> WithSequence(ulong sequence)
    {
        Sort();
        int low = 0, high = _frames.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = _frames[middle].Sequence < sequence ? (middle + 1, high) : (low, middle);
        }
        for (; low < _frames.Count && _frames[low].Sequence == sequence; low++)
        {
            yield return _frames[low];
        }
    }

    private void Sort()
    {
        if (!_isSorted)
        {
            _frames.Sort((a, b) => a.Sequence.CompareTo(b.Sequence));
            _isSorted = true;
        }
    }
}
