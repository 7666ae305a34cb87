using Txlfs.Journal.Codec;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Cleaner;

/// <summary>
/// Stored bytes that move as one, and the records that name them: neighbours in the list, sorted by address. So bytes that records share are moved once
/// and stay shared.
/// </summary>
internal readonly record struct MoveUnit(long AddressBytes, int StoredBytes, int First, int Count, Key Owner, bool IsRaw, bool IsRepacked);

/// <summary>Cuts a list that is sorted by address into units.</summary>
internal static class MoveUnits
{
    /// <summary>Compressed bytes move as they are while at least three quarters of them are visible somewhere; else what is visible is stored anew.</summary>
    private const int KeptNumerator = 3, KeptDenominator = 4;

    public static void Build(LiveList live, List<MoveUnit> units)
    {
        units.Clear();
        for (int i = 0; i < live.Count;)
        {
            i += live[i].Extent.Form == ExtentForm.Raw ? TakeRaw(live, i, units) : TakeCompressed(live, i, units);
        }

        // By file and offset: what the cold head writes in this order is contiguous for whoever reads a file from front to back.
        units.Sort((a, b) => a.Owner.CompareTo(b.Owner));
    }

    /// <summary>Raw records that overlap on the device, up to the longest extent there may be.</summary>
    private static int TakeRaw(LiveList live, int first, List<MoveUnit> units)
    {
        long start = live[first].Extent.AddressBytes;
        long end = start + live[first].Extent.StoredLengthBytes;
        int count = 1;
        while (first + count < live.Count && live[first + count] is { Extent: { Form: ExtentForm.Raw } next } && next.AddressBytes < ExtentRecord.RoundUp(end)
            && Math.Max(end, next.AddressBytes + next.StoredLengthBytes) - start <= Limits.MaxExtentBytes)
        {
            end = Math.Max(end, next.AddressBytes + next.StoredLengthBytes);
            count++;
        }
        units.Add(new MoveUnit(start, (int)(end - start), first, count, live[first].Key, IsRaw: true, IsRepacked: false));
        return count;
    }

    private static int TakeCompressed(LiveList live, int first, List<MoveUnit> units)
    {
        Extent extent = live[first].Extent;
        int count = 0;
        long shares = 0;
        while (first + count < live.Count && live[first + count] is { Extent: { Form: ExtentForm.Compressed } next } && next.AddressBytes == extent.AddressBytes)
        {
            shares += ExtentRecord.LiveBytes(live.Value(first + count));
            count++;
        }
        if (shares * KeptDenominator >= (long)extent.StoredLengthBytes * KeptNumerator)
        {
            units.Add(new MoveUnit(extent.AddressBytes, extent.StoredLengthBytes, first, count, live[first].Key, IsRaw: false, IsRepacked: false));
            return count;
        }
        for (int i = 0; i < count; i++)
        {
            units.Add(new MoveUnit(extent.AddressBytes, extent.StoredLengthBytes, first + i, 1, live[first + i].Key, IsRaw: false, IsRepacked: true));
        }
        return count;
    }
}
