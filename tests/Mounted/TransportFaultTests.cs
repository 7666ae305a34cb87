using System.Collections.Concurrent;
using System.Diagnostics;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Mount;
using Txlfs.TransportBench;
using Xunit;
using Xunit.Abstractions;
using KernelErrno = Txlfs.Journal.Errno;

namespace Txlfs.Tests.Mounted;

/// <summary>What a transport does when callers lose patience, the mount is torn away, or it is not root's. Needs /dev/fuse and root.</summary>
[Collection("mounted")]
public sealed class TransportFaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(FuseTransportKind.Dev)]
    [InlineData(FuseTransportKind.Uring)]
    public async Task A_signal_to_the_caller_reaches_the_request_that_is_held(FuseTransportKind transport)
    {
        using TransportMount? mount = TransportMount.TryCreate(transport, output);
        if (mount is null)
            return;
        var held = new BlockingCollection<FuseRequest>();
        using FuseServer server = FuseServer.Start(mount.Options, new MemoryFilesystem(static () => 0, held.Add));
        File.WriteAllText(Path.Combine(mount.MountPoint, "file"), "text");

        using Process caller = Process.Start("sync", [Path.Combine(mount.MountPoint, "file")]);
        Assert.True(held.TryTake(out FuseRequest? request, Patience), "fsync did not arrive");
        Assert.False(request.IsInterrupted);
        caller.Kill();
        await UntilAsync(() => request.IsInterrupted, "the interrupt did not arrive");
        request.Complete(KernelErrno.EINTR, 0);
        await caller.WaitForExitAsync(new CancellationTokenSource(Patience).Token);
        Assert.Equal(0, server.Stop(FuseStop.IfUnused));
        await server.Finished.WaitAsync(Patience);
    }

    [Theory]
    [InlineData(FuseTransportKind.Dev)]
    [InlineData(FuseTransportKind.Uring)]
    public async Task An_abort_frees_the_callers_and_waits_for_the_filesystem(FuseTransportKind transport)
    {
        using TransportMount? mount = TransportMount.TryCreate(transport, output);
        if (mount is null)
            return;
        var held = new BlockingCollection<FuseRequest>();
        using FuseServer server = FuseServer.Start(mount.Options, new MemoryFilesystem(static () => 0, held.Add));
        File.WriteAllText(Path.Combine(mount.MountPoint, "file"), "text");

        using Process caller = Process.Start(new ProcessStartInfo("sync", [Path.Combine(mount.MountPoint, "file")]) { RedirectStandardError = true })!;
        Assert.True(held.TryTake(out FuseRequest? request, Patience), "fsync did not arrive");
        Assert.Equal(KernelErrno.EBUSY, server.Stop(FuseStop.IfUnused));
        Assert.Equal(0, server.Stop(FuseStop.Abort));
        await caller.WaitForExitAsync(new CancellationTokenSource(Patience).Token);
        Assert.NotEqual(0, caller.ExitCode);
        Assert.False(server.Finished.IsCompleted, "the filesystem still holds a request");
        request.Complete(0, 0);
        await server.Finished.WaitAsync(Patience);
    }

    [Theory]
    [InlineData(FuseTransportKind.Dev)]
    [InlineData(FuseTransportKind.Uring)]
    public async Task More_requests_than_there_is_room_for_wait_their_turn(FuseTransportKind transport)
    {
        using TransportMount? mount = TransportMount.TryCreate(transport, output);
        if (mount is null)
            return;
        var held = new BlockingCollection<FuseRequest>();
        using FuseServer server = FuseServer.Start(mount.Options with { DevRequestLimit = 4, UringQueueDepth = 2 }, new MemoryFilesystem(static () => 0, held.Add));
        string[] paths = [.. Enumerable.Range(0, 24).Select(n => Path.Combine(mount.MountPoint, $"file-{n}"))];
        foreach (string path in paths)
            File.WriteAllText(path, "text");

        Process[] callers = [.. paths.Select(path => Process.Start("sync", [path]))];
        for (int i = 0; i < paths.Length; i++)
        {
            Assert.True(held.TryTake(out FuseRequest? request, Patience), $"fsync {i} did not arrive");
            request.Complete(0, 0);
        }
        foreach (Process caller in callers)
        {
            await caller.WaitForExitAsync(new CancellationTokenSource(Patience).Token);
            Assert.Equal(0, caller.ExitCode);
        }
    }

    [Theory]
    [InlineData(FuseTransportKind.Dev)]
    [InlineData(FuseTransportKind.Uring)]
    public async Task A_block_device_s_unmount_waits_for_destroy(FuseTransportKind transport)
    {
        using TransportMount? mount = TransportMount.TryCreate(transport, output);
        using LoopDevice? loop = mount is null ? null : LoopDevice.TryCreate(output);
        if (mount is null || loop is null)
            return;
        var filesystem = new OpcodeCounter(new MemoryFilesystem(static () => 0));
        using FuseServer server = FuseServer.Start(mount.Options with { Source = loop.Path, IsBlockDevice = true }, filesystem);
        string file = Path.Combine(mount.MountPoint, "file");
        File.WriteAllText(file, "text");
        using Process sync = Process.Start("sync", ["-f", file]);
        await sync.WaitForExitAsync(new CancellationTokenSource(Patience).Token);
        output.WriteLine($"{server.TransportDescription}; SYNCFS came {filesystem.Count(FuseOpcode.SyncFs)} times");
        Assert.Equal(0, server.Stop(FuseStop.IfUnused));
        Assert.Equal(1, filesystem.Count(FuseOpcode.Destroy));
        await server.Finished.WaitAsync(Patience);
    }

    [Fact]
    public async Task Notifications_make_the_kernel_ask_again()
    {
        using TransportMount? mount = TransportMount.TryCreate(FuseTransportKind.Dev, output);
        if (mount is null)
            return;
        var filesystem = new OpcodeCounter(new MemoryFilesystem(static () => 0));
        using FuseServer server = FuseServer.Start(mount.Options, filesystem);
        string file = Path.Combine(mount.MountPoint, "file");
        File.WriteAllText(file, "text");
        Assert.Equal("text", File.ReadAllText(file));
        int reads = filesystem.Count(FuseOpcode.Read), lookups = filesystem.Count(FuseOpcode.Lookup);

        Assert.Equal(0, server.Notifier.InvalidateInode(2, 0, 0));
        Assert.Equal(0, server.Notifier.InvalidateEntry(1, "file"u8));
        Assert.Equal("text", File.ReadAllText(file));
        Assert.True(filesystem.Count(FuseOpcode.Read) > reads, "the page cache was not dropped");
        Assert.True(filesystem.Count(FuseOpcode.Lookup) > lookups, "the entry was not dropped");
        Assert.Equal(KernelErrno.ENOENT, server.Notifier.InvalidateInode(99, 0, 0));
        Assert.Equal(0, server.Stop(FuseStop.IfUnused));
        await server.Finished.WaitAsync(Patience);
    }

    private static async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        for (int i = 0; i < 2000 && !condition(); i++)
            await Task.Delay(10);
        Assert.True(condition(), otherwise);
    }

    /// <summary>Counts what passes through to another filesystem.</summary>
    private sealed class OpcodeCounter(IFuseFilesystem inner) : IFuseFilesystem
    {
        private readonly int[] _counts = new int[64];

        public int Count(FuseOpcode opcode) => Volatile.Read(ref _counts[(int)opcode]);

        public void Start(in FuseSession session) => inner.Start(session);

        public void Forget(ulong nodeId, ulong count) => inner.Forget(nodeId, count);

        public void Handle(FuseRequest request)
        {
            Interlocked.Increment(ref _counts[request.Opcode % 64]);
            inner.Handle(request);
        }
    }
}
