using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>How a look at the index answered a read.</summary>
internal enum ReadAnswer
{
    /// <summary>The state's plan is to be carried out.</summary>
    Planned,

    /// <summary>The bytes up to <see cref="ReadState.PlannedToBytes"/> are in the destination.</summary>
    Served,
}

/// <summary>Clamps a read at the file's size, serves inline files at once, and plans the extents of the others.</summary>
internal readonly struct ReadPlanBody(ReadState state, IEngine engine) : IReadBody<ReadAnswer>
{
    private readonly ChecksumKind _checksum = engine.ChecksumKind;

    /// <summary><see cref="DataErrno.Conflict"/> negated when more than one record was needed and a commit was applied meanwhile.</summary>
    public int Run(ref ReadContext context, out ReadAnswer answer)
    {
        ApplyWindow window = new(engine);
        int status = Plan(ref context, out answer, out bool isOneRecord);
        return status == Op.Miss || isOneRecord || window.IsQuiet ? status : -DataErrno.Conflict;
    }

    [SkipLocalsInit]
    private int Plan(ref ReadContext context, out ReadAnswer answer, out bool isOneRecord)
    {
        isOneRecord = false;
        answer = ReadAnswer.Served;
        state.Restart();
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = InodeAccess.GetRegular(ref context, state.Inode, buffer, out InodeAttributes attributes);
        if (status != 0)
        {
            return status;
        }
        long end = Math.Min(attributes.SizeBytes, state.OffsetBytes + state.Destination.LengthBytes);
        if (end <= state.OffsetBytes)
        {
            return 0;
        }
        switch (FileForms.Of(attributes))
        {
            case FileForm.None:
                state.Target(state.OffsetBytes, end - state.OffsetBytes).Span.Clear();
                state.PlannedToBytes = end;
                isOneRecord = true;
                return 0;
            case FileForm.Inline:
                return ServeInline(ref context, end, buffer);
            default:
                answer = ReadAnswer.Planned;
                return PlanExtents(ref context, end, buffer, out isOneRecord);
        }
    }

    private int ServeInline(ref ReadContext context, long end, scoped Span<byte> buffer)
    {
        int status = InodeAccess.GetInline(ref context, state.Inode, buffer, out int contentBytes);
        if (status != 0)
        {
            return status;
        }
        Span<byte> target = state.Target(state.OffsetBytes, end - state.OffsetBytes).Span;
        int taken = (int)Math.Clamp(contentBytes - state.OffsetBytes, 0, target.Length);
        if (taken > 0)
        {
            buffer.Slice(InodeAccess.BirthBytes + (int)state.OffsetBytes, taken).CopyTo(target);
        }
        target[taken..].Clear();
        state.PlannedToBytes = end;
        return 0;
    }

    private int PlanExtents(ref ReadContext context, long end, scoped Span<byte> buffer, out bool isOneRecord)
    {
        long cursor = state.OffsetBytes;
        int status = ExtentLookup.Covering(ref context, state.Inode, cursor, end, _checksum, buffer, out FoundExtent found);
        isOneRecord = status == 0 && found.StartBytes <= cursor && found.EndBytes >= end;
        while (status == 0)
        {
            long from = Math.Max(found.StartBytes, cursor), to = Math.Min(found.EndBytes, end);
            if (from < to && !found.Extent.IsUnwritten)
            {
                if (state.Count == ReadState.MaxExtents)
                {
                    state.PlannedToBytes = from;
                    return 0;
                }
                state.Add(found, buffer[..found.RecordLengthBytes], from, (int)(to - from));
            }
            cursor = found.BlockEndBytes;
            if (cursor >= end)
            {
                break;
            }
            status = ExtentLookup.AtLeast(ref context, state.Inode, cursor, end - 1, _checksum, buffer, out found);
        }
        state.PlannedToBytes = end;
        return status == -Errno.ENOENT ? 0 : status;
    }
}
