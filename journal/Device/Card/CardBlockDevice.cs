using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime;
using Txlfs.Journal.Runtime.Simulation;

namespace Txlfs.Journal.Device.Card;

/// <summary>
/// A memory card over a real device: writes are acknowledged from a volatile cache, and a power cut loses, keeps or tears what was not
/// flushed. The device below is the card's flash, which keeps what it was given (it is not flushed itself until <see cref="SettleAsync"/>:
/// the power that goes is the card's, not the machine's). What the seed decides is repeatable; when threads arrive is not.
/// </summary>
public sealed class CardBlockDevice : IBlockDevice
{
    private const ulong CacheSalt = 0x6361636865000001, CutSalt = 0x6375740000000002, LatencySalt = 0x6C6174656E637903;

    private readonly IBlockDevice _flash;
    private readonly CardOptions _options;
    private readonly CardLatency? _latency;
    private readonly Action<int> _powerIsOff;
    private readonly Lock _lock = new();
    private readonly CardCache _cache;

    /// <summary>Held by whoever moves pieces to the flash, so that an older piece never lands on a newer one; guards the scratch.</summary>
    private readonly AsyncGate _mover = new();
    private readonly AlignedBuffer _scratch = new(CardCache.MostPieceBytes);

    /// <summary>After the cut nothing is answered any more.</summary>
    private readonly TaskCompletionSource<int> _never = new();
    private long _events;
    private bool _isCut;

    /// <param name="powerIsOff">Called once a cut is complete, with 0 or what writing to the flash failed with. In a daemon it ends the process.</param>
    public CardBlockDevice(IBlockDevice flash, CardOptions options, IClock clock, Action<int> powerIsOff)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CacheBytes, CardOptions.LeastCacheBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.CacheBytes, CardOptions.MostCacheBytes);
        _flash = flash;
        _options = options;
        _powerIsOff = powerIsOff;
        _cache = new CardCache(options.CacheBytes, new Xoshiro256(options.Seed ^ CacheSalt));
        _latency = options.HasLatency ? new CardLatency(clock, options.Seed ^ LatencySalt) : null;
    }

    public string Name => _flash.Name;
    public long LengthBytes => _flash.LengthBytes;
    public int AlignmentBytes => _flash.AlignmentBytes;
    public bool IsReadOnly => _flash.IsReadOnly;
    public DeviceCounters Counters { get; } = new();

    private bool IsCut => Volatile.Read(ref _isCut);
    private ValueTask<int> Never => new(_never.Task);

    public async ValueTask<int> ReadAsync(long offsetBytes, NativeSlice destination)
    {
        int refusal = DeviceRange.Check(this, offsetBytes, destination);
        if (refusal != 0)
            return refusal;
        if (IsCut)
            return await Never.ConfigureAwait(false);
        Counters.CountRead(destination.LengthBytes);
        List<UnflushedWrite>? newer;
        lock (_lock)
            newer = _cache.Overlapping(offsetBytes, destination.LengthBytes);
        int result = await _flash.ReadAsync(offsetBytes, destination).ConfigureAwait(false);
        if (result == 0 && newer is not null)
            LayOver(newer, offsetBytes, destination.Span);
        return result;
    }

    public async ValueTask<int> WriteAsync(long offsetBytes, NativeSlice source, WriteFlags flags = WriteFlags.None)
    {
        int refusal = IsReadOnly ? -Errno.EROFS : DeviceRange.Check(this, offsetBytes, source);
        if (refusal != 0)
            return refusal;
        if (IsCut)
            return await Never.ConfigureAwait(false);
        Counters.CountWrite(source.LengthBytes, flags);
        if (_latency is not null)
            await _latency.WriteAsync(offsetBytes).ConfigureAwait(false);
        bool isOverfull;
        lock (_lock)
        {
            _cache.Add(offsetBytes, source.Span);
            isOverfull = _cache.IsOverfull;
        }
        await CountEventAsync().ConfigureAwait(false);
        int result = isOverfull ? await EvictAsync().ConfigureAwait(false) : 0;
        return result == 0 && (flags & WriteFlags.Durable) != 0 ? await MakeDurableAsync().ConfigureAwait(false) : result;
    }

    public async ValueTask<int> FlushAsync()
    {
        if (IsCut)
            return await Never.ConfigureAwait(false);
        Counters.CountFlush();
        await CountEventAsync().ConfigureAwait(false);
        return await MakeDurableAsync().ConfigureAwait(false);
    }

    public async ValueTask<int> DiscardAsync(long offsetBytes, long lengthBytes)
    {
        if (IsCut)
            return await Never.ConfigureAwait(false);
        Counters.CountDiscard(lengthBytes);
        return await _flash.DiscardAsync(offsetBytes, lengthBytes).ConfigureAwait(false);
    }

    /// <summary>
    /// The power goes now: each unflushed piece is kept, lost or torn by the seed, and nothing that is asked of the card is answered from
    /// here on. Completes when the flash is as the next mount will find it.
    /// </summary>
    public async ValueTask CutPowerAsync()
    {
        if (Interlocked.Exchange(ref _isCut, true))
            return;

        // Whoever moves pieces sees the cut after at most one more piece, and leaves the rest to us; nobody gets in again.
        await _mover.EnterAsync().ConfigureAwait(false);
        UnflushedWrite[] pieces;
        lock (_lock)
            pieces = _cache.Snapshot();
        ICutPolicy policy = CutPolicy.Random(_options.Seed ^ CutSalt);
        var survives = new bool[CardCache.MostPieceBytes / UnflushedWrite.SectorBytes];
        int result = 0;
        for (int i = 0; i < pieces.Length && result == 0; i++)
        {
            Array.Clear(survives);
            policy.Choose(pieces[i], i, survives.AsSpan(0, pieces[i].SectorCount));
            result = await WriteSurvivingAsync(pieces[i], survives).ConfigureAwait(false);
        }
        _powerIsOff(result);
    }

    /// <summary>An orderly end: a card that stays in its slot writes its cache out sooner or later, also one whose flushes lie.</summary>
    public async ValueTask<int> SettleAsync()
    {
        int result = await MoveAllAsync().ConfigureAwait(false);
        return result == 0 ? await _flash.FlushAsync().ConfigureAwait(false) : result;
    }

    /// <summary>What is not settled is lost. The device below stays open: it is its owner's.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _isCut, true);
        _scratch.Dispose();
    }

    private async ValueTask CountEventAsync()
    {
        if (Interlocked.Increment(ref _events) == _options.DieAfter)
            await CutPowerAsync().ConfigureAwait(false);
    }

    private async ValueTask<int> MakeDurableAsync()
    {
        // The wait comes first, so that a cut during a flush finds the cache still full.
        if (_latency is not null)
            await _latency.FlushAsync().ConfigureAwait(false);
        return _options.FlushesLie ? 0 : await MoveAllAsync().ConfigureAwait(false);
    }

    private async ValueTask<int> MoveAllAsync()
    {
        if (IsCut)
            return await Never.ConfigureAwait(false);
        await _mover.EnterAsync().ConfigureAwait(false);
        UnflushedWrite[] pieces;
        lock (_lock)
            pieces = _cache.Snapshot();
        int result = await MoveAsync(pieces).ConfigureAwait(false);
        bool isUnfinished = IsCut;
        _mover.Leave();
        return isUnfinished ? await Never.ConfigureAwait(false) : result;
    }

    private async ValueTask<int> EvictAsync()
    {
        await _mover.EnterAsync().ConfigureAwait(false);
        int result = 0;
        while (result == 0 && !IsCut)
        {
            List<UnflushedWrite> victims;
            lock (_lock)
            {
                if (!_cache.IsOverfull)
                    break;
                victims = _cache.ChooseVictims();
            }
            result = await MoveAsync(victims).ConfigureAwait(false);
        }
        bool isUnfinished = IsCut;
        _mover.Leave();
        return isUnfinished ? await Never.ConfigureAwait(false) : result;
    }

    /// <summary>By the holder of the mover's gate. Stops in between when the power goes.</summary>
    private async ValueTask<int> MoveAsync(IReadOnlyList<UnflushedWrite> pieces)
    {
        int result = 0;
        for (int i = 0; i < pieces.Count && result == 0 && !IsCut; i++)
        {
            UnflushedWrite piece = pieces[i];
            piece.Data.CopyTo(_scratch.Span);
            result = await _flash.WriteAsync(piece.OffsetBytes, _scratch.Slice.Slice(0, piece.LengthBytes)).ConfigureAwait(false);
            if (result == 0)
            {
                lock (_lock)
                    _cache.Remove(piece);
            }
        }
        return result;
    }

    /// <summary>The flash below may have larger blocks than sectors: what is lost is written back as it was.</summary>
    private async ValueTask<int> WriteSurvivingAsync(UnflushedWrite piece, bool[] survives)
    {
        int sectors = piece.SectorCount;
        if (!survives.AsSpan(0, sectors).Contains(true))
            return 0;
        NativeSlice slice = _scratch.Slice.Slice(0, piece.LengthBytes);
        int result = await _flash.ReadAsync(piece.OffsetBytes, slice).ConfigureAwait(false);
        if (result != 0)
            return result;
        for (int sector = 0; sector < sectors; sector++)
        {
            int start = sector * UnflushedWrite.SectorBytes;
            if (survives[sector])
                piece.Data.AsSpan(start, UnflushedWrite.SectorBytes).CopyTo(_scratch.Span[start..]);
        }
        return await _flash.WriteAsync(piece.OffsetBytes, slice).ConfigureAwait(false);
    }

    private static void LayOver(List<UnflushedWrite> pieces, long offsetBytes, Span<byte> destination)
    {
        foreach (UnflushedWrite piece in pieces)
        {
            long start = Math.Max(piece.OffsetBytes, offsetBytes);
            long end = Math.Min(piece.OffsetBytes + piece.LengthBytes, offsetBytes + destination.Length);
            piece.Data.AsSpan((int)(start - piece.OffsetBytes), (int)(end - start)).CopyTo(destination[(int)(start - offsetBytes)..]);
        }
    }
}
