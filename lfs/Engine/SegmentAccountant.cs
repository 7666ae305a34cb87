using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Segments;

namespace Txlfs.Lfs.Engine;

/// <summary>Keeps live bytes and the inode count exact while a batch is applied: each record's share is added as it comes and subtracted as it goes.</summary>
internal struct SegmentAccountant(SegmentTable segments) : IMutationObserver
{
    public long InodeDelta { get; private set; }

    public void Changed(Key key, ReadOnlySpan<byte> oldValue, ReadOnlySpan<byte> newValue)
    {
        if (key.Kind == RecordKind.Inode)
        {
            InodeDelta += (newValue.IsEmpty ? 0 : 1) - (oldValue.IsEmpty ? 0 : 1);
            return;
        }
        if (key.Kind != RecordKind.Extent)
        {
            return;
        }

        // New before old: a record that is only re-cut never makes its segment look dead in between.
        Add(newValue, 1);
        Add(oldValue, -1);
    }

    private readonly void Add(ReadOnlySpan<byte> value, int sign)
    {
        if (!value.IsEmpty)
        {
            long live = ExtentRecord.LiveBytes(value);
            if (live != 0)
            {
                segments.AddLive(ExtentRecord.Address(value), sign * live);
            }
        }
    }
}
