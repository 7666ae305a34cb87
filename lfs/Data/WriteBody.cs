using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Data;

/// <summary>
/// A write's one commit: checks that what the write was prepared against still holds, takes the old extents out of the range,
/// puts the new ones, and brings the inode up to date.
/// </summary>
internal readonly struct WriteBody(NamespaceRoom room, WriteState state, PendingTrims trims, ChecksumKind checksum) : ICommitBody<bool>
{
    public bool MayUseReserve => false;

    [SkipLocalsInit]
    public int Run(ref CommitContext context, out bool unused)
    {
        unused = false;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = InodeAccess.GetRegular(ref context.Reads, state.Inode, buffer, out InodeAttributes attributes);
        if (status == 0)
        {
            status = CheckPremises(ref context, attributes, buffer);
        }
        if (status != 0)
        {
            return status;
        }
        InodeAttributes before = attributes;
        if (FileForms.Of(attributes) == FileForm.Inline)
        {
            status = RemoveInline(ref context, ref attributes, buffer);
        }
        if (status == 0 && state.RecordCount > 0)
        {
            status = ReplaceExtents(ref context, ref attributes, buffer);
        }
        if (status == 0)
        {
            status = WriteRulesOf.Touch(ref context, room, ref attributes, state);
        }
        if (status == 0 && attributes != before)
        {
            InodeAccess.Put(ref context, attributes);
        }
        return status;
    }

    private int CheckPremises(ref CommitContext context, in InodeAttributes attributes, scoped Span<byte> buffer)
    {
        int status = WriteRulesOf.CheckEnd(ref context, state, trims, attributes, buffer);
        if (status == 0 && state.Head.IsNeeded)
        {
            status = CheckBlock(ref context, state.Head, buffer);
        }
        if (status == 0 && state.Tail.IsNeeded)
        {
            status = CheckBlock(ref context, state.Tail, buffer);
        }
        return status;
    }

    private int CheckBlock(ref CommitContext context, in BlockEvidence evidence, scoped Span<byte> buffer)
    {
        int status = ExtentLookup.AtMost(ref context.Reads, state.Inode, evidence.BlockBytes, checksum, buffer, out FoundExtent found);
        if (status is not 0 and not -Errno.ENOENT)
        {
            return status;
        }
        bool isPresent = status == 0 && found.BlockEndBytes > evidence.BlockBytes;
        bool isSame = isPresent == evidence.IsPresent
            && (!isPresent || (found.StartBytes == evidence.ExtentStartBytes && found.Extent.BirthCsn == evidence.BirthCsn));
        return isSame ? 0 : -DataErrno.Conflict;
    }

    /// <summary>The inline content moves into the write's extents: it was taken over by the probe, or the write covers all of it.</summary>
    private int RemoveInline(ref CommitContext context, ref InodeAttributes attributes, scoped Span<byte> buffer)
    {
        bool isCovered = state.OffsetBytes == 0 && state.EndBytes >= Limits.MaxInlineFileBytes;
        if (!isCovered)
        {
            int status = InodeAccess.GetInline(ref context.Reads, state.Inode, buffer, out _);
            if (status != 0)
            {
                return status;
            }
            if (state.ProbedForm != FileForm.Inline || BitConverter.ToUInt64(buffer) != state.InlineBirthCsn)
            {
                return -DataErrno.Conflict;
            }
        }
        context.Delete(InodeAccess.InlineKey(state.Inode));
        attributes.AllocatedBytes = 0;
        return 0;
    }

    [SkipLocalsInit]
    private int ReplaceExtents(ref CommitContext context, ref InodeAttributes attributes, scoped Span<byte> buffer)
    {
        Span<byte> before = stackalloc byte[ExtentRecord.MaxBytes], merged = stackalloc byte[ExtentRecord.MaxBytes];
        long fromBytes = ExtentRecord.RoundDown(state.OffsetBytes), toBytes = ExtentRecord.RoundUp(state.StoredEndBytes);
        ExtentPuncher puncher = new(state.Inode, checksum);
        if (fromBytes < toBytes)
        {
            int status = puncher.Punch(ref context, fromBytes, toBytes, state, buffer, before);
            if (status != 0)
            {
                return status;
            }
            if (puncher.PunchedToBytes < toBytes)
            {
                return -Errno.EIO;
            }
        }
        int first = 0;
        if (puncher.Predecessor.RecordLengthBytes > 0 && state.RecordOffset(0) == fromBytes
            && ExtentRecord.TryMerge(before[..puncher.Predecessor.RecordLengthBytes], state.Record(0), checksum, merged, out int mergedBytes))
        {
            context.Put(ExtentLookup.KeyOf(state.Inode, puncher.Predecessor.StartBytes), merged[..mergedBytes]);
            first = 1;
        }
        for (int i = first; i < state.RecordCount; i++)
        {
            context.Put(ExtentLookup.KeyOf(state.Inode, state.RecordOffset(i)), state.Record(i));
        }
        attributes.AllocatedBytes += state.AllocatedBytes(checksum) - puncher.FreedBytes;
        return 0;
    }
}
