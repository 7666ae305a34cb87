using System.Buffers.Binary;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Format;

/// <summary>One commit in a frame's redo: who did what when, and the mutations in order. Byte table: lfs/FORMAT.md, "Redo".</summary>
internal readonly record struct CommitHeader(int LengthBytes, int MutationCount, CommitKind Kind, ulong Csn, long WallNs, uint Uid, uint Pid, ulong NextInode)
{
    public const int SizeBytes = 40;
    public const int LengthOffset = 0;
    public const int CountOffset = 4;
    public const int KindOffset = 6;
    public const int ReservedOffset = 7;
    public const int CsnOffset = 8;
    public const int WallNsOffset = 16;
    public const int UidOffset = 24;
    public const int PidOffset = 28;
    public const int NextInodeOffset = 32;
}

internal static class RedoCodec
{
    public const int MutationBytes = 18;
    private const ushort DeleteLength = 0xFFFF;

    /// <summary>The bound of any commit's encoding; checked against the frame's bound by a test.</summary>
    public const int MaxCommitBytes = CommitHeader.SizeBytes + (Limits.MaxCommitMutations * MutationBytes) + Limits.MaxCommitBytes;

    public static int Encode(MutationBatch batch, CommitKind kind, ulong csn, long wallNs, Caller caller, ulong nextInode, Span<byte> destination)
    {
        int at = CommitHeader.SizeBytes;
        foreach (ref readonly Mutation mutation in batch.Mutations)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination[at..], mutation.Key.Inode);
            BinaryPrimitives.WriteUInt64LittleEndian(destination[(at + 8)..], mutation.Key.Tail);
            BinaryPrimitives.WriteUInt16LittleEndian(destination[(at + 16)..], mutation.IsDelete ? DeleteLength : (ushort)mutation.ValueLength);
            at += MutationBytes;
            if (!mutation.IsDelete)
            {
                batch.Value(mutation).CopyTo(destination[at..]);
                at += mutation.ValueLength;
            }
        }
        BinaryPrimitives.WriteInt32LittleEndian(destination[CommitHeader.LengthOffset..], at);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[CommitHeader.CountOffset..], (ushort)batch.Count);
        destination[CommitHeader.KindOffset] = (byte)kind;
        destination[CommitHeader.ReservedOffset] = 0;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[CommitHeader.CsnOffset..], csn);
        BinaryPrimitives.WriteInt64LittleEndian(destination[CommitHeader.WallNsOffset..], wallNs);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[CommitHeader.UidOffset..], caller.Uid);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[CommitHeader.PidOffset..], caller.Pid);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[CommitHeader.NextInodeOffset..], nextInode);
        return at;
    }

    /// <summary>Decodes the commit at the start of <paramref name="redo"/> into the batch (cleared first). False when the bytes make no commit.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> redo, MutationBatch batch, out CommitHeader header)
    {
        header = default;
        batch.Clear();
        if (redo.Length < CommitHeader.SizeBytes)
        {
            return false;
        }
        header = new CommitHeader(
            BinaryPrimitives.ReadInt32LittleEndian(redo[CommitHeader.LengthOffset..]),
            BinaryPrimitives.ReadUInt16LittleEndian(redo[CommitHeader.CountOffset..]),
            (CommitKind)redo[CommitHeader.KindOffset],
            BinaryPrimitives.ReadUInt64LittleEndian(redo[CommitHeader.CsnOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(redo[CommitHeader.WallNsOffset..]),
            BinaryPrimitives.ReadUInt32LittleEndian(redo[CommitHeader.UidOffset..]),
            BinaryPrimitives.ReadUInt32LittleEndian(redo[CommitHeader.PidOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(redo[CommitHeader.NextInodeOffset..]));
        if (header.LengthBytes < CommitHeader.SizeBytes || header.LengthBytes > redo.Length || header.MutationCount > Limits.MaxCommitMutations)
        {
            return false;
        }
        ReadOnlySpan<byte> rest = redo[CommitHeader.SizeBytes..header.LengthBytes];
        for (int i = 0; i < header.MutationCount; i++)
        {
            if (!TryDecodeMutation(ref rest, batch, header.Csn))
            {
                return false;
            }
        }
        return rest.IsEmpty;
    }

    private static bool TryDecodeMutation(ref ReadOnlySpan<byte> rest, MutationBatch batch, ulong csn)
    {
        if (rest.Length < MutationBytes)
        {
            return false;
        }
        var key = new Key(BinaryPrimitives.ReadUInt64LittleEndian(rest), BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]));
        ushort length = BinaryPrimitives.ReadUInt16LittleEndian(rest[16..]);
        rest = rest[MutationBytes..];
        if (length == DeleteLength)
        {
            batch.Delete(key);
            return true;
        }
        if (length < sizeof(ulong) || length > Limits.MaxValueBytes || length > rest.Length)
        {
            return false;
        }
        batch.Put(key, rest[..length], csn);
        rest = rest[length..];
        return true;
    }
}
