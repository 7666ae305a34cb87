using System.Runtime.InteropServices;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Mount;

namespace Txlfs.TransportBench;

/// <summary>Mounts the filesystem in memory: MOUNTPOINT [dev|uring|auto] [--reaper]. Unmounting ends it.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments.Length == 0)
        {
            Console.Error.WriteLine("usage: Txlfs.TransportBench MOUNTPOINT [dev|uring|auto] [--reaper] [--writeback] [--permissions]");
            return 64;
        }
        var transport = arguments.Contains("uring") ? FuseTransportKind.Uring : arguments.Contains("dev") ? FuseTransportKind.Dev : FuseTransportKind.Auto;
        FSyncReaper? reaper = arguments.Contains("--reaper") ? new FSyncReaper() : null;
        var filesystem = new MemoryFilesystem(WallClockS, reaper is null ? null : reaper.Add);

        // The C peer negotiates neither, and a measurement of the transport wants the same requests. To be the ceiling of a real mount, it needs what that has.
        FuseInitFlags wanted = FuseNegotiation.Default & ~(FuseInitFlags.WritebackCache | FuseInitFlags.HandleKillPrivV2);
        if (arguments.Contains("--writeback"))
            wanted |= FuseInitFlags.WritebackCache;
        var options = new FuseServerOptions
        {
            MountPoint = arguments[0],
            Source = "memory",
            Subtype = "txlfs-bench",
            Transport = transport,
            DefaultPermissions = arguments.Contains("--permissions"),
            Wanted = wanted,
            Warn = Console.Error.WriteLine,
        };
        try
        {
            using FuseServer server = FuseServer.Start(options, filesystem);
            using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(server, context));
            using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(server, context));
            Console.WriteLine($"mounted: {server.TransportDescription}; FUSE {server.Session.Major}.{server.Session.Minor}, flags {(FuseInitFlags)server.Session.Flags}, at most {server.MemoryBoundBytes >> 20} MiB of buffers");
            server.Join();
            return 0;
        }
        catch (FuseException failure)
        {
            Console.Error.WriteLine(failure.Message);
            return 1;
        }
    }

    private static void Stop(FuseServer server, PosixSignalContext context)
    {
        context.Cancel = true;
        _ = server.Stop(FuseStop.Lazy);
    }

    private static long WallClockS()
    {
#pragma warning disable RS0030 // A bench program: there is no simulation to keep from the real clock.
        return DateTimeOffset.UtcNow.ToUnixTimeSeconds();
#pragma warning restore RS0030
    }
}
