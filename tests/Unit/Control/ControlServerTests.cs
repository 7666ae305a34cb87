using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Txlfs.Fsd.Control;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Verify;
using Xunit;

namespace Txlfs.Tests.Unit.Control;

/// <summary>The socket itself, without a mount: what clients may do wrong ends at most their own connection.</summary>
public sealed class ControlServerTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string _home = Directory.CreateTempSubdirectory("txlfs-ctl-").FullName;
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ControlServer _server;

    public ControlServerTests()
    {
        _server = ControlServer.TryStart(Path.Combine(_home, "0-1.sock"), Commands(), SystemSeams.Create(new StderrLogSink(LogSeverity.Error)))!;
        Assert.NotNull(_server);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public async Task ACommandIsAnsweredWithProgressFindingsAndAResult()
    {
        using ControlClient client = ControlClient.TryConnect(_server.Path, HostLibC.EffectiveUserId())!;
        for (int round = 0; round < 3; round++)
        {
            List<string> events = [];
            JsonElement result = await client.CallAsync("count", json => json.WriteNumber("to", 7), said => events.Add(said.GetProperty("event").GetString()!)).WaitAsync(Patience);
            Assert.Equal(7, result.GetProperty("counted").GetInt64());
            Assert.Equal(["progress", "finding"], events);
        }
    }

    [Fact]
    public async Task ARefusalKeepsItsCodeAndTheConnection()
    {
        using ControlClient client = ControlClient.TryConnect(_server.Path, HostLibC.EffectiveUserId())!;
        CommandException refused = await Assert.ThrowsAsync<CommandException>(() => client.CallAsync("refuse").WaitAsync(Patience));
        Assert.Equal(ExitCodes.Busy, refused.ExitCode);
        CommandException defect = await Assert.ThrowsAsync<CommandException>(() => client.CallAsync("break").WaitAsync(Patience));
        Assert.Equal(ExitCodes.Internal, defect.ExitCode);
        Assert.Equal(1, (await client.CallAsync("count", json => json.WriteNumber("to", 1)).WaitAsync(Patience)).GetProperty("counted").GetInt64());
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("GET / HTTP/1.1\r\n\n")]
    [InlineData("[]\n")]
    [InlineData("{}\n")]
    [InlineData("{\"v\":2,\"command\":\"count\"}\n")]
    [InlineData("{\"v\":1e99,\"command\":\"count\"}\n")]
    [InlineData("{\"v\":1,\"command\":7}\n")]
    [InlineData("{\"v\":1,\"command\":\"absent\"}\n")]
    [InlineData("{\"v\":1,\"command\":\"\\ud800\"}\n")]
    [InlineData("{\"\\ud800\":1,\"v\":1,\"command\":\"\\udc00count\"}\n")]
    [InlineData("{\"v\":1,\"command\":\"count\",\"to\":[[[[[[[[[[1]]]]]]]]]]}\n")]
    [InlineData("\xff\xfe\x00\n")]
    [InlineData("{\"v\":1,\"command\":\"count\",\"to\":1}\n{\"v\":1,\"command\":\"count\",\"to\":1}\n")]
    public async Task NonsenseGetsOneErrorLineAndTheEnd(string sent)
    {
        using Socket client = Connect();
        await client.SendAsync(Encoding.Latin1.GetBytes(sent));
        Assert.Contains("\"event\":\"error\"", await ReadToEndAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEndlessLineIsCutOff()
    {
        using Socket client = Connect();
        await client.SendAsync(new byte[ControlProtocol.MaxRequestBytes + 1]);
        Assert.Contains($"a line of more than {ControlProtocol.MaxRequestBytes} bytes", await ReadToEndAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RandomBytesNeverEndTheServer()
    {
        var random = new Random(5);
        for (int i = 0; i < 200; i++)
        {
            byte[] junk = new byte[random.Next(1, 3000)];
            random.NextBytes(junk);
            using Socket client = Connect();
            await client.SendAsync(junk);
            client.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(client);
        }
        await ACommandIsAnsweredWithProgressFindingsAndAResult();
    }

    [Fact]
    public async Task AClientThatGoesCancelsItsCommand()
    {
        using (Socket client = Connect())
        {
            await client.SendAsync("{\"v\":1,\"command\":\"wait\"}\n"u8.ToArray());
            await _started.Task.WaitAsync(Patience);
            Assert.False(_cancelled.Task.IsCompleted);
        }
        await _cancelled.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task StoppingEndsWhatRuns()
    {
        using Socket client = Connect();
        await client.SendAsync("{\"v\":1,\"command\":\"wait\"}\n"u8.ToArray());
        await _started.Task.WaitAsync(Patience);
        await _server.DisposeAsync().AsTask().WaitAsync(Patience);
        Assert.True(_cancelled.Task.IsCompleted);
        Assert.False(File.Exists(_server.Path));
        Assert.Null(ControlClient.TryConnect(_server.Path, HostLibC.EffectiveUserId()));
    }

    [Fact]
    public async Task OneConnectionTooManyIsToldSo()
    {
        List<Socket> clients = [];
        for (int i = 0; i < ControlProtocol.MaxConnections; i++)
        {
            clients.Add(Connect());
            await clients[i].SendAsync("{\"v\":1,\"command\":\"count\",\"to\":1}\n"u8.ToArray());
            Assert.NotEqual(0, await clients[i].ReceiveAsync(new byte[1]));
        }
        using (Socket more = Connect())
        {
            Assert.Contains("\"code\":69", await ReadToEndAsync(more), StringComparison.Ordinal);
        }
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public void OnlyTheOwnerCanReachTheSocket()
        => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_server.Path));

    [Fact]
    public void ASocketOfAKilledDaemonIsTakenAwayAndALivingOneIsNot()
    {
        string stale = Path.Combine(_home, "0-2.sock"), moved = Path.Combine(_home, "bound");
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            left.Bind(new UnixDomainSocketEndPoint(moved));
            left.Listen();
            File.Move(moved, stale);
        }
        Assert.True(File.Exists(stale));
        Assert.Null(ControlClient.TryConnect(stale, HostLibC.EffectiveUserId()));
        StaleSockets.Remove(_home);
        Assert.False(File.Exists(stale));
        Assert.True(File.Exists(_server.Path));
    }

    [Fact]
    public void TheMountTableSaysWhereTheSocketIs()
    {
        var mount = new MountEntry(0, 53, "/mnt", "fuse.txlfs", "/dev/x", "rw", "rw,user_id=1000,group_id=1000");
        Assert.Equal("0-53.sock", ControlPaths.NameOf(mount));
        Assert.Equal(1000u, ControlPaths.OwnerOf(mount));
        Assert.Equal("/run/user/1000/txlfs", ControlPaths.DirectoriesOf(1000)[0]);
        Assert.Equal(["/run/txlfs"], ControlPaths.DirectoriesOf(0));
    }

    private Dictionary<string, ControlHandler> Commands() => new()
    {
        ["count"] = async exchange =>
        {
            await exchange.ProgressAsync("steps", 1, 2);
            await exchange.ProgressAsync("steps", 2, 2);
            await exchange.FindingAsync(new Finding(FindingKind.Birth, FindingSeverity.Error, Remedy.None, "a thing"));
            await exchange.ResultAsync(json => json.WriteNumber("counted", exchange.Number("to") ?? -1));
        },
        ["refuse"] = _ => throw new CommandException(ExitCodes.Busy, "not now"),
        ["break"] = _ => throw new InvalidDataException("a defect"),
        ["wait"] = async exchange =>
        {
            exchange.Cancelled.Register(_cancelled.SetResult);
            _started.SetResult();
            await _cancelled.Task;
        },
    };

    private Socket Connect()
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(_server.Path));
        return client;
    }

    private static async Task<string> ReadToEndAsync(Socket client)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            while (await client.ReceiveAsync(buffer).WaitAsync(Patience) is > 0 and int got)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, got));
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The server closed with something of ours unread: the same end.
        }
        return text.ToString();
    }
}
