using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Cleaner;

/// <summary>Reads stored bytes in ascending order of address, neighbours in one device read where little lies between them.</summary>
internal sealed class StoredReader(VolumeEngine engine)
{
    private NativeSlice _window;
    private long _windowStartBytes;
    private int _windowBytes;

    /// <param name="nextBytes">Where the next read will begin, or 0: it is read ahead when it is near.</param>
    public async ValueTask<int> ReadAsync(long addressBytes, NativeSlice destination, long nextBytes)
    {
        long end = addressBytes + destination.LengthBytes;
        if (!Holds(addressBytes, end))
        {
            long start = addressBytes & -Limits.BlockBytes;
            bool isNextNear = nextBytes >= end && nextBytes - start < Limits.MaxExtentBytes / 2;
            if (!isNextNear)
            {
                return await engine.ReadStoredAsync(addressBytes, destination).ConfigureAwait(false);
            }
            int result = await FillAsync(start, end).ConfigureAwait(false);
            if (result != 0)
            {
                return result;
            }
        }
        _window.Slice((int)(addressBytes - _windowStartBytes), destination.LengthBytes).Span.CopyTo(destination.Span);
        return 0;
    }

    /// <summary>Gives the window back.</summary>
    public void Forget()
    {
        if (!_window.IsEmpty)
        {
            engine.Scratch.Return(_window);
        }
        _window = default;
        _windowBytes = 0;
    }

    public static bool Matches(ChecksumKind kind, in Extent extent, ReadOnlySpan<byte> record, ReadOnlySpan<byte> stored)
    {
        if (extent.Form == ExtentForm.Compressed)
        {
            return Checksum.Verify(kind, stored, ExtentRecord.Digests(record));
        }
        for (int at = 0; at < stored.Length; at += Limits.BlockBytes)
        {
            if (!Checksum.Verify(kind, stored.Slice(at, Math.Min(Limits.BlockBytes, stored.Length - at)), ExtentRecord.BlockDigest(record, at / Limits.BlockBytes, kind)))
            {
                return false;
            }
        }
        return true;
    }

    private bool Holds(long startBytes, long endBytes) => _windowBytes > 0 && startBytes >= _windowStartBytes && endBytes <= _windowStartBytes + _windowBytes;

    private async ValueTask<int> FillAsync(long startBytes, long leastEndBytes)
    {
        if (_window.IsEmpty)
        {
            _window = engine.Scratch.Rent();
        }
        long segmentEnd = engine.Superblock.SegmentAddress(engine.Superblock.SegmentIndex(startBytes) + 1);
        int fill = (int)Math.Min(_window.LengthBytes & -Limits.BlockBytes, segmentEnd - startBytes);
        _windowBytes = 0;
        int result = startBytes + fill < leastEndBytes ? -Journal.Errno.EUCLEAN : await engine.ReadStoredAsync(startBytes, _window.Slice(0, fill)).ConfigureAwait(false);
        (_windowStartBytes, _windowBytes) = (startBytes, result == 0 ? fill : 0);
        return result;
    }
}
