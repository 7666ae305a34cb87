using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Lfs;
using Txlfs.Tests.Fuzz.Images;
using Txlfs.Tests.Model;
using Xunit;
using Xunit.Abstractions;

namespace Txlfs.Tests.Fuzz;

/// <summary>A fixed number of seeds of each fuzzer. For longer: scripts/fuzz --minutes N.</summary>
public class FuzzTests(ITestOutputHelper output)
{
    private const int ImageSeeds = 1000, RequestSeeds = 300;

    [Fact]
    public void NoDamagedImageCrashesHangsOrSwellsAVolume() => RunSeeds(FuzzCases.Image, ImageSeeds);

    [Fact]
    public void NoRequestCrashesHangsOrDamagesAMount() => RunSeeds(FuzzCases.Requests, RequestSeeds);

    /// <summary>Without this the mutants would be refused for what the editor did, and never reach what they are meant to test.</summary>
    [Fact]
    public void AnEditThatChangesNothingLeavesAVolumeThatVerifies()
    {
        for (int variant = 0; variant < ImageCorpus.Count; variant++)
        {
            SparseImage image = ImageCorpus.Copy(variant);
            var editor = new ImageEditor(image);
            foreach (ulong id in editor.TreePages().Where(id => id % 3 == 1).ToList())
            {
                byte[] page = [.. editor.Page(PageId.Tree(id))!];
                if (LeafRecords.IsLeaf(page))
                {
                    LeafRecords.Write(LeafRecords.Read(page), page);
                }
                editor.SetPage(PageId.Tree(id), page);
            }
            var chain = new FrameChain(editor);
            if (chain.Count > 0)
            {
                Assert.True(chain.TryPutRedo(0, chain.Redo(0)));
            }
            editor.Save();
            var runtime = new SimulatedRuntime(1);
            using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, new CrashImage(image, 0));
            using VolumeDriver driver = new(runtime.RunToEnd(() => Volume.OpenAsync(device, new VolumeOptions(), runtime.Seams)));
            Assert.Equal(chain.Count, driver.Volume.Recovery.ReplayedFrames);
            Assert.Empty(runtime.RunToEnd(driver.Volume.VerifyAsync));
            Assert.Equal(0, runtime.RunToEnd(driver.Volume.CloseAsync));
        }
    }

    /// <summary>The first finds of the image fuzzer: an extent at an address in no segment, and a share taken that was never given. They threw in the middle of a batch.</summary>
    [Fact]
    public void CountsThatCannotBeAreDamageAndNoException()
    {
        Lfs.Format.Superblock superblock = new ImageEditor(ImageCorpus.Copy(0)).Superblock;
        foreach ((long address, long delta) in new[] { (long.MaxValue, 1L), (-1L, 1L), (0L, 1L), (superblock.SegmentAddress(superblock.SegmentCount), 1L), (superblock.SegmentAddress(1), -1L) })
        {
            var table = new Lfs.Segments.SegmentTable(superblock);
            table.AddLive(superblock.SegmentAddress(0), 5);
            Assert.Null(table.Damage);
            table.AddLive(address, delta);
            Assert.NotNull(table.Damage);
            Assert.Equal(5, table.TotalLiveBytes);
        }
    }

    private void RunSeeds(string kind, int seeds)
    {
        var run = new FuzzRun(kind, 1, turn => turn < seeds);
        IReadOnlyList<FuzzFailure> failures = run.Execute();
        output.WriteLine($"{kind}: {run.Cases} cases, {run.Sum}");
        Assert.True(failures.Count == 0, failures.Count == 0 ? "" : failures[0].Message);
    }
}
