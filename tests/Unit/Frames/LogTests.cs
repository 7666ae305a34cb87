using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Journal.Device;
using Txlfs.Journal.Frames;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Xunit;

namespace Txlfs.Tests.Unit.Frames;

public class LogTests
{
    private const int SegmentBytes = FrameLimits.MinSegmentBytes;
    private static readonly Guid Volume = new("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public void HeaderAndEntryHaveTheirPinnedBytes()
    {
        Assert.Equal(256, FrameFormat.HeaderBytes);
        Assert.Equal(
            [0, 8, 10, 11, 12, 16, 32, 40, 48, 56, 64, 68, 72, 76, 80, 88, 96, 104, 112, 128, 160, 224],
            new[]
            {
                FrameFormat.MagicOffset, FrameFormat.VersionOffset, FrameFormat.HeadOffset, FrameFormat.RedoCodecOffset, FrameFormat.ChecksumKindOffset,
                FrameFormat.VolumeIdOffset, FrameFormat.GenerationOffset, FrameFormat.SequenceOffset, FrameFormat.DurableSequenceOffset, FrameFormat.AddressOffset,
                FrameFormat.LengthOffset, FrameFormat.TailOffsetOffset, FrameFormat.ExtentCountOffset, FrameFormat.RedoStoredOffset, FrameFormat.RedoRawOffset,
                FrameFormat.FirstCsnOffset, FrameFormat.LastCsnOffset, FrameFormat.SuccessorOffset, FrameFormat.WallNsOffset, FrameFormat.PreviousOffset,
                FrameFormat.TailDigestOffset, FrameFormat.HeaderDigestOffset,
            });
        Assert.Equal(36, FrameFormat.EntryBytes(ChecksumKind.Crc32c));
        Assert.Equal(40, FrameFormat.EntryBytes(ChecksumKind.Xxh3));
        Assert.Equal(64, FrameFormat.EntryBytes(ChecksumKind.Sha256));
        Assert.Equal("TXLFRAM1"u8.ToArray(), BitConverter.GetBytes(FrameFormat.Magic));
    }

    [Fact]
    public void ASyncedBlockIsTwoBlocksAndOneWriteAndOneFlushOfTheDevice()
    {
        var runtime = new SimulatedRuntime(1);
        using var device = new SimulatedBlockDevice(runtime, 16L << 20);
        using LogWriter log = NewLog(device, runtime, new Segments(4));
        runtime.RunToEnd(() => AppendAsync(log, 1, 4096, isAligned: true));
        Assert.Equal(0, runtime.RunToEnd(log.SyncAsync()));
        Assert.Equal((1, 8192, 1), ((int)device.Counters.Writes, (int)device.Counters.WriteBytes, (int)device.Counters.Flushes));
    }

    /// <summary>Whatever a cut leaves, the chain is a prefix that holds every synced commit, with its data.</summary>
    [Theory]
    [InlineData(CodecKind.None, ChecksumKind.Crc32c)]
    [InlineData(CodecKind.Lz4, ChecksumKind.Crc32c)]
    [InlineData(CodecKind.Lz4, ChecksumKind.Sha256)]
    [InlineData(CodecKind.Zstd, ChecksumKind.Xxh3)]
    public void TheChainAfterACutIsAPrefixThatHoldsAllThatWasSynced(CodecKind codec, ChecksumKind checksum)
    {
        for (ulong seed = 1; seed <= 40; seed++)
        {
            try
            {
                CutOnce(seed, codec, checksum);
            }
            catch (Exception failure)
            {
                throw new Xunit.Sdk.XunitException($"seed {seed}: {failure}");
            }
        }
    }

    private static void CutOnce(ulong seed, CodecKind codec, ChecksumKind checksum)
    {
        var runtime = new SimulatedRuntime(seed);
        var random = new Xoshiro256(seed);
        using var device = new SimulatedBlockDevice(runtime, 32L << 20);
        using LogWriter log = NewLog(device, runtime, new Segments(12), codec, checksum);
        ulong synced = 0;
        ulong appended = 0;
        int commits = 20 + random.Next(200);
        runtime.Run(async () =>
        {
            for (int i = 0; i < commits; i++)
            {
                ulong csn = (ulong)i + 1;
                if (await AppendAsync(log, csn, random.OneIn(3) ? 4096 * (1 + random.Next(32)) : 1 + random.Next(5000), random.OneIn(2)) != 0)
                {
                    break;
                }
                appended = csn;
                if (random.OneIn(8))
                {
                    Assert.Equal(0, await log.SyncAsync());
                    synced = csn;
                }
            }
        });
        CrashImage image = device.PowerCut(seed);
        var after = new SimulatedRuntime(seed + 1);
        using var remounted = SimulatedBlockDevice.FromImage(after, image);
        ulong last = 0;
        using var scanner = new LogScanner(remounted, Volume, 7, SegmentBytes, Start);
        while (after.RunToEnd(scanner.NextAsync()) == 1)
        {
            for (int at = 0; at < scanner.Redo.Length; at += 8 + (int)(BitConverter.ToUInt64(scanner.Redo[at..]) % 300))
            {
                Assert.Equal(++last, BitConverter.ToUInt64(scanner.Redo[at..]));
            }
        }
        Assert.InRange(last, synced, appended);
    }

    [Fact]
    public void AWriteErrorEndsAcknowledgementForGood()
    {
        var runtime = new SimulatedRuntime(3);
        var faults = new SimulatedFaults();
        faults.FailWrite(2, Errno.EIO);
        using var device = new SimulatedBlockDevice(runtime, 16L << 20, faults);
        using LogWriter log = NewLog(device, runtime, new Segments(4));
        runtime.RunToEnd(() => AppendAsync(log, 1, 4096, isAligned: true));
        Assert.Equal(0, runtime.RunToEnd(log.SyncAsync()));
        runtime.RunToEnd(() => AppendAsync(log, 2, 4096, isAligned: true));
        Assert.Equal(-Errno.EIO, runtime.RunToEnd(log.SyncAsync()));
        Assert.Equal(-Errno.EIO, runtime.RunToEnd(log.SyncAsync()));
        Assert.Equal(-Errno.EIO, log.TryAppendRedo(new byte[8], 3));
    }

    [Fact]
    public void DataIsReadableFromTheMomentItIsReserved()
    {
        var runtime = new SimulatedRuntime(4);
        using var device = new SimulatedBlockDevice(runtime, 16L << 20);
        using LogWriter log = NewLog(device, runtime, new Segments(4));
        Assert.Equal(0, log.TryReserve(100, false, new ExtentTag(5, 0, 100, CodecKind.None), out DataReservation reservation));
        reservation.Memory.Span.Fill(0x5A);
        log.Complete(reservation, new byte[Checksum.MaxWidthBytes]);
        var read = new byte[100];
        Assert.True(log.TryReadInFlight(reservation.AddressBytes, read));
        Assert.All(read, value => Assert.Equal(0x5A, value));
        Assert.False(log.TryReadInFlight(reservation.AddressBytes + SegmentBytes, read));
    }

    [Fact]
    public void AFullLogSaysNoSpaceAndGoesOnWhenASegmentComes()
    {
        var runtime = new SimulatedRuntime(5);
        using var device = new SimulatedBlockDevice(runtime, 16L << 20);
        var segments = new Segments(1);
        using LogWriter log = NewLog(device, runtime, segments);
        ulong csn = 0;
        int result;
        while ((result = runtime.RunToEnd(() => AppendAsync(log, csn + 1, 65536, isAligned: true))) == 0)
        {
            csn++;
        }
        Assert.Equal(-Errno.ENOSPC, result);
        segments.Give(2);
        Assert.Equal(0, runtime.RunToEnd(() => AppendAsync(log, csn + 1, 65536, isAligned: true)));
        Assert.Equal(0, runtime.RunToEnd(log.SyncAsync()));
        using var scanner = new LogScanner(device, Volume, 7, SegmentBytes, Start);
        ulong last = 0;
        while (runtime.RunToEnd(scanner.NextAsync()) == 1)
        {
            last = Math.Max(last, scanner.Header.LastCsn);
        }
        Assert.Equal(csn + 1, last);
    }

    private static LogPosition Start => new(SegmentBytes, 0, 1, new byte[Checksum.MaxWidthBytes], 0);

    internal static LogWriter NewLog(IBlockDevice device, SimulatedRuntime runtime, Segments segments, CodecKind codec = CodecKind.Lz4, ChecksumKind checksum = ChecksumKind.Crc32c)
    {
        var settings = new LogSettings { VolumeId = Volume, Generation = 7, RedoCodec = codec, ChecksumKind = checksum, SegmentBytes = SegmentBytes, FrameCount = 4 };
        return new LogWriter(device, settings, segments, runtime.Seams, Start);
    }

    /// <summary>One commit: an extent, then redo that begins with the CSN and has 8 + CSN % 300 bytes.</summary>
    internal static async ValueTask<int> AppendAsync(LogWriter log, ulong csn, int dataBytes, bool isAligned)
    {
        int stored = isAligned ? FrameFormat.RoundUpToBlock(dataBytes) : dataBytes;
        DataReservation reservation;
        int result;
        while ((result = log.TryReserve(stored, isAligned, new ExtentTag(9, 0, stored, CodecKind.None), out reservation)) == -Errno.EAGAIN)
        {
            await log.WaitForRoomAsync();
        }
        if (result != 0)
        {
            return result;
        }
        new Xoshiro256(csn).Fill(reservation.Memory.Span);
        var digest = new byte[Checksum.MaxWidthBytes];
        Checksum.Compute(log.ChecksumKind, reservation.Memory.Span, digest);
        log.Complete(reservation, digest);
        var redo = new byte[8 + (csn % 300)];
        BitConverter.TryWriteBytes(redo, csn);
        while ((result = log.TryAppendRedo(redo, csn)) == -Errno.EAGAIN)
        {
            log.Kick();
            await log.WaitForRoomAsync();
        }
        log.Kick();
        return result;
    }

    internal sealed class Segments(int count) : ISegmentSource
    {
        private int _left = count - 1;
        private int _next = 2;

        public void Give(int more) => _left += more;

        public bool TryTake(LogHead head, out long addressBytes)
        {
            addressBytes = (long)_next * SegmentBytes;
            if (_left == 0)
            {
                return false;
            }
            _left--;
            _next++;
            return true;
        }

        public void Reserved(long addressBytes) => Assert.InRange(addressBytes, SegmentBytes, long.MaxValue);

        public void Left(LogHead head, long addressBytes, ulong lastSequence)
        {
        }
    }
}
