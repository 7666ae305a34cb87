using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Card;
using Txlfs.Journal.Runtime;
using Txlfs.Journal.Runtime.Simulation;
using Xunit;

namespace Txlfs.Tests.Unit.Card;

/// <summary>The card model over a device in memory, which completes at once: so everything but the seed is the same in each run.</summary>
public sealed class CardDeviceTests : IDisposable
{
    private const int BlockBytes = 4096;
    private const int Blocks = 1024;

    private readonly MemoryBlockDevice _flash = new(Blocks * BlockBytes);
    private readonly AlignedBuffer _buffer = new(256 * BlockBytes);
    private int _cuts;

    public void Dispose()
    {
        _buffer.Dispose();
        _flash.Dispose();
    }

    [Fact]
    public void WhatWasFlushedSurvivesACut()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            CardBlockDevice card = Card(seed);
            Write(card, 3, (byte)(seed + 1), 8);
            Assert.Equal(0, Done(card.FlushAsync()));
            Write(card, 3, 0xEE, 4);
            Cut(card);
            Assert.All(Enumerable.Range(7, 4), block => Assert.All(Flash(block), value => Assert.Equal((byte)(seed + 1), value)));
        }
    }

    [Fact]
    public void ADurableWriteSurvivesACut()
    {
        CardBlockDevice card = Card(1);
        Write(card, 0, 0x11, 1);
        _buffer.Span.Fill(0x22);
        Assert.Equal(0, Done(card.WriteAsync(BlockBytes, _buffer.Slice.Slice(0, BlockBytes), WriteFlags.Durable)));
        Cut(card);
        Assert.Equal((0x11, 0x22), (Flash(0)[0], Flash(1)[0]));
    }

    [Fact]
    public void WhatWasNotFlushedIsKeptLostOrTornBySectors()
    {
        int kept = 0, lost = 0, torn = 0;
        CardBlockDevice card = Card(7, new CardOptions { Seed = 7 });
        for (int block = 0; block < 64; block++)
            Write(card, block, 0x33, 1);
        Assert.All(Enumerable.Range(0, 64), block => Assert.Equal(0, Flash(block)[0]));
        Cut(card);
        for (int block = 0; block < 64; block++)
        {
            int[] sectors = Flash(block).Chunk(512).Select(sector => sector.Distinct().Single() == 0x33 ? 1 : 0).ToArray();
            kept += sectors.All(sector => sector == 1) ? 1 : 0;
            lost += sectors.All(sector => sector == 0) ? 1 : 0;
            torn += sectors.Distinct().Count() > 1 ? 1 : 0;
        }
        Assert.True(kept > 5 && lost > 5 && torn > 5, $"{kept} kept, {lost} lost, {torn} torn");
    }

    [Fact]
    public void TheSeedDecidesEverything()
    {
        Assert.Equal(ImageAfterCut(5), ImageAfterCut(5));
        Assert.NotEqual(ImageAfterCut(5), ImageAfterCut(6));
    }

    /// <summary>More than the cache holds, with blocks that are written again and again: reads see the newest, whatever has been evicted.</summary>
    [Fact]
    public void ReadsSeeTheNewestThroughEvictionAndFlush()
    {
        CardBlockDevice card = Card(3);
        var random = new Xoshiro256(3);
        var expected = new byte[Blocks];
        for (int i = 1; i < 3000; i++)
        {
            int block = random.Next(100), count = 1 + random.Next(40);
            byte value = (byte)(1 + (i % 255));
            Write(card, block, value, count);
            expected.AsSpan(block, count).Fill(value);
            if (random.OneIn(200))
                Assert.Equal(0, Done(card.FlushAsync()));
            if (random.OneIn(20))
                CheckReads(card, expected, random.Next(100), 1 + random.Next(40));
        }
        Assert.Equal(0, Done(card.SettleAsync()));
        Assert.All(Enumerable.Range(0, 139), block => Assert.Equal(expected[block], Flash(block)[0]));
    }

    [Fact]
    public void TheCacheIsBoundedAndEvictsOutOfOrder()
    {
        CardBlockDevice card = Card(4);
        for (int block = 0; block < 200; block++)
            Write(card, block, 0x44, 1);
        bool[] evicted = Enumerable.Range(0, 200).Select(block => Flash(block)[0] != 0).ToArray();
        Assert.Equal(200 - CardOptions.LeastCacheBytes / BlockBytes, evicted.Count(isOut => isOut));
        Assert.Contains(true, evicted.Skip(184));
    }

    [Fact]
    public void ALyingFlushMakesNothingDurable()
    {
        CardBlockDevice card = Card(8, new CardOptions { Seed = 8, FlushesLie = true });
        for (int block = 0; block < 40; block++)
            Write(card, block, 0x55, 1);
        Assert.Equal(0, Done(card.FlushAsync()));
        Cut(card);
        Assert.Contains(Enumerable.Range(0, 40), block => Flash(block).Contains((byte)0));
    }

    [Fact]
    public void NothingIsAnsweredAfterTheCut()
    {
        CardBlockDevice card = Card(9, new CardOptions { Seed = 9, DieAfter = 3 });
        Write(card, 0, 1, 1);
        Write(card, 1, 1, 1);
        Assert.Equal(0, _cuts);
        Assert.False(card.FlushAsync().IsCompleted);
        Assert.Equal(1, _cuts);
        Assert.False(card.ReadAsync(0, _buffer.Slice).IsCompleted);
        Assert.False(card.WriteAsync(0, _buffer.Slice).IsCompleted);
        Assert.False(card.FlushAsync().IsCompleted);
    }

    [Fact]
    public void LatenciesComeFromTheClock()
    {
        var runtime = new SimulatedRuntime(2);
        var card = new CardBlockDevice(_flash, new CardOptions { Seed = 2, HasLatency = true }, runtime.Seams.Clock, _ => { });
        ValueTask<int> flush = card.FlushAsync();
        Assert.False(flush.IsCompleted);
        long before = runtime.Seams.Clock.MonotonicNs;
        Assert.Equal(0, runtime.RunToEnd(flush));
        Assert.InRange(runtime.Seams.Clock.MonotonicNs - before, 2_000_000, 20_000_000);
    }

    private byte[] ImageAfterCut(ulong seed)
    {
        using var flash = new MemoryBlockDevice(Blocks * BlockBytes);
        var card = new CardBlockDevice(flash, new CardOptions { Seed = seed, CacheBytes = CardOptions.LeastCacheBytes }, NoClock.Instance, _ => { });
        for (int block = 0; block < 100; block++)
            Write(card, block * 7 % 100, (byte)(block + 1), 1);
        Done(card.CutPowerAsync());
        Assert.Equal(0, Done(flash.ReadAsync(0, _buffer.Slice)));
        return _buffer.Span.ToArray();
    }

    private CardBlockDevice Card(ulong seed, CardOptions? options = null)
        => new(_flash, options ?? new CardOptions { Seed = seed, CacheBytes = CardOptions.LeastCacheBytes }, NoClock.Instance, result =>
        {
            Assert.Equal(0, result);
            _cuts++;
        });

    private void Cut(CardBlockDevice card)
    {
        Done(card.CutPowerAsync());
        Assert.Equal(1, _cuts);
        _cuts = 0;
    }

    private void Write(CardBlockDevice card, int block, byte value, int count)
    {
        NativeSlice source = _buffer.Slice.Slice(0, count * BlockBytes);
        source.Span.Fill(value);
        Assert.Equal(0, Done(card.WriteAsync((long)block * BlockBytes, source)));
    }

    private void CheckReads(CardBlockDevice card, byte[] expected, int block, int count)
    {
        Assert.Equal(0, Done(card.ReadAsync((long)block * BlockBytes, _buffer.Slice.Slice(0, count * BlockBytes))));
        for (int i = 0; i < count; i++)
            Assert.Equal(-1, _buffer.Span.Slice(i * BlockBytes, BlockBytes).IndexOfAnyExcept(expected[block + i]));
    }

    private byte[] Flash(int block)
    {
        NativeSlice last = _buffer.Slice.Slice(_buffer.LengthBytes - BlockBytes);
        Assert.Equal(0, Done(_flash.ReadAsync((long)block * BlockBytes, last)));
        return last.Span.ToArray();
    }

    private static int Done(ValueTask<int> task)
    {
        Assert.True(task.IsCompleted);
        return task.Result;
    }

    private static void Done(ValueTask task) => Assert.True(task.IsCompletedSuccessfully);

    private sealed class NoClock : IClock
    {
        public static readonly NoClock Instance = new();
        public long WallNs => 0;
        public long MonotonicNs => 0;

        public void Schedule(int delayMs, IWorkItem item) => throw new InvalidOperationException("a card without latency asked for a pause");
    }
}
