using Txlfs.Journal.Runtime.Simulation;

namespace Txlfs.Journal.Device.Simulated;

public sealed record SimulatedDeviceOptions
{
    public string Name { get; init; } = "simulated";
    public int AlignmentBytes { get; init; } = 4096;
    public bool IsReadOnly { get; init; }

    /// <summary>How much the volatile cache holds before it writes out its oldest by itself.</summary>
    public long CacheBytes { get; init; } = 16 << 20;

    /// <summary>One operation in this many is slow: it waits for the clock, not only for its turn. 0: none is.</summary>
    public int SlowOneIn { get; init; } = 16;
}

/// <summary>
/// A device whose every completion is a step of the simulation, in an order that the seed chooses, and which forgets on a
/// power cut what was not flushed. Not thread-safe: it lives on its runtime's thread.
/// </summary>
public sealed class SimulatedBlockDevice : IBlockDevice
{
    private const ulong SeedSalt = 0x6465766963650001;
    private const int MaxSlowMs = 20;

    private readonly SimulatedRuntime _runtime;
    private readonly SimulatedDeviceOptions _options;
    private readonly Xoshiro256 _random;
    private readonly SimulatedCache _cache;
    private long _reads, _writes, _flushes, _discards;

    public SimulatedBlockDevice(SimulatedRuntime runtime, long lengthBytes, SimulatedFaults? faults = null, SimulatedDeviceOptions? options = null)
        : this(runtime, new SparseImage(lengthBytes), faults, options)
    {
    }

    private SimulatedBlockDevice(SimulatedRuntime runtime, SparseImage image, SimulatedFaults? faults, SimulatedDeviceOptions? options)
    {
        _runtime = runtime;
        _options = options ?? new SimulatedDeviceOptions();
        if (_options.AlignmentBytes is not (512 or 4096) || image.LengthBytes % _options.AlignmentBytes != 0)
            throw new ArgumentException("the alignment is 512 or 4096, and the length a multiple of it");
        Faults = faults ?? new SimulatedFaults();
        _random = new Xoshiro256(runtime.Seed ^ SeedSalt);
        _cache = new SimulatedCache(image, _options.CacheBytes, _random);
    }

    /// <summary>The device as it is when the power comes back.</summary>
    public static SimulatedBlockDevice FromImage(SimulatedRuntime runtime, CrashImage image, SimulatedFaults? faults = null, SimulatedDeviceOptions? options = null) =>
        new(runtime, image.Copy(), faults, options);

    public string Name => _options.Name;
    public long LengthBytes => _cache.Medium.LengthBytes;
    public int AlignmentBytes => _options.AlignmentBytes;
    public bool IsReadOnly => _options.IsReadOnly;
    public DeviceCounters Counters { get; } = new();

    public SimulatedFaults Faults { get; }

    /// <summary>Called when a write or flush has been taken in (see <see cref="DeviceEvent"/>). May cut the power.</summary>
    public Action<DeviceEvent>? OnEvent { get; set; }

    /// <summary>Number of the latest event; they count from 1.</summary>
    public long LastEvent { get; private set; }

    /// <summary>After a power cut everything fails with -ENODEV.</summary>
    public bool IsCut { get; private set; }

    /// <summary>What a cut at this moment would put in doubt: completed writes in the order of their completion, then those in flight.</summary>
    public IReadOnlyList<UnflushedWrite> Unflushed => _cache.Unflushed.ToList();

    /// <summary>A digest of what no cut can take. Two moments of one run with the same key, and the same survivors on top, leave the same image.</summary>
    public ulong MediumKey => _cache.MediumKey;

    public ValueTask<int> ReadAsync(long offsetBytes, NativeSlice destination)
    {
        int refusal = IsCut ? -Errno.ENODEV : DeviceRange.Check(this, offsetBytes, destination);
        if (refusal != 0)
            return ValueTask.FromResult(refusal);
        Counters.CountRead(destination.LengthBytes);
        return Start(new SimulatedIo(this, SimulatedIoKind.Read, ++_reads) { OffsetBytes = offsetBytes, Memory = destination });
    }

    public ValueTask<int> WriteAsync(long offsetBytes, NativeSlice source, WriteFlags flags = WriteFlags.None)
    {
        int refusal = IsCut ? -Errno.ENODEV : IsReadOnly ? -Errno.EROFS : DeviceRange.Check(this, offsetBytes, source);
        if (refusal != 0)
            return ValueTask.FromResult(refusal);
        Counters.CountWrite(source.LengthBytes, flags);
        bool isDurable = (flags & WriteFlags.Durable) != 0;
        var write = new UnflushedWrite(++LastEvent, offsetBytes, source.Span.ToArray());
        _cache.Begin(write);
        var io = new SimulatedIo(this, SimulatedIoKind.Write, ++_writes)
        {
            OffsetBytes = offsetBytes,
            Memory = source,
            Write = write,
            NthFlush = isDurable ? ++_flushes : 0,
            CoversOrder = _cache.LastOrder,
        };
        OnEvent?.Invoke(new DeviceEvent(LastEvent, isDurable ? DeviceEventKind.DurableWrite : DeviceEventKind.Write, offsetBytes, source.LengthBytes));
        return Start(io);
    }

    public ValueTask<int> FlushAsync()
    {
        if (IsCut)
            return ValueTask.FromResult(-Errno.ENODEV);
        Counters.CountFlush();
        _flushes++;
        var io = new SimulatedIo(this, SimulatedIoKind.Flush, _flushes) { NthFlush = _flushes, CoversOrder = _cache.LastOrder };
        LastEvent++;
        OnEvent?.Invoke(new DeviceEvent(LastEvent, DeviceEventKind.Flush, 0, 0));
        return Start(io);
    }

    public ValueTask<int> DiscardAsync(long offsetBytes, long lengthBytes)
    {
        int refusal = IsCut ? -Errno.ENODEV : IsReadOnly ? -Errno.EROFS : DeviceRange.Check(this, offsetBytes, lengthBytes);
        if (refusal != 0)
            return ValueTask.FromResult(refusal);
        Counters.CountDiscard(lengthBytes);
        return Start(new SimulatedIo(this, SimulatedIoKind.Discard, ++_discards) { OffsetBytes = offsetBytes, LengthBytes = lengthBytes });
    }

    /// <summary>What a cut at this moment would leave; the device goes on.</summary>
    public CrashImage PeekCut(ICutPolicy policy) => new(_cache.Cut(policy), LastEvent);

    /// <summary>Cuts the power, by a seed taken from the run's own.</summary>
    public CrashImage Cut() => PowerCut(_random.NextUInt64());

    public CrashImage PowerCut(ulong seed) => PowerCut(CutPolicy.Random(seed));

    public CrashImage PowerCut(ICutPolicy policy)
    {
        CrashImage image = PeekCut(policy);
        IsCut = true;
        return image;
    }

    /// <summary>Bit rot: flips at least one bit of every byte in the range, on the medium and in what reads see.</summary>
    public void CorruptAtRest(long offsetBytes, int lengthBytes, ulong seed)
    {
        _cache.Disturb();
        var random = new Xoshiro256(seed);
        var flips = new byte[lengthBytes];
        random.Fill(flips);
        foreach (SparseImage image in (ReadOnlySpan<SparseImage>)[_cache.Medium, _cache.View])
        {
            var data = new byte[lengthBytes];
            image.Read(offsetBytes, data);
            for (int i = 0; i < lengthBytes; i++)
                data[i] ^= (byte)(flips[i] | 1);
            image.Write(offsetBytes, data);
        }
    }

    /// <summary>Reads what reads would see, past all faults.</summary>
    public void Peek(long offsetBytes, Span<byte> destination) => _cache.View.Read(offsetBytes, destination);

    public void Dispose() => IsCut = true;

    private ValueTask<int> Start(SimulatedIo io)
    {
        if (_options.SlowOneIn > 0 && _random.OneIn(_options.SlowOneIn))
            _runtime.Schedule(1 + _random.Next(MaxSlowMs), io);
        else
            _runtime.Queue(io);
        return io.Task;
    }

    internal int Complete(SimulatedIo io)
    {
        if (IsCut)
            return -Errno.ENODEV;
        return io.Kind switch
        {
            SimulatedIoKind.Read => CompleteRead(io),
            SimulatedIoKind.Write => CompleteWrite(io, io.Write!),
            SimulatedIoKind.Flush => CompleteFlush(io),
            _ => CompleteDiscard(io),
        };
    }

    private int CompleteRead(SimulatedIo io)
    {
        int result = Faults.ReadResult(io.Nth, io.OffsetBytes, io.Memory.LengthBytes);
        if (result == 0)
            _cache.View.Read(io.OffsetBytes, io.Memory.Span);
        return result;
    }

    private int CompleteWrite(SimulatedIo io, UnflushedWrite write)
    {
        if (!io.Memory.Span.SequenceEqual(write.Data))
            throw new SimulationException($"{Name}: the memory of a write at {io.OffsetBytes} changed while it was in flight (seed {_runtime.Seed})");
        int result = Faults.WriteResult(io.Nth);
        long targetBytes = Faults.TargetOf(io.Nth, io.OffsetBytes);
        if (result != 0)
            _cache.Fail(write);
        else if (Faults.IsLost(io.Nth))
            _cache.Lose(write);
        else if (targetBytes != io.OffsetBytes)
            _cache.Misdirect(write, targetBytes);
        else
            return CompleteInPlace(io, write);
        return result;
    }

    private int CompleteInPlace(SimulatedIo io, UnflushedWrite write)
    {
        bool isDurable = io.NthFlush != 0;
        int flushResult = isDurable ? Faults.FlushResult(io.NthFlush) : 0;
        if (flushResult != 0)
        {
            _cache.Fail(write);
            _cache.FailFlush(_cache.LastOrder);
            return flushResult;
        }
        if (!isDurable || Faults.IsLie(io.NthFlush))
        {
            _cache.Complete(write);
            return 0;
        }
        _cache.Flush(io.CoversOrder);
        _cache.CompleteDurably(write);
        return 0;
    }

    private int CompleteFlush(SimulatedIo io)
    {
        int result = Faults.FlushResult(io.NthFlush);
        if (result != 0)
            _cache.FailFlush(io.CoversOrder);
        else if (!Faults.IsLie(io.NthFlush))
            _cache.Flush(io.CoversOrder);
        return result;
    }

    /// <summary>The content is undefined afterwards: sometimes zeros at once, sometimes zeros until the power goes, sometimes as before.</summary>
    private int CompleteDiscard(SimulatedIo io)
    {
        if (!_random.OneIn(3))
            _cache.View.Discard(io.OffsetBytes, io.LengthBytes);
        if (_random.OneIn(2))
        {
            _cache.Medium.Discard(io.OffsetBytes, io.LengthBytes);
            _cache.Disturb();
        }
        return 0;
    }
}
