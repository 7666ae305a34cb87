using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Lfs.Verify;
using Txlfs.Tests.Fuzz.Images;
using Xunit;
using Xunit.Abstractions;

namespace Txlfs.Tests.Unit.Fsck;

/// <summary>
/// Volumes damaged at random with their checksums put right: fsck -y ends without a crash, what it calls mended is clean when it is looked at again and can be
/// mounted, and what it cannot mend it says in one line.
/// </summary>
public class FsckFuzzTests(ITestOutputHelper output)
{
    private const ulong Seeds = 80;
    private const long MemoryBytes = 32L << 20;

    [Fact]
    public void DamagedImagesAreMendedOrRefused()
    {
        int mended = 0, clean = 0, left = 0, refused = 0;
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            ImageMutant mutant = ImageMutant.Draw(seed);
            try
            {
                CheckReport report = Run(mutant, seed);
                _ = report.Left.Errors > 0 ? left++ : report.Found.Errors > 0 ? mended++ : clean++;
                if (report.Left.Errors > 0)
                {
                    output.WriteLine($"seed {seed} ({mutant.Story}): left {string.Join("; ", report.Left.Kept.Take(3))}");
                }
            }
            catch (VolumeException damaged)
            {
                refused++;
                output.WriteLine($"seed {seed} ({mutant.Story}): {damaged.Message}");
            }
            catch (Exception defect)
            {
                Assert.Fail($"seed {seed} ({mutant.Story}): {defect}");
            }
        }
        output.WriteLine($"{mended} mended, {clean} clean, {left} with errors left, {refused} refused");
        Assert.True(mended > (int)Seeds / 3 && left < (int)Seeds / 10, $"{mended} mended, {clean} clean, {left} with errors left, {refused} refused");
    }

    private static CheckReport Run(ImageMutant mutant, ulong seed)
    {
        var runtime = new SimulatedRuntime(seed);
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, mutant.Image);
        CheckReport report = runtime.RunToEnd(VolumeCheck.RunAsync(device, Options(RepairMode.All), runtime.Seams));
        if (report.Left.Errors == 0)
        {
            CheckReport again = runtime.RunToEnd(VolumeCheck.RunAsync(device, Options(RepairMode.None), runtime.Seams));
            Assert.True(again.Found.Errors == 0, $"found again: {string.Join("; ", again.Found.Kept.Take(3))}");
            using Volume volume = runtime.RunToEnd(Volume.OpenAsync(device, new VolumeOptions { MemoryBytes = MemoryBytes }, runtime.Seams));
            Assert.Empty(runtime.RunToEnd(volume.VerifyAsync()));
        }
        return report;
    }

    private static CheckOptions Options(RepairMode repair) => new() { Repair = repair, IsForced = true, MemoryBytes = MemoryBytes };
}
