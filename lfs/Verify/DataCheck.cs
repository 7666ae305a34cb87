using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify;

/// <summary>Reads what every extent shows, the way a program would, several reads under way at a time; what fails its checksum is named with its place.</summary>
internal sealed class DataCheck(Volume volume, VolumeEngine engine, FindingList findings, ICheckProgress progress)
{
    private const int ReadsInFlight = 8;

    private readonly record struct Piece(ulong Inode, long OffsetBytes, int LengthBytes, long AddressBytes);

    private readonly Piece[] _pieces = new Piece[ReadsInFlight];
    private readonly ValueTask<int>[] _reads = new ValueTask<int>[ReadsInFlight];
    private readonly List<Piece> _ofLeaf = [];
    private int _next;

    public long BytesRead { get; private set; }

    public async ValueTask RunAsync()
    {
        progress.Begin(CheckPass.Data, engine.Segments.TotalLiveBytes);
        using var memory = new AlignedBuffer(ReadsInFlight * Limits.MaxExtentBytes);
        try
        {
            await ReadAllAsync(memory).ConfigureAwait(false);
        }
        finally
        {
            // Whatever ends this early: what is being read goes into this memory.
            await SettleAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask ReadAllAsync(AlignedBuffer memory)
    {
        IndexWalk walk = engine.Tree.Walk(VolumeVerifier.IdLimitOf(engine));
        while (await walk.NextLeafAsync().ConfigureAwait(false))
        {
            _ofLeaf.Clear();
            ListExtents(walk.Page);
            foreach (Piece piece in _ofLeaf)
            {
                await EndReadAsync(_next).ConfigureAwait(false);
                _pieces[_next] = piece;
                _reads[_next] = volume.ReadAsync(piece.Inode, piece.OffsetBytes, memory.Slice.Slice(_next * Limits.MaxExtentBytes, piece.LengthBytes));
                _next = (_next + 1) % ReadsInFlight;
            }
        }
        for (int i = 0; i < ReadsInFlight; i++)
        {
            await EndReadAsync(i).ConfigureAwait(false);
        }
    }

    private async ValueTask SettleAsync()
    {
        for (int i = 0; i < ReadsInFlight; i++)
        {
            if (_pieces[i].Inode != 0)
            {
                await _reads[i].ConfigureAwait(false);
            }
        }
    }

    private unsafe void ListExtents(byte[] bytes)
    {
        fixed (byte* page = bytes)
        {
            for (int i = 0, count = LeafPage.Count(page); i < count; i++)
            {
                Key key = LeafPage.KeyAt(page, i);
                if (key.Kind == RecordKind.Extent && ExtentRecord.TryParse(LeafPage.ValueAt(page, i), engine.ChecksumKind, out Extent extent) && extent.Form != ExtentForm.Unwritten)
                {
                    _ofLeaf.Add(new Piece(key.Inode, (long)key.Sub, (int)extent.VisibleLengthBytes, extent.AddressBytes));
                }
            }
        }
    }

    private async ValueTask EndReadAsync(int slot)
    {
        Piece piece = _pieces[slot];
        if (piece.Inode == 0)
        {
            return;
        }
        _pieces[slot] = default;
        int result = await _reads[slot].ConfigureAwait(false);
        BytesRead += piece.LengthBytes;
        progress.Advance(piece.LengthBytes);
        if (result < 0)
        {
            string fault = result == -Errno.EIO ? "cannot be read, or do not match their checksum" : $"cannot be read (errno {-result})";
            findings.Add(new Finding(FindingKind.Data, FindingSeverity.Loss, Remedy.None,
                $"inode {piece.Inode}: {piece.LengthBytes} bytes at file offset {piece.OffsetBytes} (device address {piece.AddressBytes}) {fault}")
            { Inode = piece.Inode, OffsetBytes = piece.OffsetBytes, AddressBytes = piece.AddressBytes });
        }
    }
}
