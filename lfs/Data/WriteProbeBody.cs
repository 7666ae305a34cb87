using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>The look at a file that a write needs which appends, or covers a block in part: size, form, and who occupies those blocks.</summary>
internal readonly struct WriteProbeBody(WriteState state, IEngine engine) : IReadBody<bool>
{
    public int Run(ref ReadContext context, out bool unused)
    {
        unused = false;
        ApplyWindow window = new(engine);
        int status = Look(ref context);
        return status == Op.Miss || window.IsQuiet ? status : -DataErrno.Conflict;
    }

    [SkipLocalsInit]
    private int Look(ref ReadContext context)
    {
        state.Head = default;
        state.Tail = default;
        state.InlineBytes = 0;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = InodeAccess.GetRegular(ref context, state.Inode, buffer, out InodeAttributes attributes);
        if (status != 0)
        {
            return status;
        }
        state.IsProbed = true;
        state.ProbedForm = FileForms.Of(attributes);
        state.ProbedSizeBytes = attributes.SizeBytes;
        if ((state.Options & WriteOptions.Append) != 0)
        {
            state.OffsetBytes = attributes.SizeBytes;
        }
        if (state.ProbedForm == FileForm.Inline)
        {
            status = InodeAccess.GetInline(ref context, state.Inode, buffer, out state.InlineBytes);
            if (status == 0)
            {
                state.InlineBirthCsn = BitConverter.ToUInt64(buffer);
                buffer.Slice(InodeAccess.BirthBytes, state.InlineBytes).CopyTo(state.Inline);
            }
        }
        if (status == 0 && state.OffsetBytes % Limits.BlockBytes != 0)
        {
            status = LookAtBlock(ref context, isHead: true, ExtentRecord.RoundDown(state.OffsetBytes), buffer);
        }
        long tailBlock = ExtentRecord.RoundDown(state.EndBytes);
        if (status == 0 && state.EndBytes % Limits.BlockBytes != 0 && !(state.Head.IsNeeded && state.Head.BlockBytes == tailBlock))
        {
            status = LookAtBlock(ref context, isHead: false, tailBlock, buffer);
        }
        return status;
    }

    private int LookAtBlock(ref ReadContext context, bool isHead, long block, scoped Span<byte> buffer)
    {
        BlockEvidence evidence = new() { IsNeeded = true, BlockBytes = block, DataEndBytes = block };
        int status = ExtentLookup.AtMost(ref context, state.Inode, block, engine.ChecksumKind, buffer, out FoundExtent found);
        if (status is not 0 and not -Errno.ENOENT)
        {
            return status;
        }
        if (status == 0 && found.BlockEndBytes > block)
        {
            evidence.IsPresent = true;
            evidence.ExtentStartBytes = found.StartBytes;
            evidence.BirthCsn = found.Extent.BirthCsn;
            evidence.DataEndBytes = found.Extent.IsUnwritten ? block : Math.Min(found.EndBytes, block + Limits.BlockBytes);
        }
        state.SetEvidence(isHead, evidence, found, buffer[..found.RecordLengthBytes]);
        return 0;
    }
}
