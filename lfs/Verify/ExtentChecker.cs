using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify;

/// <summary>Extent records: their form, their order in the file, their place on the device; adds their shares to the segments (S1).</summary>
internal sealed class ExtentChecker(VolumeEngine engine, FindingList findings, long[] liveBySegment)
{
    public void Check(Key key, ReadOnlySpan<byte> value, InodeSums sums)
    {
        if (!ExtentRecord.TryParse(value, engine.ChecksumKind, out Extent extent) || key.Sub % Limits.BlockBytes != 0 || (long)key.Sub > Limits.MaxFileBytes)
        {
            findings.Add(RecordChecker.Damage(FindingKind.Extent, key, $"inode {key.Inode}: extent at {key.Sub} makes no sense", ExtentRecord.Address(value)));
            AddLive(value);
            return;
        }
        if (extent.Form != ExtentForm.Unwritten && !IsInSegments(extent))
        {
            findings.Add(RecordChecker.Damage(FindingKind.Extent, key, $"inode {key.Inode}: extent at {key.Sub} points outside of the segments", extent.AddressBytes));
            AddLive(value);
            return;
        }
        AddLive(value);
        if (sums.IsSound && !sums.Attributes.IsRegular)
        {
            findings.Add(RecordChecker.Damage(FindingKind.Extent, key, $"inode {key.Inode} has an extent and is no file", extent.AddressBytes));
            return;
        }
        if ((long)key.Sub < sums.ExtentEndBytes)
        {
            // Two claim the same bytes: the one that was put later is right, because its commit should have removed the other.
            Key older = extent.BirthCsn >= sums.LastExtentBirth ? key with { Tail = Key.Of(key.Inode, RecordKind.Extent, sums.LastExtentSub).Tail } : key;
            findings.Add(RecordChecker.Damage(FindingKind.Extent, older, $"inode {key.Inode}: the extents at {sums.LastExtentSub} and {key.Sub} overlap; the older is the one at {older.Sub}", extent.AddressBytes));
        }
        sums.ExtentEndBytes = Math.Max(sums.ExtentEndBytes, (long)key.Sub + extent.AllocatedBytes);
        sums.ExtentBytes += extent.AllocatedBytes;
        (sums.LastExtentSub, sums.LastExtentBirth) = (key.Sub, extent.BirthCsn);
        if (extent.Form != ExtentForm.Unwritten)
        {
            sums.WrittenEndBytes = (long)key.Sub + extent.VisibleLengthBytes;
        }
    }

    private bool IsInSegments(in Extent extent)
    {
        Superblock superblock = engine.Superblock;
        long end = (superblock.SegmentCount + 1) * superblock.SegmentBytes;
        return extent.AddressBytes >= superblock.SegmentBytes && extent.AddressBytes <= end - extent.StoredLengthBytes
            && superblock.SegmentIndex(extent.AddressBytes) == superblock.SegmentIndex(extent.AddressBytes + extent.StoredLengthBytes - 1);
    }

    /// <summary>As the accountant counts it, so that a record is worth the same whether it is sound or not.</summary>
    private void AddLive(ReadOnlySpan<byte> value)
    {
        long live = ExtentRecord.LiveBytes(value);
        long address = ExtentRecord.Address(value);
        long index = (address / engine.Superblock.SegmentBytes) - 1;
        if (live != 0 && index >= 0 && index < liveBySegment.Length)
        {
            liveBySegment[index] += live;
        }
    }
}
