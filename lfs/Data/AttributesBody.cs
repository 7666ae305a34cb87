using System.Runtime.CompilerServices;

namespace Txlfs.Lfs.Data;

/// <summary>The attributes of a regular file.</summary>
internal readonly struct AttributesBody(ulong inode) : IReadBody<InodeAttributes>
{
    [SkipLocalsInit]
    public int Run(ref ReadContext context, out InodeAttributes attributes)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        return InodeAccess.GetRegular(ref context, inode, buffer, out attributes);
    }
}
