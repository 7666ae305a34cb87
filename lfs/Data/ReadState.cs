using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>The part of one extent that a read wants.</summary>
internal struct PlannedExtent
{
    public FoundExtent Found;
    public long FromBytes;
    public int LengthBytes;

    public readonly Extent Extent => Found.Extent;

    /// <summary>Where the wanted part begins inside the extent's visible bytes.</summary>
    public readonly int SkipBytes => (int)(FromBytes - Found.StartBytes);
}

/// <summary>One device read that serves adjacent planned extents.</summary>
internal struct PlannedIo
{
    public int First, Count;
    public long AddressBytes;
    public NativeSlice Memory;

    /// <summary>The rented scratch behind Memory; empty when the caller's memory is read into.</summary>
    public NativeSlice Scratch;
    public ValueTask<int> Pending;
    public int Status;
}

/// <summary>
/// A read's plan and its transfers: the extents of a range as of one look at the index, with copies of their records. Pooled.
/// A plan holds at most <see cref="MaxExtents"/>; a longer read takes several plans.
/// </summary>
internal sealed class ReadState
{
    public const int MaxExtents = 16;

    public readonly PlannedExtent[] Extents = new PlannedExtent[MaxExtents];
    public readonly PlannedIo[] Ios = new PlannedIo[MaxExtents];
    private readonly byte[] _records = new byte[MaxExtents * ExtentRecord.MaxBytes];

    public ulong Inode;
    public long OffsetBytes;
    public NativeSlice Destination;

    /// <summary>The file range that the plan answers ends here; what no planned extent covers is zeros.</summary>
    public long PlannedToBytes;
    public int Count, IoCount;

    /// <summary>After a failure: the extent, and where its damage was seen.</summary>
    public int FailedExtent;
    public long FailedAddressBytes;
    public int FailedLengthBytes, FailedErrno;
    public readonly byte[] ExpectedDigest = new byte[Checksum.MaxWidthBytes], ActualDigest = new byte[Checksum.MaxWidthBytes];

    public void Begin(ulong inode, long offsetBytes, NativeSlice destination)
    {
        Inode = inode;
        OffsetBytes = offsetBytes;
        Destination = destination;
        Restart();
    }

    public void Restart()
    {
        Count = 0;
        IoCount = 0;
        PlannedToBytes = OffsetBytes;
    }

    public ReadOnlySpan<byte> Record(int index) => _records.AsSpan(index * ExtentRecord.MaxBytes, Extents[index].Found.RecordLengthBytes);

    /// <summary>Plans the part [from, from + length) of an extent. The caller has checked that there is room.</summary>
    public void Add(in FoundExtent found, ReadOnlySpan<byte> record, long fromBytes, int lengthBytes)
    {
        record.CopyTo(_records.AsSpan(Count * ExtentRecord.MaxBytes));
        Extents[Count++] = new PlannedExtent { Found = found, FromBytes = fromBytes, LengthBytes = lengthBytes };
    }

    /// <summary>The part of the destination that belongs to a file range, clamped at the destination's end.</summary>
    public NativeSlice Target(long fromBytes, long lengthBytes)
    {
        int start = (int)(fromBytes - OffsetBytes);
        return Destination.Slice(start, (int)Math.Min(lengthBytes, Destination.LengthBytes - start));
    }
}
