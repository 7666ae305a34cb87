using Txlfs.Journal;
using Txlfs.Journal.Codec;
using Txlfs.Lfs;
using Txlfs.Lfs.Data;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Tests.Unit.Fakes;
using Xunit;

namespace Txlfs.Tests.Unit.Data;

public class DataPathTests
{
    private const ulong File = DataFixture.File;

    private static byte[] Bytes(int length, ulong seed = 3)
    {
        byte[] data = new byte[length];
        new FakeRandom(seed).Fill(data);
        return data;
    }

    /// <summary>The result of what must have completed at once.</summary>
    private static int Take(ValueTask<int> task) => task.IsCompletedSuccessfully ? task.Result : throw new InvalidOperationException("not completed at once");

    private static void Take(ValueTask task)
    {
        Assert.True(task.IsCompletedSuccessfully);
        task.GetAwaiter().GetResult();
    }

    [Fact]
    public void SmallFilesLiveInTheIndexAndGrowOutOfItInOneCommit()
    {
        using var f = new DataFixture();
        f.Create();
        byte[] data = Bytes(5000);
        Assert.Equal(2048, f.Write(File, 0, data.AsSpan(0, 2048)));
        Assert.Empty(f.Extents(File));
        Assert.Equal(2048, f.Attributes().AllocatedBytes);
        int commits = f.Engine.Commits.Count;
        Assert.Equal(2952, f.Write(File, 2048, data.AsSpan(2048)));
        Assert.Equal(commits + 1, f.Engine.Commits.Count);
        Assert.Null(f.Engine.Index[Key.Of(File, RecordKind.Inline, 0)]);
        Assert.Equal(data, f.Read(File, 0, 6000));
        f.CheckStructure(File);
    }

    [Theory]
    [InlineData(ChecksumKind.Crc32c, 8)]
    [InlineData(ChecksumKind.Sha256, 32)]
    public void ExtentsFollowTheWritePatternUpToTheRecordsCap(ChecksumKind checksum, int extentsOfAMegabyte)
    {
        using var f = new DataFixture(CodecKind.None, checksum);
        f.Create();
        byte[] data = Bytes(1 << 20);
        Assert.Equal(data.Length, f.Write(File, 0, data));
        Assert.Equal(extentsOfAMegabyte, f.Extents(File).Count);
        Assert.All(f.Extents(File), e => Assert.True(e.Value.Length <= ExtentRecord.MaxBytes));
        Assert.Equal(4096, f.Write(File, 40960, data.AsSpan(0, 4096)));
        Assert.Contains(f.Extents(File), e => e.Start == 40960 && e.Extent.VisibleLengthBytes == 4096);
        f.CheckStructure(File);
    }

    [Fact]
    public void AppendsThatLieBehindEachOtherOnTheDeviceBecomeOneExtent()
    {
        using var f = new DataFixture();
        f.Create();
        byte[] data = Bytes(64 * 4096);
        for (int at = 0; at < data.Length; at += 4096)
        {
            Assert.Equal(4096, f.Write(File, at, data.AsSpan(at, 4096)));
        }
        Assert.Equal(2, f.Extents(File).Count);
        Assert.Equal(data, f.Read(File, 0, data.Length));
        f.CheckStructure(File);
    }

    [Fact]
    public void TheDigestForTheFrameIsThatOfTheWholeExtent()
    {
        foreach (ChecksumKind kind in new[] { ChecksumKind.Crc32c, ChecksumKind.Sha256 })
        {
            using var f = new DataFixture(CodecKind.None, kind);
            f.Create();
            byte[] data = Bytes(30_000);
            Assert.Equal(data.Length, f.Write(File, 0, data));
            (long _, Extent extent, byte[] _) = f.Extents(File)[0];
            byte[] digest = new byte[Checksum.MaxWidthBytes];
            Checksum.Compute(kind, data.AsSpan(0, extent.StoredLengthBytes), digest);
            Assert.Equal(digest, f.Engine.Digests[extent.AddressBytes]);
        }
    }

    [Theory]
    [InlineData(CodecKind.None)]
    [InlineData(CodecKind.Lz4)]
    public void BadBytesAreAnErrorWithAddressInTheLogAndNeverReturned(CodecKind codec)
    {
        using var f = new DataFixture(codec);
        f.Create();
        byte[] data = [.. Bytes(64 * 1024).Select((b, i) => i % 9 == 0 ? b : (byte)(i / 64))];
        Assert.Equal(data.Length, f.Write(File, 0, data));
        (long _, Extent extent, byte[] _) = f.Extents(File)[0];
        int bad = codec == CodecKind.None ? 5 * 4096 + 17 : extent.StoredLengthBytes / 2;
        f.Engine.Device.Span[(int)extent.AddressBytes + bad] ^= 1;

        var destination = new Pinned(data.Length);
        destination.Span.Fill(0xEE);
        Assert.Equal(-Errno.EIO, f.Engine.Run(f.Path.ReadAsync(File, 0, destination.Slice)));
        Assert.Equal(0, destination.Span[bad]);
        string line = Assert.Single(f.Engine.Log.Lines, l => l.Contains("checksum"));
        Assert.Contains($"inode {File}", line);
        Assert.Contains($"{extent.AddressBytes + (codec == CodecKind.None ? 5 * 4096 : 0)}", line);
        if (codec == CodecKind.None)
        {
            Assert.Equal(data[..(5 * 4096)], f.Read(File, 0, 5 * 4096));
            Assert.Equal(-Errno.EIO, f.TryRead(File, 5 * 4096, 4096, out _));
        }
    }

    [Fact]
    public void AReadThatTheDeviceRefusesIsAnErrorAndLogged()
    {
        using var f = new DataFixture();
        f.Create();
        f.Write(File, 0, Bytes(8192));
        f.Engine.FailReadsErrno = Errno.EIO;
        Assert.Equal(-Errno.EIO, f.TryRead(File, 0, 8192, out _));
        Assert.Contains(f.Engine.Log.Lines, l => l.Contains("cannot be read"));
        Assert.Equal(-Errno.EIO, f.Write(File, 100, Bytes(10)));
        f.CheckStructure(File);
    }

    /// <summary>A record that points elsewhere by the time the bytes turn out bad is no damage.</summary>
    [Fact]
    public void AnExtentThatMovedDuringTheReadIsReadAgain()
    {
        using var f = new DataFixture();
        f.Create();
        byte[] data = Bytes(8192);
        f.Write(File, 0, data);
        (long _, Extent extent, byte[] value) = f.Extents(File)[0];
        f.Engine.AnswersLater = true;
        var destination = new Pinned(8192);
        Task<int> read = f.Path.ReadAsync(File, 0, destination.Slice).AsTask();
        f.Engine.Device.Slice((int)extent.AddressBytes, 8192).Span.CopyTo(f.Engine.Device.Slice(64 << 20, 8192).Span);
        f.Engine.Device.Slice((int)extent.AddressBytes, 8192).Span.Fill(9);
        ExtentRecord.WriteHeader(value, extent with { BirthCsn = extent.BirthCsn + 1, AddressBytes = 64 << 20 });

        // The plan was made before the move, and the transfer happens behind it.
        f.Engine.BeforeApply = null;
        f.Engine.Index.Put(Key.Of(File, RecordKind.Extent, 0), value);
        f.Engine.RunAll();
        Assert.Equal(8192, f.Engine.Run(new ValueTask<int>(read)));
        Assert.Equal(data, destination.Span);
        Assert.Empty(f.Engine.Log.Lines);
    }

    [Fact]
    public void TwoWritersIntoOneBlockBothGetThrough()
    {
        using var f = new DataFixture();
        f.Create();
        f.Write(File, 0, new byte[16384]);
        f.Engine.AnswersLater = true;
        Pinned[] sources = [.. Enumerable.Range(0, 8).Select(i => new Pinned(Enumerable.Repeat((byte)(i + 1), 100).ToArray()))];
        Task<int>[] writes = [.. sources.Select((s, i) => f.Path.WriteAsync(File, 4096 + i * 100, s.Slice, WriteOptions.None, default).AsTask())];
        f.Engine.RunAll();
        Assert.All(writes, w => Assert.Equal(100, f.Engine.Run(new ValueTask<int>(w))));
        Assert.True(f.Path.Counters.WriteConflicts > 0);
        f.Engine.AnswersLater = false;
        byte[] block = f.Read(File, 4096, 800);
        Assert.All(Enumerable.Range(0, 800), i => Assert.Equal(i / 100 + 1, block[i]));
        f.CheckStructure(File);
    }

    [Fact]
    public void ConcurrentAppendsDoNotOverwriteEachOther()
    {
        using var f = new DataFixture();
        f.Create();
        f.Engine.AnswersLater = true;
        Pinned[] sources = [.. Enumerable.Range(0, 20).Select(i => new Pinned(Enumerable.Repeat((byte)(i + 1), 500).ToArray()))];
        Task<int>[] writes = [.. sources.Select(s => f.Path.WriteAsync(File, 0, s.Slice, WriteOptions.Append, default).AsTask())];
        f.Engine.RunAll();
        Assert.All(writes, w => Assert.Equal(500, f.Engine.Run(new ValueTask<int>(w))));
        f.Engine.AnswersLater = false;
        byte[] all = f.Read(File, 0, 20_000);
        Assert.Equal(10_000, all.Length);
        Assert.Equal(Enumerable.Range(1, 20), Enumerable.Range(0, 20).Select(i => (int)all[i * 500]).Order());
        f.CheckStructure(File);
    }

    /// <summary>Only a look-up beside a commit sees what does not fit together; it looks again, in the end where nothing moves.</summary>
    [Fact]
    public void ALookBesideACommitIsRepeated()
    {
        using var f = new DataFixture();
        f.Create();
        byte[] data = Bytes(9000);
        f.Write(File, 0, data);
        long version = 0;
        int calls = 0;
        f.Engine.OnApplyVersion = () => ++calls < 40 ? ++version : version & ~1L;
        Assert.Equal(data, f.Read(File, 0, 12_000));
        Assert.True(calls >= 40);
    }

    [Fact]
    public void LongTruncationsTakeBatchesAndAreFinishedAfterACrash()
    {
        using var f = new DataFixture();
        f.Create();
        byte[] block = Bytes(4096);
        const int blocks = 3000;
        for (int i = 0; i < blocks; i++)
        {
            f.Write(File, (long)(blocks - 1 - i) * 4096, block);
        }
        Assert.True(f.Extents(File).Count > 2000);

        // The engine dies after the first commit of the truncation.
        f.Engine.AnswersLater = true;
        Task<OpResult<InodeAttributes>> cut = f.Path.SetSizeAsync(File, 5000, default, default).AsTask();
        f.Engine.AnswersLater = false;
        Assert.False(cut.IsCompleted);
        Assert.NotNull(f.Engine.Index[Key.Of(0, RecordKind.Trim, File)]);
        Assert.Equal(5000, f.Attributes().SizeBytes);
        Assert.Equal(5000, f.Read(File, 0, 100_000).Length);

        f.Remount();
        Take(f.Path.RecoverTrimsAsync());
        Assert.Null(f.Engine.Index[Key.Of(0, RecordKind.Trim, File)]);
        f.CheckStructure(File);
    }

    [Fact]
    public void GrowingOverAnUnfinishedTruncationFinishesItFirst()
    {
        using var f = new DataFixture();
        f.Create();
        byte[] block = Bytes(4096);
        for (int i = 1500; i >= 0; i--)
        {
            f.Write(File, (long)i * 4096, block);
        }
        f.Engine.AnswersLater = true;
        Task<OpResult<InodeAttributes>> cut = f.Path.SetSizeAsync(File, 100, default, default).AsTask();
        f.Engine.AnswersLater = false;
        Assert.False(cut.IsCompleted);
        Assert.Equal(0, f.SetSize(File, 1500 * 4096));
        byte[] read = f.Read(File, 0, 1500 * 4096);
        Assert.Equal(-1, read.AsSpan(100).IndexOfAnyExcept((byte)0));
        f.Engine.RunAll();
        Assert.Equal(0, f.Engine.Run(new ValueTask<OpResult<InodeAttributes>>(cut)).Errno);
        f.CheckStructure(File);
    }

    [Fact]
    public void AFullVolumeStillTruncatesAndPunches()
    {
        using var f = new DataFixture();
        f.Create();
        f.Write(File, 0, Bytes(200_000));
        f.Engine.IsFull = true;
        Assert.Equal(-Errno.ENOSPC, f.Write(File, 0, Bytes(4096)));
        Assert.Equal(0, f.Engine.Run(f.Path.FallocateAsync(File, FallocateMode.PunchHole | FallocateMode.KeepSize, 4096, 8192, 0, default)));
        Assert.Equal(0, f.SetSize(File, 10));
        f.CheckStructure(File);
    }

    [Fact]
    public void PagesFromTheKernelsCacheLeaveTheTimesAlone()
    {
        using var f = new DataFixture();
        f.Create();
        f.Write(File, 0, Bytes(4096));
        Timestamp mtime = f.Attributes().Mtime;
        f.Write(File, 0, Bytes(8192), WriteOptions.FromCache);
        Assert.Equal(mtime, f.Attributes().Mtime);
        Assert.Equal(8192, f.Attributes().SizeBytes);
        f.Write(File, 0, Bytes(4096));
        Assert.NotEqual(mtime, f.Attributes().Mtime);
    }

    [Fact]
    public void WritesMayClearSetuidAndSetgid()
    {
        using var f = new DataFixture();
        f.Create(File, ModeBits.Regular | ModeBits.SetUid | ModeBits.SetGid | 0x1FF);
        f.Write(File, 0, Bytes(10), WriteOptions.KillPrivileges);
        Assert.Equal(ModeBits.Regular | 0x1FFu, f.Attributes().Mode);
    }

    [Fact]
    public void WhatCannotBeIsRefused()
    {
        using var f = new DataFixture();
        f.Create();
        Assert.Equal(-Errno.EFBIG, f.Write(File, Limits.MaxFileBytes, Bytes(1)));
        Assert.Equal(-Errno.EINVAL, f.Write(File, -1, Bytes(1)));
        Assert.Equal(-Errno.EFBIG, f.SetSize(File, Limits.MaxFileBytes + 1));
        Assert.Equal(-Errno.ENOENT, f.Write(File + 9, 0, Bytes(1)));
        Assert.Equal(-Errno.ENOENT, f.TryRead(File + 9, 0, 10, out _));
        Assert.Equal(-Errno.EOPNOTSUPP, f.Engine.Run(f.Path.FallocateAsync(File, FallocateMode.PunchHole, 0, 10, 0, default)));
        Assert.Equal(-Errno.ENOSPC, f.Engine.Run(f.Path.FallocateAsync(File, FallocateMode.None, 0, 1 << 20, 4096, default)));
        f.Create(File + 1, ModeBits.Directory | 0x1ED);
        Assert.Equal(-Errno.EISDIR, f.Write(File + 1, 0, Bytes(1)));
    }

    [Fact]
    public void IncompressibleFilesAreSoonLeftUncompressed()
    {
        using var f = new DataFixture(CodecKind.Brotli);
        f.Create();
        for (int i = 0; i < 100; i++)
        {
            f.Write(File, i * 4096, Bytes(4096, (ulong)i));
        }
        Assert.Equal(0, f.Path.Counters.CompressionWins);
        Assert.True(f.Path.Counters.CompressionSkips > 80, $"{f.Path.Counters.CompressionSkips} skips");
    }

#if !DEBUG // A debug build makes a class of every async state machine.
    [Fact]
    public void ReadsAllocateNothing()
    {
        using var f = new DataFixture();
        f.Create();
        f.Write(File, 0, Bytes(64 * 1024));
        var buffer = new Pinned(4096);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(4096, Take(f.Path.ReadAsync(File, i % 16 * 4096, buffer.Slice)));
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            _ = Take(f.Path.ReadAsync(File, i % 16 * 4096, buffer.Slice));
        }
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1000, $"{GC.GetAllocatedBytesForCurrentThread() - before} bytes for 1000 reads");
    }
#endif
}
