using Txlfs.Journal.Device;

namespace Txlfs.Cli.Torture;

/// <summary>
/// Finds out from the card alone (and from a witness, where there is one) what had been acknowledged when the power went, and whether it is there.
/// Let E be the latest epoch of which any stamp is on the card: then everything up to E - 1 had been flushed. What E wrote may be there or not.
/// </summary>
internal sealed class TortureCheck(TortureCard card, (uint Round, uint Epoch) witness) : IDisposable
{
    private const int ChunkBlocks = 256;

    private readonly BlockEvidence[] _seen = new BlockEvidence[card.Layout.Blocks];
    private readonly uint[] _expected = new uint[card.Layout.Blocks];
    private readonly bool[] _inFlight = new bool[card.Layout.Blocks];
    private readonly List<BlockRun> _runs = [];
    private readonly AlignedBuffer _buffer = new(ChunkBlocks * TortureLayout.BlockBytes);
    private TortureCounts _found;
    private uint _shown;
    private uint _acknowledged;
    private uint _latestRound;

    /// <summary>Judges every block; what is in doubt or damaged is written anew, and the card is in its next round afterwards.</summary>
    public async ValueTask<TortureCounts> RunAsync()
    {
        await JudgeAllAsync().ConfigureAwait(false);
        await RenewAsync().ConfigureAwait(false);
        await card.BeginRoundAsync(_latestRound + 1, _found).ConfigureAwait(false);
        return _found;
    }

    private async ValueTask JudgeAllAsync()
    {
        for (int first = 0; first < card.Layout.Blocks; first += ChunkBlocks)
        {
            // The ring lies elsewhere than the area: a chunk never holds both.
            int end = Math.Min(first + ChunkBlocks, first < card.Layout.AreaBlocks ? card.Layout.AreaBlocks : card.Layout.Blocks);
            await ReadChunkAsync(first, end).ConfigureAwait(false);
            first = end - ChunkBlocks;
        }
        TortureHeader header = card.Header;
        foreach (BlockEvidence seen in _seen)
        {
            _shown = Math.Max(_shown, seen.MostEpoch <= TortureWriter.MaxEpochsPerRound ? seen.MostEpoch : 0);
            _latestRound = Math.Max(_latestRound, seen.FutureRound);
        }
        uint witnessed = witness.Round == header.Round ? Math.Min(witness.Epoch, TortureWriter.MaxEpochsPerRound) : 0;
        _acknowledged = Math.Max(Math.Max(_shown, 1) - 1, Math.Max(header.CleanEpoch, witnessed));
        _found.Cuts = header.CleanEpoch == 0 && Math.Max(_shown, witnessed) > 0 ? 1 : 0;
        bool isHeaderOld = Math.Max(_latestRound, witness.Round) > header.Round;
        _latestRound = Math.Max(Math.Max(_latestRound, witness.Round), header.Round);
        if (isHeaderOld)
        {
            // The newer header was flushed before anything of its round was written. Without it nobody can say what else there should be.
            _found.LostAfterFlush++;
            _found.Reordered += _latestRound > witness.Round ? 1 : 0;
            _found.Cuts = 1;
            return;
        }
        Recall();
        _found.Epochs = header.CleanEpoch == 0 ? _acknowledged : 0;
        for (int block = 0; block < _seen.Length; block++)
        {
            Judge(block, _seen[block]);
        }
    }

    private async ValueTask ReadChunkAsync(int first, int end)
    {
        NativeSlice chunk = _buffer.Slice.Slice(0, (end - first) * TortureLayout.BlockBytes);
        bool isWhole = await card.Device.ReadAsync(card.Layout.OffsetOf(first), chunk).ConfigureAwait(false) == 0;
        for (int block = first; block < end; block++)
        {
            NativeSlice one = chunk.Slice((block - first) * TortureLayout.BlockBytes, TortureLayout.BlockBytes);
            bool isReadable = isWhole || await card.Device.ReadAsync(card.Layout.OffsetOf(block), one).ConfigureAwait(false) == 0;
            _seen[block] = isReadable ? BlockEvidence.Read(one.Span, card.Header.RunId, card.Header.Round, block) : new BlockEvidence { Flags = Evidence.Unreadable };
        }
    }

    /// <summary>What was written when, up to what was acknowledged, and what the epoch after it would write.</summary>
    private void Recall()
    {
        for (uint epoch = 1; epoch <= _acknowledged + 1; epoch++)
        {
            EpochPlan.Draw(card.Header.RunId, card.Header.Round, epoch, card.Layout, _runs);
            foreach (BlockRun run in _runs)
            {
                if (epoch <= _acknowledged)
                {
                    // A round that ended in order has been counted.
                    _found.WrittenBlocks += card.Header.CleanEpoch == 0 ? run.Count : 0;
                    _expected.AsSpan(run.First, run.Count).Fill(epoch);
                }
                else
                {
                    _inFlight.AsSpan(run.First, run.Count).Fill(true);
                }
            }
        }
    }

    private void Judge(int block, in BlockEvidence seen)
    {
        bool isKnown = _expected[block] != 0 || card.IsWritten(block);
        bool mayDiffer = _inFlight[block] || (seen.Flags & Evidence.Renewed) != 0;
        _found.CheckedBlocks += isKnown ? 1 : 0;
        if ((seen.Flags & Evidence.Misdirected) != 0)
        {
            _found.Misdirected++;
        }
        else if ((seen.Flags & Evidence.Unreadable) != 0)
        {
            _found.Unreadable += isKnown || mayDiffer ? 1 : 0;
        }
        else if (isKnown && (seen.Flags & Evidence.Foreign) != 0 && (mayDiffer || card.IsWritten(block)))
        {
            _found.BrokenInFlight += mayDiffer ? 1 : 0;
            _found.Corrupted += mayDiffer ? 0 : 1;
        }
        else if (_expected[block] != 0)
        {
            JudgeExpected(block, seen);
        }
        else
        {
            JudgeOld(block, seen, isKnown);
        }
    }

    /// <summary>A block that an acknowledged epoch of this round wrote.</summary>
    private void JudgeExpected(int block, in BlockEvidence seen)
    {
        uint expected = _expected[block];
        bool isRenewed = (seen.Flags & Evidence.Renewed) != 0;
        // What is no stamp here is what the device held before its first write.
        bool hasOlder = (seen.Flags & (Evidence.Old | Evidence.Foreign)) != 0 || (seen.LeastEpoch != 0 && seen.LeastEpoch < expected);
        if (hasOlder)
        {
            bool hasRight = seen.MostEpoch >= expected || isRenewed;
            _found.TornAfterFlush += hasRight ? 1 : 0;
            _found.LostAfterFlush += hasRight ? 0 : 1;
            _found.Reordered += expected < _shown ? 1 : 0;
        }
        else if (seen.MostEpoch > expected && !(_inFlight[block] && seen.MostEpoch == _acknowledged + 1))
        {
            _found.Corrupted++;
        }
        else if (seen.LeastEpoch != seen.MostEpoch || (isRenewed && seen.MostEpoch != 0))
        {
            _found.TornInFlight++;
        }
    }

    /// <summary>A block that no acknowledged epoch of this round wrote: whole, of whatever round, or never written.</summary>
    private void JudgeOld(int block, in BlockEvidence seen, bool isKnown)
    {
        bool isRenewed = (seen.Flags & Evidence.Renewed) != 0;
        if (seen.MostEpoch != 0 && !(_inFlight[block] && seen.LeastEpoch == _acknowledged + 1 && seen.MostEpoch == _acknowledged + 1))
        {
            _found.Corrupted++;
        }
        else if ((seen.Flags & Evidence.OldMixed) != 0)
        {
            _found.Corrupted += isKnown ? 1 : 0;
        }
        else if (seen.MostEpoch != 0 || isRenewed)
        {
            _found.TornInFlight += (seen.Flags & (Evidence.Old | Evidence.Foreign)) != 0 ? 1 : 0;
        }
    }

    /// <summary>Writes what is in doubt or wrong anew, so that the next check finds only what is new. Marks all that is known now.</summary>
    private async ValueTask RenewAsync()
    {
        for (int block = 0; block < _seen.Length; block++)
        {
            BlockEvidence seen = _seen[block];
            bool isKnown = _expected[block] != 0 || card.IsWritten(block) || _inFlight[block] || seen.MostEpoch != 0;
            bool isSound = seen.Flags is Evidence.None or Evidence.Old && seen.LeastEpoch == seen.MostEpoch && (seen.MostEpoch == 0 || seen.Flags == Evidence.None);
            if (!isKnown && (seen.Flags & (Evidence.Misdirected | Evidence.FromFuture)) == 0)
            {
                continue;
            }
            card.MarkWritten(block);
            if (!isSound || _inFlight[block])
            {
                NativeSlice one = _buffer.Slice.Slice(0, TortureLayout.BlockBytes);
                Stamp.WriteBlock(one.Span, card.Header.RunId, _latestRound + 1, 0, block);
                TortureCard.Require(await card.Device.WriteAsync(card.Layout.OffsetOf(block), one).ConfigureAwait(false), card.Device, "write");
            }
        }
    }

    public void Dispose() => _buffer.Dispose();
}
