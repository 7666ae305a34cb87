using Txlfs.Cli.Torture;
using Txlfs.Fsd.Host;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;

namespace Txlfs.Tests.Unit.Torture;

/// <summary>A simulated card, its plug, and the person who pulls it: writing until a chosen event, then the check on what is left.</summary>
internal sealed class TorturedCard
{
    private const long DeviceBytes = 20L << 20;
    private readonly Xoshiro256 _random;
    private CrashImage _image;
    private int _lives;

    public TorturedCard(ulong seed)
    {
        Seed = seed;
        _random = new Xoshiro256(seed);
        var runtime = new SimulatedRuntime(seed);
        using var device = new SimulatedBlockDevice(runtime, DeviceBytes);
        using TortureCard card = runtime.RunToEnd(() => TortureCard.CreateAsync(device, TortureLayout.ForBytes(DeviceBytes), seed));
        _image = device.PowerCut(CutPolicy.DropAll);
    }

    public ulong Seed { get; }
    public List<string> WitnessLines { get; } = [];

    /// <summary>Of all rounds, as the card has them after the last check.</summary>
    public TortureCounts Counts { get; private set; }

    public TortureVerdict Verdict => TortureVerdict.Of(Counts);

    /// <summary>What the last cut left in doubt.</summary>
    public List<UnflushedWrite> InDoubt { get; private set; } = [];

    /// <summary>Writes until the event and then pulls the plug; or ends in order after so many epochs when there is no event.</summary>
    public void Write(long? cutAtEvent, SimulatedFaults? faults = null, ICutPolicy? policy = null, int epochs = int.MaxValue)
    {
        Live(faults, cutAtEvent, policy, async device =>
        {
            using TortureCard card = await TortureCard.OpenAsync(device) ?? throw new InvalidOperationException("no torture on the card");
            using var writer = new TortureWriter(card, WitnessLines.Add);
            await writer.RunAsync(() => epochs-- > 0);
        });
    }

    /// <summary>The next morning. With an event the plug is pulled during the check.</summary>
    public void Check(long? cutAtEvent = null, SimulatedFaults? faults = null, bool hasWitness = false)
    {
        Live(faults, cutAtEvent, null, async device =>
        {
            using TortureCard card = await TortureCard.OpenAsync(device) ?? throw new InvalidOperationException("no torture on the card");
            using var check = new TortureCheck(card, hasWitness ? Witness.Last(WitnessLines, card.Header.RunId) : default);
            await check.RunAsync();
            Counts = card.Header.Counts;
        });
    }

    /// <summary>Bit rot in one block, at rest.</summary>
    public void Corrupt(long offsetBytes, int lengthBytes)
    {
        SparseImage image = _image.Copy();
        var bytes = new byte[lengthBytes];
        image.Read(offsetBytes, bytes);
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0x55;
        }
        image.Write(offsetBytes, bytes);
        _image = new CrashImage(image, 0);
    }

    private void Live(SimulatedFaults? faults, long? cutAtEvent, ICutPolicy? policy, Func<SimulatedBlockDevice, ValueTask> life)
    {
        var runtime = new SimulatedRuntime(Seed + ((ulong)++_lives << 32));
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, _image, faults, new SimulatedDeviceOptions { CacheBytes = 1 << 20 });
        CrashImage? left = null;
        device.OnEvent = happened =>
        {
            if (happened.Number == cutAtEvent)
            {
                InDoubt = [.. device.Unflushed];
                left = device.PowerCut(policy ?? CutPolicy.Random(_random.NextUInt64()));
            }
        };
        try
        {
            runtime.Run(() => life(device));
        }
        catch (CommandException) when (left is not null)
        {
            // The plug is out: everything after it fails.
        }
        _image = left ?? device.PowerCut(CutPolicy.KeepAll);
    }
}
