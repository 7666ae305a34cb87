using Txlfs.Journal;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Lfs.Inspect;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>
/// Does with a damaged volume what people and programs do: info, dump, mount, look at everything, change things, sync, verify, close. Errors are fine
/// when they are <see cref="VolumeException"/> or an errno; everything else is a defect and leaves this class as an exception.
/// </summary>
internal sealed class VolumeExercise(SimulatedRuntime runtime, CrashImage image, SeededRandom random)
{
    /// <summary>More than any step of a sound run takes, far less than a person would wait for.</summary>
    private const int MaxDumpChars = 64 << 20;
    private static readonly VolumeOptions Options = new() { MemoryBytes = 16 << 20, CheckpointLogBytes = 1 << 20 };

    /// <summary>True when the volume could be mounted.</summary>
    public bool Run()
    {
        if (random.OneIn(3))
        {
            Inspect();
        }
        if (random.OneIn(3))
        {
            using SimulatedBlockDevice readOnly = SimulatedBlockDevice.FromImage(runtime, image, options: new SimulatedDeviceOptions { IsReadOnly = true });
            Mount(readOnly, Options with { IsReadOnly = true });
        }
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image);
        bool isMounted = Mount(device, Options);
        if (isMounted && random.OneIn(2))
        {
            // What the damaged volume wrote must not make the next mount any worse.
            Mount(device, Options);
        }
        return isMounted;
    }

    private void Inspect()
    {
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, image, options: new SimulatedDeviceOptions { IsReadOnly = true });
        Tolerate(() => runtime.RunToEnd(() => VolumeInspector.ReadInfoAsync(device, runtime.Seams)));
        foreach (DumpPart part in Enum.GetValues<DumpPart>())
        {
            using var output = new BoundedWriter(MaxDumpChars);
            Tolerate(() => runtime.Run(() => VolumeInspector.DumpAsync(device, runtime.Seams, part, output)));
        }
    }

    private static void Tolerate(Action action)
    {
        try
        {
            action();
        }
        catch (VolumeException)
        {
            // A clear refusal is right.
        }
    }

    private bool Mount(SimulatedBlockDevice device, VolumeOptions options)
    {
        VolumeDriver driver;
        try
        {
            driver = new VolumeDriver(runtime.RunToEnd(() => Volume.OpenAsync(device, options, runtime.Seams)));
        }
        catch (VolumeException)
        {
            return false;
        }
        using (driver)
        {
            // The cleaner keeps some for as long as the volume is open.
            int kept = driver.Volume.InUse.ScratchBuffers;
            var walk = new HostileWalk(driver, random);
            runtime.Run(walk.RunAsync);
            runtime.RunToEnd(driver.Volume.VerifyAsync);
            if (!options.IsReadOnly)
            {
                runtime.Run(() => ChangeAsync(driver, walk));
                runtime.RunFor(random.Between(0, 40_000));
                runtime.RunToEnd(driver.Volume.SyncAsync);
            }
            runtime.RunToEnd(driver.Volume.VerifyAsync);
            runtime.RunToEnd(driver.Volume.CloseAsync);
            (int scratch, long held) = driver.Volume.InUse;
            if (scratch > kept || held != 0)
            {
                throw new FuzzFailure($"after the end {scratch} scratch buffers are still lent and {held} pieces of data held");
            }
        }
        return true;
    }

    private async ValueTask ChangeAsync(VolumeDriver driver, HostileWalk walk)
    {
        Caller caller = Operation.Root;
        Volume volume = driver.Volume;
        int name = 0;
        foreach ((ulong parent, string entry, ulong inode) in walk.Names.Where(_ => random.OneIn(3)).Take(25))
        {
            string fresh = $"fuzz{name++}";
            switch (random.Below(14))
            {
                case 0: await driver.UnlinkAsync(parent, entry, caller); break;
                case 1: await driver.RemoveDirectoryAsync(parent, entry, caller); break;
                case 2: await driver.RenameAsync(parent, entry, random.Pick(walk.Directories), fresh, random.Pick([RenameFlags.None, RenameFlags.NoReplace]), caller); break;
                case 3: await driver.RenameAsync(parent, entry, Limits.RootInode, "large", random.Pick([RenameFlags.None, RenameFlags.Exchange]), caller); break;
                case 4: await driver.LinkAsync(inode, random.Pick(walk.Directories), fresh, caller); break;
                case 5: await driver.MakeDirectoryAsync(inode, fresh, 0x1ED, caller); break;
                case 6: await driver.CreateAsync(inode, fresh, 0x81A4, 0, caller, false); break;
                case 7: await driver.SetXattrAsync(inode, random.Pick(["user.short", "user.long", "user.new"]), random.Data(random.Between(0, 5000)), 0, caller); break;
                case 8: await driver.RemoveXattrAsync(inode, random.Pick(["user.short", "user.long"]), caller); break;
                case 9: await volume.SetSizeAsync(inode, random.Pick([0L, 1, 4096, 100_000, 1 << 30, Limits.MaxFileBytes]), default, caller); break;
                case 10: await volume.FallocateAsync(inode, random.Pick([FallocateMode.None, FallocateMode.KeepSize | FallocateMode.PunchHole, FallocateMode.ZeroRange, FallocateMode.CollapseRange, FallocateMode.InsertRange]), random.Below(50) * 4096L, 4096L * random.Between(1, 50), caller); break;
                case 11: await volume.CopyRangeAsync(inode, random.Below(10) * 4096L, random.Pick(walk.Names).Inode, random.Below(10) * 4096L, 60_000, caller); break;
                case 12: await volume.SetAttributesAsync(inode, new AttributeChange { Fields = AttributeFields.Mode | AttributeFields.MtimeNow, Mode = 0x1FF }, caller); break;
                default: await driver.WriteAsync(inode, random.Below(30) * 3000L, random.Data(random.Between(1, 60_000)), WriteOptions.None, caller); break;
            }
        }
        Outcome made = await driver.CreateAsync(Limits.RootInode, "made", 0x81A4, 0, caller, false);
        if (made.Errno == 0)
        {
            await driver.WriteAsync(made.Inode, 0, random.Data(200_000), WriteOptions.None, caller);
        }
        await volume.SyncAsync();
        if (random.OneIn(2))
        {
            await volume.CheckpointAsync();
        }
    }

    /// <summary>Output that goes nowhere and may not go on for ever.</summary>
    private sealed class BoundedWriter(int maxChars) : StringWriter
    {
        private int _chars;

        public override Task WriteLineAsync(string? value)
        {
            _chars += value?.Length ?? 0;
            return _chars <= maxChars ? Task.CompletedTask : throw new FuzzFailure("a dump has no end");
        }
    }
}
