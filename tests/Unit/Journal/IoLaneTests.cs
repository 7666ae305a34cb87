using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Files;
using Txlfs.Journal.Runtime;
using Xunit;

namespace Txlfs.Tests.Unit.Journal;

/// <summary>A device that is used by a thread with a ring of its own.</summary>
public sealed class IoLaneTests : IDisposable
{
    private const byte OpFsync = 3, OpRead = 22, OpWrite = 23;
    private readonly TempDirectory _directory = new();
    private readonly FileBlockDevice _device;
    private readonly AlignedBuffer _buffer = new(8192);

    public IoLaneTests()
    {
        string path = _directory.File("image");
        FileBlockDevice.CreateImage(path, 1 << 20);
        _device = FileBlockDevice.Open(path);
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _device.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task ADurableWriteIsAWriteAndThenAFlushOnTheLane()
    {
        using var lane = new FakeLane(capacity: 4);
        ValueTask<int> write = _device.WriteAsync(4096, _buffer.Slice, WriteFlags.Durable);
        Assert.Equal(OpWrite, lane.Only.Opcode);
        Assert.Equal((4096L, 8192), (lane.Only.OffsetBytes, lane.Only.LengthBytes));
        lane.Complete(8192);
        Assert.Equal(OpFsync, lane.Only.Opcode);
        Assert.False(write.IsCompleted);
        lane.Complete(0);
        Assert.Equal(0, await write);
    }

    [Fact]
    public async Task AShortReadGoesOnWhereItStopped()
    {
        using var lane = new FakeLane(capacity: 4);
        ValueTask<int> read = _device.ReadAsync(0, _buffer.Slice);
        Assert.Equal(OpRead, lane.Only.Opcode);
        lane.Complete(4096);
        Assert.Equal((4096L, 4096), (lane.Only.OffsetBytes, lane.Only.LengthBytes));
        lane.Complete(4096);
        Assert.Equal(0, await read);
    }

    [Fact]
    public async Task AnErrorIsTheResult()
    {
        using var lane = new FakeLane(capacity: 4);
        ValueTask<int> flush = _device.FlushAsync();
        lane.Complete(-Errno.EIO);
        Assert.Equal(-Errno.EIO, await flush);
    }

    [Fact]
    public async Task AFullLaneAndBackgroundWritesTakeTheDevicesOwnRing()
    {
        ValueTask<int> full, background;
        using (var lane = new FakeLane(capacity: 0))
        {
            full = _device.ReadAsync(0, _buffer.Slice);
        }
        using (var lane = new FakeLane(capacity: 4))
        {
            background = _device.WriteAsync(0, _buffer.Slice.Slice(0, 4096), WriteFlags.Background);
            Assert.Equal(0, lane.Count);
        }
        Assert.Equal(0, await full);
        Assert.Equal(0, await background);
    }

    /// <summary>Keeps what is posted until the test completes it. The test's own thread has the lane for as long as this lives.</summary>
    private sealed class FakeLane : IoLane, IDisposable
    {
        private readonly int _capacity;
        private readonly Queue<(RingCommand Command, ILaneCompletion Owner)> _posted = new();

        public FakeLane(int capacity)
        {
            _capacity = capacity;
            SetCurrent(this);
        }

        public int Count => _posted.Count;
        public RingCommand Only => Assert.Single(_posted).Command;

        public override bool TryPost(in RingCommand command, ILaneCompletion completion)
        {
            if (_posted.Count >= _capacity)
            {
                return false;
            }
            _posted.Enqueue((command, completion));
            return true;
        }

        public override bool TrySchedule(long delayNs, IWorkItem item) => false;

        public void Complete(int result) => _posted.Dequeue().Owner.OnCompleted(result);

        public void Dispose() => SetCurrent(null);
    }
}
