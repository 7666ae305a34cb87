using System.Runtime.CompilerServices;
using Txlfs.Journal;

namespace Txlfs.Lfs.Data;

/// <summary>Whether the extent whose bytes did not verify is still described by the record that the plan was made from.</summary>
internal readonly struct SameRecordBody(ReadState state) : IReadBody<bool>
{
    [SkipLocalsInit]
    public int Run(ref ReadContext context, out bool isSame)
    {
        isSame = false;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        long startBytes = state.Extents[state.FailedExtent].Found.StartBytes;
        int status = context.Get(ExtentLookup.KeyOf(state.Inode, startBytes), buffer, out int lengthBytes);
        isSame = status == 0 && buffer[..lengthBytes].SequenceEqual(state.Record(state.FailedExtent));
        return status == -Errno.ENOENT ? 0 : status;
    }
}
