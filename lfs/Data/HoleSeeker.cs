using System.Runtime.CompilerServices;
using Txlfs.Journal;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Data;

/// <summary>A look's answer: the position, or where the next look goes on.</summary>
internal readonly record struct SeekAnswer(long OffsetBytes, bool IsFinal);

/// <summary>
/// lseek(2) SEEK_DATA and SEEK_HOLE over a bounded number of extents. Data is inline content and extents with storage, in whole
/// blocks; unwritten extents and what lies behind the last extent are holes, and so is everything from the end of the file.
/// </summary>
internal readonly struct SeekBody(ulong inode, long offsetBytes, bool seeksData, IEngine engine) : IReadBody<SeekAnswer>
{
    private const int MaxExtentsALook = 512;

    public int Run(ref ReadContext context, out SeekAnswer answer)
    {
        ApplyWindow window = new(engine);
        int status = Look(ref context, out answer);
        return status == Op.Miss || window.IsQuiet ? status : -DataErrno.Conflict;
    }

    [SkipLocalsInit]
    private int Look(ref ReadContext context, out SeekAnswer answer)
    {
        answer = default;
        Span<byte> buffer = stackalloc byte[Limits.MaxValueBytes];
        int status = InodeAccess.GetRegular(ref context, inode, buffer, out InodeAttributes attributes);
        if (status != 0)
        {
            return status;
        }
        long size = attributes.SizeBytes;
        if (offsetBytes >= size)
        {
            return -Errno.ENXIO;
        }
        switch (FileForms.Of(attributes))
        {
            case FileForm.None:
                return Settle(offsetBytes, seeksData ? size : offsetBytes, size, out answer);
            case FileForm.Inline:
                long dataEnd = Limits.BlockBytes;
                return Settle(offsetBytes, seeksData ? (offsetBytes < dataEnd ? offsetBytes : size) : Math.Max(offsetBytes, dataEnd), size, out answer);
            default:
                return SeekExtents(ref context, size, buffer, out answer);
        }
    }

    private int SeekExtents(ref ReadContext context, long size, scoped Span<byte> buffer, out SeekAnswer answer)
    {
        answer = default;
        long cursor = offsetBytes;
        int status = ExtentLookup.Covering(ref context, inode, cursor, size, engine.ChecksumKind, buffer, out FoundExtent found);
        for (int looks = 0; status == 0; looks++)
        {
            bool isHoleBefore = found.StartBytes > cursor;
            if (seeksData && !found.Extent.IsUnwritten)
            {
                return Settle(offsetBytes, Math.Max(cursor, found.StartBytes), size, out answer);
            }
            if (!seeksData && (isHoleBefore || found.Extent.IsUnwritten))
            {
                return Settle(offsetBytes, cursor, size, out answer);
            }
            cursor = Math.Max(cursor, found.BlockEndBytes);
            if (looks == MaxExtentsALook && cursor < size)
            {
                answer = new SeekAnswer(cursor, IsFinal: false);
                return 0;
            }
            status = ExtentLookup.AtLeast(ref context, inode, cursor, size - 1, engine.ChecksumKind, buffer, out found);
        }
        return status == -Errno.ENOENT ? Settle(offsetBytes, seeksData ? size : cursor, size, out answer) : status;
    }

    private int Settle(long from, long position, long size, out SeekAnswer answer)
    {
        answer = new SeekAnswer(Math.Clamp(position, from, size), IsFinal: true);
        return seeksData && position >= size ? -Errno.ENXIO : 0;
    }
}

internal sealed class HoleSeeker(DataServices services)
{
    private const int SeekData = 3, SeekHole = 4;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<OpResult<long>> SeekAsync(ulong inode, long offsetBytes, int whence)
    {
        if (whence is not SeekData and not SeekHole)
        {
            return OpResult<long>.Fail(Errno.EINVAL);
        }
        if (offsetBytes < 0)
        {
            return OpResult<long>.Fail(Errno.ENXIO);
        }
        while (true)
        {
            SeekBody body = new(inode, offsetBytes, whence == SeekData, services.Engine);
            OpResult<SeekAnswer> look = await QuietRead.RunAsync<SeekBody, SeekAnswer>(services.Engine, body).ConfigureAwait(false);
            if (!look.IsOk)
            {
                return OpResult<long>.Fail(-services.Fail(inode, look.Errno));
            }
            if (look.Value.IsFinal)
            {
                return look.Value.OffsetBytes;
            }
            offsetBytes = look.Value.OffsetBytes;
        }
    }
}
