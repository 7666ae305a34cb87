using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;

namespace Txlfs.Cli.Torture;

/// <summary>
/// Writes epoch after epoch: stamped blocks, several commands at a time, then one flush. Nothing of an epoch is written before the flush of the one before
/// was acknowledged; that is all that the check relies on.
/// </summary>
internal sealed class TortureWriter(TortureCard card, Action<string> witness) : IDisposable
{
    public const uint MaxEpochsPerRound = 20_000;
    private const int ReadBackOneIn = 8;
    private const int Depth = 8;
    private const int LargestRunBlocks = 128;

    private readonly AlignedBuffer[] _buffers = [.. Enumerable.Range(0, Depth).Select(_ => new AlignedBuffer(LargestRunBlocks * TortureLayout.BlockBytes))];
    private readonly ValueTask<int>[] _inFlight = new ValueTask<int>[Depth];
    private readonly List<BlockRun> _runs = [];
    private TortureCounts _counts;
    private uint _epoch;

    /// <summary>Runs until told to end, then ends the round in order. An error of the device is a <see cref="Fsd.Host.CommandException"/>.</summary>
    public async ValueTask RunAsync(Func<bool> goesOn)
    {
        while (goesOn())
        {
            if (_epoch == MaxEpochsPerRound)
            {
                await TurnRoundAsync().ConfigureAwait(false);
            }
            await WriteEpochAsync(_epoch + 1).ConfigureAwait(false);
            _epoch++;
            _counts.Epochs++;
            witness(Witness.Line(card.Header.RunId, card.Header.Round, _epoch));
            if (_epoch % ReadBackOneIn == 0 && await ReadBackAsync(_epoch).ConfigureAwait(false) is var wrong and > 0)
            {
                // At once onto the card: this round may end with a cut, and what only memory knows would be forgotten.
                _counts.WrongReadBack += wrong;
                await TurnRoundAsync().ConfigureAwait(false);
            }
        }
        await card.EndRoundAsync(_counts, _epoch).ConfigureAwait(false);
        _counts = default;
    }

    /// <summary>All of this round is flushed: the blocks that it wrote are old ones from now on.</summary>
    private async ValueTask TurnRoundAsync()
    {
        for (uint epoch = 1; epoch <= _epoch; epoch++)
        {
            EpochPlan.Draw(card.Header.RunId, card.Header.Round, epoch, card.Layout, _runs);
            foreach (BlockRun run in _runs)
            {
                for (int block = run.First; block < run.End; block++)
                {
                    card.MarkWritten(block);
                }
            }
        }
        await card.BeginRoundAsync(card.Header.Round + 1, _counts).ConfigureAwait(false);
        _counts = default;
        _epoch = 0;
    }

    private async ValueTask WriteEpochAsync(uint epoch)
    {
        bool endsDurable = EpochPlan.Draw(card.Header.RunId, card.Header.Round, epoch, card.Layout, _runs);
        int plain = endsDurable ? _runs.Count - 1 : _runs.Count;
        for (int i = 0; i < plain; i++)
        {
            await TakeAsync(i % Depth).ConfigureAwait(false);
            _inFlight[i % Depth] = card.Device.WriteAsync(card.Layout.OffsetOf(_runs[i].First), Fill(_buffers[i % Depth], _runs[i], epoch));
        }
        await DrainAsync().ConfigureAwait(false);
        ValueTask<int> last = endsDurable
            ? card.Device.WriteAsync(card.Layout.OffsetOf(_runs[plain].First), Fill(_buffers[0], _runs[plain], epoch), WriteFlags.Durable)
            : card.Device.FlushAsync();
        TortureCard.Require(await last.ConfigureAwait(false), card.Device, "flush");
    }

    private async ValueTask TakeAsync(int slot)
    {
        int result = await EndAsync(slot).ConfigureAwait(false);
        if (result != 0)
        {
            // The device still reads from the other buffers: they must not be freed under it.
            for (int other = 0; other < Depth; other++)
            {
                await EndAsync(other).ConfigureAwait(false);
            }
        }
        TortureCard.Require(result, card.Device, "write");
    }

    private async ValueTask DrainAsync()
    {
        for (int slot = 0; slot < Depth; slot++)
        {
            await TakeAsync(slot).ConfigureAwait(false);
        }
    }

    private ValueTask<int> EndAsync(int slot)
    {
        ValueTask<int> task = _inFlight[slot];
        _inFlight[slot] = new ValueTask<int>(0);
        return task;
    }

    private NativeSlice Fill(AlignedBuffer buffer, BlockRun run, uint epoch)
    {
        NativeSlice slice = buffer.Slice.Slice(0, run.Count * TortureLayout.BlockBytes);
        for (int i = 0; i < run.Count; i++)
        {
            Stamp.WriteBlock(slice.Slice(i * TortureLayout.BlockBytes, TortureLayout.BlockBytes).Span, card.Header.RunId, card.Header.Round, epoch, run.First + i);
        }
        _counts.WrittenBlocks += run.Count;
        return slice;
    }

    /// <summary>Reads what was just flushed: the number of blocks that are not what was written.</summary>
    private async ValueTask<int> ReadBackAsync(uint epoch)
    {
        int wrong = 0;
        foreach (BlockRun run in _runs)
        {
            NativeSlice slice = _buffers[0].Slice.Slice(0, run.Count * TortureLayout.BlockBytes);
            bool isReadable = await card.Device.ReadAsync(card.Layout.OffsetOf(run.First), slice).ConfigureAwait(false) == 0;
            for (int i = 0; i < run.Count; i++)
            {
                wrong += isReadable && Holds(slice.Slice(i * TortureLayout.BlockBytes, TortureLayout.BlockBytes).Span, epoch, run.First + i) ? 0 : 1;
            }
        }
        return wrong;
    }

    private bool Holds(ReadOnlySpan<byte> block, uint epoch, int number)
    {
        for (int sector = 0; sector < Stamp.SectorsPerBlock; sector++)
        {
            if (!Stamp.TryRead(block.Slice(sector * TortureLayout.SectorBytes, TortureLayout.SectorBytes), out Stamp stamp)
                || stamp != new Stamp(card.Header.RunId, card.Header.Round, epoch, number, sector))
            {
                return false;
            }
        }
        return true;
    }

    public void Dispose()
    {
        foreach (AlignedBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }
    }
}
