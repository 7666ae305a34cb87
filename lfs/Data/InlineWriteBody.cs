using System.Runtime.CompilerServices;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Data;

/// <summary>A write that leaves the file inline: merged with the content of that moment, so it needs no evidence and cannot conflict.</summary>
internal readonly struct InlineWriteBody(NamespaceRoom room, WriteState state, PendingTrims trims) : ICommitBody<bool>
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
            status = WriteRulesOf.CheckEnd(ref context, state, trims, attributes, buffer);
        }
        if (status != 0)
        {
            return status;
        }
        int contentBytes = 0;
        switch (FileForms.Of(attributes))
        {
            case FileForm.Extents:
                return -DataErrno.Conflict;
            case FileForm.Inline:
                status = InodeAccess.GetInline(ref context.Reads, state.Inode, buffer, out contentBytes);
                break;
        }
        if (status != 0)
        {
            return status;
        }
        Span<byte> content = buffer[InodeAccess.BirthBytes..];
        int offset = (int)state.OffsetBytes;
        if (offset > contentBytes)
        {
            content[contentBytes..offset].Clear();
        }
        state.Source.Span.CopyTo(content[offset..]);
        contentBytes = Math.Max(contentBytes, (int)state.EndBytes);
        context.Put(InodeAccess.InlineKey(state.Inode), buffer[..(InodeAccess.BirthBytes + contentBytes)]);
        InodeAttributes before = attributes;
        attributes.AllocatedBytes = FileForms.InlineAllocatedBytes(contentBytes);
        status = WriteRulesOf.Touch(ref context, room, ref attributes, state);
        if (status == 0 && attributes != before)
        {
            InodeAccess.Put(ref context, attributes);
        }
        return status;
    }
}
