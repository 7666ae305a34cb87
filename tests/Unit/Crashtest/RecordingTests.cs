using Txlfs.Cli.Crashtest;
using Txlfs.Fsd.Host;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Device.Recording;
using Xunit;

namespace Txlfs.Tests.Unit.Crashtest;

/// <summary>What the recorder notes, and what a cut between any two of its events may take.</summary>
public sealed class RecordingTests : IDisposable
{
    private const int BlockBytes = 4096;

    private readonly string _home = Directory.CreateTempSubdirectory("txlfs-recording-").FullName;
    private readonly MemoryBlockDevice _below = new(1 << 20);
    private readonly AlignedBuffer _buffer = new(4 * BlockBytes);

    public void Dispose()
    {
        _buffer.Dispose();
        _below.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    private string Log => Path.Combine(_home, "log");
    private string Ack => Path.Combine(_home, "ack");

    [Fact]
    public void AFlushSettlesWhatHadCompletedBeforeIt()
    {
        using Recording recording = Record(device =>
        {
            Write(device, 0, 0x11);                         // events 0 and 1
            Assert.Equal(0, Done(device.FlushAsync()));    // events 2 and 3
            Write(device, 1, 0x22);                         // events 4 and 5
        });
        Assert.Equal((6, 2, 1), (recording.EventCount, recording.Writes.Count, recording.FlushCount));
        Assert.Equal([0, 1, 1, 1, 0, 1, 1], Enumerable.Range(0, 7).Select(cut => recording.InDoubtAt(cut).Count));
        Assert.Equal([0, 1, 1, 1, 1, 2, 2], Enumerable.Range(0, 7).Select(recording.IssuedBefore));
        Assert.Equal(1, recording.FlushesBefore(4));
        var data = new byte[BlockBytes];
        recording.ReadData(recording.Writes[1], data);
        Assert.All(data, value => Assert.Equal(0x22, value));
    }

    [Fact]
    public void ADurableWriteIsInDoubtUntilItCompletes()
    {
        using Recording recording = Record(device =>
        {
            Write(device, 0, 0x11);
            Write(device, 1, 0x22, WriteFlags.Durable);
        });
        Assert.Equal([0, 1, 1, 2, 0], Enumerable.Range(0, 5).Select(cut => recording.InDoubtAt(cut).Count));
    }

    /// <summary>A line that is written between two events is known to a cut between them.</summary>
    [Fact]
    public void AcknowledgementsBelongToTheCutAfterThem()
    {
        using Recording recording = Record(device =>
        {
            Write(device, 0, 0x11);
            File.AppendAllText(Ack, "one\n");
            Assert.Equal(0, Done(device.FlushAsync()));
            File.AppendAllText(Ack, "two\n");
        });
        Assert.Equal([0, 0, 4, 4, 8], Enumerable.Range(0, 5).Select(recording.AckBytesAt));
    }

    [Fact]
    public void AFullRecordingRefusesWrites()
    {
        File.WriteAllText(Ack, "");
        using var device = RecordingBlockDevice.Create(_below, new RecordingOptions { LogPath = Log, AckPath = Ack, LimitBytes = 2 * BlockBytes });
        Assert.Equal(0, Done(device.WriteAsync(0, _buffer.Slice.Slice(0, BlockBytes))));
        Assert.Equal(-Errno.ENOSPC, Done(device.WriteAsync(0, _buffer.Slice.Slice(0, BlockBytes))));
        Assert.Equal(-Errno.ENOSPC, Done(device.FlushAsync()));
    }

    [Fact]
    public void ADamagedRecordingIsRefused()
    {
        File.WriteAllBytes(Log, new byte[100]);
        Assert.Throws<CommandException>(() => Recording.Open(Log, 0));
    }

    [Fact]
    public void FewStatesAreAllVisited()
    {
        using Recording recording = Record(device =>
        {
            Write(device, 0, 0x11);
            Write(device, 1, 0x22);
        });
        string[] states = States(recording, seed: 1, 1000);
        Assert.Contains("0/0", states);
        Assert.Contains("1/0", states);
        Assert.Contains("1/0/1:0-7", states);
        Assert.Contains("2/0", states);
        Assert.Contains("2/0/1:0-7", states);
        Assert.Contains("2/0/2:0-7", states);
        Assert.Contains("2/0/1:0-7/2:0-7", states);
        Assert.Equal(states.Distinct(), states);
    }

    [Fact]
    public void TheSeedChoosesTheStates()
    {
        using Recording recording = Record(device =>
        {
            for (int block = 0; block < 40; block++)
            {
                Write(device, block, (byte)block);
            }
        });
        Assert.Equal(States(recording, seed: 5, 30), States(recording, seed: 5, 30));
        Assert.NotEqual(States(recording, seed: 5, 30), States(recording, seed: 6, 30));
        Assert.Equal(30, States(recording, seed: 5, 30).Length);
    }

    [Fact]
    public void AStateFileLeadsBackToTheState()
    {
        using Recording recording = Record(device => Write(device, 0, 0x11));
        foreach (CrashState state in new StatePlanner(recording, seed: 3).Choose(20))
        {
            string text = StateFile.Write(7, "/check", "strict", state);
            Assert.Equal((7, "/check", "strict"), StateFile.ReadHead("file", text));
            Assert.Equal(state.Identity(recording), StateFile.ReadState("file", text, recording).Identity(recording));
        }
        Assert.Throws<CommandException>(() => StateFile.ReadHead("file", "{}"));
        Assert.Throws<CommandException>(() => StateFile.ReadHead("file", "nonsense"));
    }

    /// <summary>Of many losses only the two that matter together remain.</summary>
    [Fact]
    public async Task MinimizingKeepsWhatTheFailureNeeds()
    {
        using Recording recording = Record(device =>
        {
            for (int block = 0; block < 20; block++)
            {
                Write(device, block, 1);
            }
        });
        List<Loss> all = [.. recording.Writes.Select(write => new Loss(write, [true]))];
        Minimizer minimizer = new(state => Task.FromResult(state.Losses.Any(loss => loss.Write.Id == 4) && state.Losses.Any(loss => loss.Write.Id == 17)), mostRuns: 100);
        CrashState least = await minimizer.RunAsync(new CrashState(recording.EventCount, all, all.Count));
        Assert.Equal([4L, 17L], least.Losses.Select(loss => loss.Write.Id));
    }

    private static string[] States(Recording recording, ulong seed, int count)
        => [.. new StatePlanner(recording, seed).Choose(count).Select(state => state.Identity(recording))];

    private Recording Record(Action<IBlockDevice> work)
    {
        File.WriteAllText(Ack, "");
        using (var device = RecordingBlockDevice.Create(_below, new RecordingOptions { LogPath = Log, AckPath = Ack }))
        {
            work(device);
        }
        return Recording.Open(Log, new FileInfo(Ack).Length);
    }

    private void Write(IBlockDevice device, int block, byte value, WriteFlags flags = WriteFlags.None)
    {
        NativeSlice source = _buffer.Slice.Slice(0, BlockBytes);
        source.Span.Fill(value);
        Assert.Equal(0, Done(device.WriteAsync((long)block * BlockBytes, source, flags)));
    }

    private static int Done(ValueTask<int> task)
    {
        Assert.True(task.IsCompleted);
        return task.Result;
    }
}
