using System.Runtime.InteropServices;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device;

namespace Txlfs.Cli.Torture;

/// <summary>The control structures of a card under torture: its header, and the map of blocks that were ever written.</summary>
internal sealed class TortureCard : IDisposable
{
    private readonly AlignedBuffer _buffer = new(1 << 20);

    private TortureCard(IBlockDevice device, TortureLayout layout, TortureHeader header)
    {
        Device = device;
        Layout = layout;
        Header = header;
        Written = new byte[layout.MapBytes];
    }

    public IBlockDevice Device { get; }
    public TortureLayout Layout { get; }
    public TortureHeader Header { get; private set; }

    /// <summary>One bit a block: it holds a stamp of an earlier round.</summary>
    public byte[] Written { get; }

    public bool IsWritten(int block) => (Written[block >> 3] & (1 << (block & 7))) != 0;

    public void MarkWritten(int block) => Written[block >> 3] |= (byte)(1 << (block & 7));

    /// <summary>The card as it was left; null when it holds no torture.</summary>
    public static async ValueTask<TortureCard?> OpenAsync(IBlockDevice device)
    {
        TortureHeader? newest = null;
        using (var block = new AlignedBuffer(TortureLayout.BlockBytes))
        {
            foreach (long offset in (long[])[TortureLayout.FirstHeaderOffset, TortureLayout.SecondHeaderOffset])
            {
                if (offset + TortureLayout.BlockBytes <= device.LengthBytes && await device.ReadAsync(offset, block.Slice).ConfigureAwait(false) == 0
                    && TortureHeader.TryRead(block.Span) is { } header && TortureLayout.HeaderOffset(header.Generation) == offset
                    && new TortureLayout(header.AreaBlocks).Fits(device) && (newest is null || header.Generation > newest.Generation))
                {
                    newest = header;
                }
            }
        }
        if (newest is null)
        {
            return null;
        }
        var card = new TortureCard(device, new TortureLayout(newest.AreaBlocks), newest);
        NativeSlice map = card._buffer.Slice.Slice(0, card.Layout.MapBytes);
        Require(await device.ReadAsync(card.Layout.MapOffset(newest.Generation), map).ConfigureAwait(false), device, "read");
        map.Span.CopyTo(card.Written);
        return card;
    }

    /// <summary>Begins anew on a card whose content may go.</summary>
    public static async ValueTask<TortureCard> CreateAsync(IBlockDevice device, TortureLayout layout, ulong runId)
    {
        var card = new TortureCard(device, layout, new TortureHeader { RunId = runId, AreaBlocks = layout.AreaBlocks, Generation = 0, Round = 0, CleanEpoch = 0, Counts = default });
        NativeSlice zeros = card._buffer.Slice.Slice(0, TortureLayout.BlockBytes);
        zeros.Span.Clear();
        foreach (long offset in (long[])[TortureLayout.FirstHeaderOffset, TortureLayout.SecondHeaderOffset])
        {
            Require(await device.WriteAsync(offset, zeros).ConfigureAwait(false), device, "write");
        }
        await card.BeginRoundAsync(1, default).ConfigureAwait(false);
        return card;
    }

    /// <summary>A later round: what was found is added to the card's counts. Everything that was written before is flushed first.</summary>
    public ValueTask BeginRoundAsync(uint round, TortureCounts found) => SaveAsync(found, round, cleanEpoch: 0);

    /// <summary>The round has ended in order with this epoch: nothing is in doubt.</summary>
    public ValueTask EndRoundAsync(TortureCounts found, uint epoch) => SaveAsync(found, Header.Round, epoch);

    private async ValueTask SaveAsync(TortureCounts found, uint round, uint cleanEpoch)
    {
        TortureCounts counts = Header.Counts;
        counts.Add(found);
        TortureHeader next = Header with { Generation = Header.Generation + 1, Round = round, CleanEpoch = cleanEpoch, Counts = counts };
        NativeSlice map = _buffer.Slice.Slice(0, Layout.MapBytes);
        Written.CopyTo(map.Span);
        Require(await Device.WriteAsync(Layout.MapOffset(next.Generation), map).ConfigureAwait(false), Device, "write");
        Require(await Device.FlushAsync().ConfigureAwait(false), Device, "flush");
        NativeSlice block = _buffer.Slice.Slice(0, TortureLayout.BlockBytes);
        next.Write(block.Span);
        Require(await Device.WriteAsync(TortureLayout.HeaderOffset(next.Generation), block).ConfigureAwait(false), Device, "write");
        Require(await Device.FlushAsync().ConfigureAwait(false), Device, "flush");
        Header = next;
    }

    public static void Require(int result, IBlockDevice device, string verb)
    {
        if (result != 0)
        {
            throw new CommandException(ExitCodes.IoError, $"{device.Name}: cannot {verb}: {Marshal.GetPInvokeErrorMessage(-result)}");
        }
    }

    public void Dispose() => _buffer.Dispose();
}
