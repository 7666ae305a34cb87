using Txlfs.Cli.Torture;
using Txlfs.Fsd.Host;
using Txlfs.Journal;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Xunit;

namespace Txlfs.Tests.Unit.Torture;

/// <summary>The verdict is right: an honest card is never blamed, whatever the moment of the cut; each way of breaking one's word is found.</summary>
public class TortureTests
{
    private const int AreaOffset = 1 << 20;

    [Fact]
    public void AnHonestCardIsNeverBlamed()
    {
        for (ulong seed = 1; seed <= 14; seed++)
        {
            var card = new TorturedCard(seed);
            var random = new Xoshiro256(seed);
            for (int cut = 0; cut < 5; cut++)
            {
                card.Write(1 + random.Next(900));
                if (random.OneIn(2))
                {
                    // The power goes again while the check puts the card in order.
                    card.Check(cutAtEvent: 1 + random.Next(40));
                }
                card.Check(hasWitness: random.OneIn(2));
                Assert.True(card.Counts.Faults == 0 && card.Counts.BrokenInFlight == 0, $"seed {seed}, cut {cut}: {card.Verdict.Text}");
            }
            Assert.True(card.Counts.Cuts is > 0 and <= 10, $"seed {seed}: {card.Counts.Cuts} cuts");
            Assert.Equal("honest", card.Verdict.Name);
            Assert.Equal(ExitCodes.Success, card.Verdict.ExitCode);
        }
    }

    [Fact]
    public void AFlushThatLiesIsFound()
    {
        for (ulong seed = 1; seed <= 8; seed++)
        {
            var card = new TorturedCard(seed);
            var random = new Xoshiro256(seed);
            for (int cut = 0; cut < 6 && card.Counts.Faults == 0; cut++)
            {
                card.Write(100 + random.Next(900), new SimulatedFaults { EveryFlushLies = true });
                card.Check();
            }
            Assert.True(card.Counts.LostAfterFlush + card.Counts.TornAfterFlush > 0 && card.Counts.Reordered > 0, $"seed {seed}: {card.Verdict.Text}");
            Assert.Equal(("dishonest", ExitCodes.TestFailed), (card.Verdict.Name, card.Verdict.ExitCode));
        }
    }

    /// <summary>A cache that is lost as a whole leaves an older state without a gap: only somebody else can know that there was more.</summary>
    [Fact]
    public void ALossWithoutATraceIsFoundByTheWitness()
    {
        for (ulong seed = 1; seed <= 4; seed++)
        {
            var card = new TorturedCard(seed);
            card.Write(150, new SimulatedFaults { EveryFlushLies = true }, CutPolicy.DropAll);
            Assert.NotEmpty(card.WitnessLines);
            card.Check(hasWitness: true);
            Assert.True(card.Counts.LostAfterFlush > 0, $"seed {seed}: {card.Verdict.Text}");
        }
    }

    [Fact]
    public void AWriteThatGoesNowhereIsFound()
    {
        for (ulong seed = 1; seed <= 6; seed++)
        {
            var card = new TorturedCard(seed);
            for (int round = 0; round < 8 && card.Counts.Faults == 0; round++)
            {
                var faults = new SimulatedFaults();
                faults.LoseWrite(200 + (round * 3));
                card.Write(400, faults);
                card.Check();
            }
            Assert.True(card.Counts.LostAfterFlush + card.Counts.WrongReadBack > 0, $"seed {seed}: {card.Verdict.Text}");
            Assert.Equal(0, card.Counts.Corrupted);
        }
    }

    [Fact]
    public void AWriteThatGoesElsewhereIsFound()
    {
        for (ulong seed = 1; seed <= 6; seed++)
        {
            var card = new TorturedCard(seed);
            for (int round = 0; round < 8 && card.Counts.Misdirected == 0; round++)
            {
                var faults = new SimulatedFaults();
                faults.MisdirectWrite(300 + (round * 3), AreaOffset + (4096L * (1000 + round)));
                card.Write(400, faults);
                card.Check();
            }
            Assert.True(card.Counts.Misdirected > 0, $"seed {seed}: {card.Verdict.Text}");
        }
    }

    [Fact]
    public void BytesThatRotAreFoundAndNotCountedTwice()
    {
        for (ulong seed = 1; seed <= 4; seed++)
        {
            var card = new TorturedCard(seed);
            card.Write(cutAtEvent: null, epochs: 60);
            card.Check();
            Assert.Equal("untested", card.Verdict.Name);
            card.Corrupt(Block(seed, epoch: 30) + 512, 10);
            card.Check();
            Assert.Equal(1, card.Counts.Corrupted);
            card.Write(200);
            card.Check();
            Assert.Equal((1, 1, 1), (card.Counts.Corrupted, card.Counts.Faults, card.Counts.Cuts));
        }
    }

    [Fact]
    public void ABlockThatCannotBeReadIsFound()
    {
        var card = new TorturedCard(3);
        card.Write(cutAtEvent: null, epochs: 60);
        var faults = new SimulatedFaults();
        faults.FailReadsOf(Block(3, epoch: 30), 4096, Errno.EIO);
        card.Check(faults: faults);
        Assert.Equal((1, 1), (card.Counts.Unreadable, card.Counts.Faults));
    }

    [Fact]
    public void AHalfWrittenSectorOfAWriteInFlightIsNoLieButIsTold()
    {
        for (ulong seed = 1; seed <= 200; seed++)
        {
            var card = new TorturedCard(seed);
            card.Write(300, policy: CutPolicy.DropAll);
            card.Check();
            card.Write(300, policy: CutPolicy.KeepAll);
            UnflushedWrite? inFlight = card.InDoubt.Find(write => write.OffsetBytes >= AreaOffset);
            if (inFlight is null)
            {
                continue;
            }
            card.Corrupt(inFlight.OffsetBytes + 100, 10);
            card.Check();
            Assert.True(card.Counts.Faults == 0 && card.Counts.BrokenInFlight <= 1, $"seed {seed}: {card.Verdict.Text}");
            if (card.Counts.BrokenInFlight == 1)
            {
                Assert.Equal("breaks-sectors", card.Verdict.Name);
                return;
            }
        }
        Assert.Fail("no cut met a block that had been written before");
    }

    [Fact]
    public void ADeviceThatFailsOpenlyIsAnErrorAndNoLie()
    {
        var card = new TorturedCard(5);
        var faults = new SimulatedFaults();
        faults.FailWrite(120, Errno.EIO);
        CommandException failed = Assert.Throws<CommandException>(() => card.Write(cutAtEvent: null, faults));
        Assert.Equal(ExitCodes.IoError, failed.ExitCode);
    }

    [Fact]
    public void AWitnessIsFoundAmongOtherLines()
    {
        string[] lines = ["boot", "[12.3] " + Witness.Line(7, 3, 41) + "\r", Witness.Line(7, 3, 40), Witness.Line(8, 9, 99), Witness.Line(7, 2, 1000), "txlfs-torture 0000000000000007 round x"];
        Assert.Equal((3u, 41u), Witness.Last(lines, 7));
        Assert.Equal((0u, 0u), Witness.Last(lines, 6));
    }

    [Fact]
    public void NoBlockComesTwiceInAnEpochAndAllLieInside()
    {
        TortureLayout layout = TortureLayout.ForBytes(20 << 20);
        List<BlockRun> runs = [];
        for (uint epoch = 1; epoch < 2000; epoch++)
        {
            EpochPlan.Draw(99, 4, epoch, layout, runs);
            var seen = new HashSet<int>();
            Assert.All(runs, run => Assert.True(run is { First: >= 0, Count: > 0 } && run.End <= layout.Blocks));
            Assert.True(runs.SelectMany(run => Enumerable.Range(run.First, run.Count)).All(seen.Add));
            Assert.True(runs.Count > 1);
        }
    }

    /// <summary>Where the last block of an epoch's last run lies.</summary>
    private static long Block(ulong seed, uint epoch)
    {
        TortureLayout layout = TortureLayout.ForBytes(20 << 20);
        List<BlockRun> runs = [];
        EpochPlan.Draw(seed, 1, epoch, layout, runs);
        return layout.OffsetOf(runs[^1].End - 1);
    }
}
