using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Files;
using Xunit;

namespace Txlfs.Tests.Unit.Journal;

/// <summary>The state machine of one operation, with a kernel that answers as it likes.</summary>
public sealed class IoRequestTests : IDisposable
{
    private readonly AlignedBuffer _buffer = new(16384);
    private readonly IoLedger _ledger = new(alignmentBytes: 4096, canWriteThrough: true);
    private readonly IoRequestPool _pool = new(4);

    public void Dispose() => _buffer.Dispose();

    [Fact]
    public async Task AShortTransferGoesOnWhereItStopped()
    {
        IoRequest request = Read();
        Assert.False(request.Advance(4096));
        Assert.Equal((8192 + 4096, 16384 - 4096), (request.StepOffsetBytes, request.StepBytes));
        Assert.False(request.Advance(-Errno.EINTR));
        Assert.False(request.Advance(-Errno.EAGAIN));
        Assert.True(request.Advance(16384 - 4096));
        Assert.Equal(0, await Finish(request));
    }

    [Theory, InlineData(0, -Errno.EIO), InlineData(100, -Errno.EIO), InlineData(-Errno.ENOSPC, -Errno.ENOSPC)]
    public async Task NothingOrAnOddLengthOrAnErrorEndsIt(int stepResult, int expected)
    {
        IoRequest request = Read();
        Assert.True(request.Advance(stepResult));
        Assert.Equal(expected, await Finish(request));
    }

    [Fact]
    public async Task AgainAndAgainIsAnErrorInTheEnd()
    {
        IoRequest request = Read();
        int tries = 0;
        while (!request.Advance(-Errno.EAGAIN))
            Assert.True(++tries < 100_000);
        Assert.Equal(-Errno.EAGAIN, await Finish(request));
    }

    [Fact]
    public void ADurableWriteFlushesOnlyWhenSomethingBeforeItIsNotDurable()
    {
        Assert.Equal(IoStep.WriteThrough, Durable().Step);
        IoRequest plain = _pool.Rent();
        plain.BeginWrite(_ledger, 0, _buffer.Slice, isDurable: false);
        Assert.Equal(IoStep.WriteThrough, Durable().Step);
        Assert.True(plain.Advance(16384));

        IoRequest flushing = Durable();
        Assert.Equal(IoStep.Write, flushing.Step);
        Assert.False(flushing.Advance(16384));
        Assert.Equal(IoStep.Flush, flushing.Step);
        Assert.Equal(IoStep.Write, Durable().Step);
        Assert.True(flushing.Advance(0));
        Assert.Equal(IoStep.WriteThrough, Durable().Step);
    }

    [Fact]
    public void WhereWriteThroughDoesNotPayADurableWriteIsAWriteAndAFlush()
    {
        IoRequest request = _pool.Rent();
        request.BeginWrite(new IoLedger(4096, canWriteThrough: false), 0, _buffer.Slice, isDurable: true);
        Assert.Equal(IoStep.Write, request.Step);
        Assert.False(request.Advance(16384));
        Assert.Equal(IoStep.Flush, request.Step);
        Assert.True(request.Advance(0));
    }

    [Fact]
    public void AFlushCoversOnlyWhatHadCompletedWhenItWasIssued()
    {
        IoRequest plain = _pool.Rent(), flush = _pool.Rent();
        plain.BeginWrite(_ledger, 0, _buffer.Slice, isDurable: false);
        flush.BeginFlush(_ledger);
        Assert.True(plain.Advance(16384));
        Assert.True(flush.Advance(0));
        Assert.Equal(IoStep.Write, Durable().Step);
    }

    [Fact]
    public void AFailedFlushCoversNothing()
    {
        IoRequest plain = _pool.Rent(), flush = _pool.Rent();
        plain.BeginWrite(_ledger, 0, _buffer.Slice, isDurable: false);
        Assert.True(plain.Advance(16384));
        flush.BeginFlush(_ledger);
        Assert.True(flush.Advance(-Errno.EIO));
        Assert.Equal(IoStep.Write, Durable().Step);
    }

    private IoRequest Read()
    {
        IoRequest request = _pool.Rent();
        request.BeginRead(_ledger, 8192, _buffer.Slice);
        return request;
    }

    private IoRequest Durable()
    {
        IoRequest request = _pool.Rent();
        request.BeginWrite(_ledger, 0, _buffer.Slice, isDurable: true);
        return request;
    }

    private static ValueTask<int> Finish(IoRequest request)
    {
        ValueTask<int> task = request.Task;
        request.Complete();
        return task;
    }
}
