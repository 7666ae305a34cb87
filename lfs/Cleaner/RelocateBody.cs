using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Txlfs.Journal;

namespace Txlfs.Lfs.Cleaner;

/// <summary>
/// Points records at their data's new place, each only if it still is the one that was read: its birth says so, because every change of a record is a
/// birth. What has changed meanwhile is left alone. Returns how many were replaced.
/// </summary>
internal readonly struct RelocateBody(LiveList live, List<int> moved, int from, int to) : ICommitBody<int>
{
    /// <summary>Each touches a leaf of its own in the worst case, and all of them must be in memory at once.</summary>
    public const int MaxRecords = 48;

    public bool MayUseReserve => true;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out int replaced)
    {
        Span<byte> current = stackalloc byte[Limits.MaxValueBytes];
        replaced = 0;
        for (int i = from; i < to; i++)
        {
            LiveRecord record = live[moved[i]];
            int status = context.Get(record.Key, current, out int lengthBytes);
            if (status == Op.Miss)
            {
                return status;
            }
            if (status == 0 && lengthBytes >= sizeof(ulong) && BinaryPrimitives.ReadUInt64LittleEndian(current) == record.BirthCsn)
            {
                context.Put(record.Key, live.Value(record));
                replaced++;
            }
            else if (status is not 0 and not -Errno.ENOENT)
            {
                return status;
            }
        }
        return 0;
    }
}

/// <summary>Whether a record is still the one that was read.</summary>
internal readonly struct IsCurrentBody(LiveRecord record) : IReadBody<bool>
{
    [SkipLocalsInit]
    public int Run(ref ReadContext context, out bool isCurrent)
    {
        Span<byte> current = stackalloc byte[Limits.MaxValueBytes];
        int status = context.Get(record.Key, current, out int lengthBytes);
        isCurrent = status == 0 && lengthBytes >= sizeof(ulong) && BinaryPrimitives.ReadUInt64LittleEndian(current) == record.BirthCsn;
        return status == -Errno.ENOENT ? 0 : status;
    }
}
