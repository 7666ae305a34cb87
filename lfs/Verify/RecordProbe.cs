using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify;

/// <summary>Whether there is a record of this key.</summary>
internal readonly struct RecordProbe(Key key) : IReadBody<bool>
{
    public static async ValueTask<bool> ExistsAsync(VolumeEngine engine, Key key)
        => (await engine.ReadAsync<RecordProbe, bool>(new RecordProbe(key)).ConfigureAwait(false)).IsOk;

    [SkipLocalsInit]
    public int Run(ref ReadContext context, out bool result)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        result = true;
        return context.Get(key, buffer, out _);
    }
}

/// <summary>An inode's attributes; -EUCLEAN when its record makes no sense.</summary>
internal readonly struct InodeProbe(ulong inode) : IReadBody<InodeAttributes>
{
    [SkipLocalsInit]
    public int Run(ref ReadContext context, out InodeAttributes result)
    {
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        result = default;
        int status = context.Get(Key.Of(inode, RecordKind.Inode, 0), buffer, out int length);
        return status != 0 || InodeRecord.TryRead(buffer[..length], inode, out result) ? status : -Errno.EUCLEAN;
    }
}
