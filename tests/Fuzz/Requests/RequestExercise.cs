using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Operations;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Fuzz.Images;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz.Requests;

/// <summary>
/// The whole daemon but its transports: hostile requests, many at once, through dispatcher and operations onto a sound volume. Each is answered exactly
/// once and leaves nothing behind, nothing is a defect, and afterwards the volume still verifies.
/// </summary>
internal sealed class RequestExercise(SimulatedRuntime runtime, SeededRandom random) : IInterruptible
{
    private const int Requests = 250;
    private const int MaxInFlight = 12;
    private const int MaxWaitMs = 100;
    private const int MaxWaits = 5000;

    private readonly List<FuzzRequest> _inFlight = [];
    private readonly Stack<FuzzRequest> _free = new();
    private readonly Dictionary<ulong, int> _opened = [];
    private string? _fault;
    private int _kept;

    /// <summary>The number of requests.</summary>
    public long Run()
    {
        SparseImage image = ImageCorpus.Copy(random.Below(ImageCorpus.Count));
        List<ulong> inodes = IndexMutations.Inodes(new ImageEditor(image));
        using SimulatedBlockDevice device = SimulatedBlockDevice.FromImage(runtime, new CrashImage(image, 0));
        using Volume volume = runtime.RunToEnd(() => Volume.OpenAsync(device, new VolumeOptions { MemoryBytes = 16 << 20 }, runtime.Seams));
        // The cleaner keeps some for as long as the volume is open.
        _kept = volume.InUse.ScratchBuffers;
        var filesystem = new VolumeFilesystem(volume, random.Pick([AtimePolicy.Never, AtimePolicy.Relative, AtimePolicy.Strict]), isReadOnly: false, runtime.Seams);
        var negotiated = (FuseInitFlags)random.Next() | (random.OneIn(4) ? 0 : FuseInitFlags.SetXAttrExt);
        if (!random.OneIn(20))
        {
            // Now and then requests come although nothing was negotiated.
            filesystem.Start(new FuseSession(7, 40, (ulong)negotiated, 1 << 20, "fuzz"));
        }
        var dispatcher = new RequestDispatcher(filesystem, text => _fault ??= text);
        dispatcher.Add(this);
        try
        {
            Play(dispatcher, new RequestGenerator(random, inodes), negotiated);
            Close(volume, filesystem);
        }
        finally
        {
            _inFlight.ForEach(request => request.Dispose());
            foreach (FuzzRequest request in _free)
            {
                request.Dispose();
            }
        }
        return Requests;
    }

    public bool TryInterrupt(ulong unique) => _inFlight.Exists(request => request.TryInterrupt(unique));

    private void Play(RequestDispatcher dispatcher, RequestGenerator generator, FuseInitFlags negotiated)
    {
        for (int i = 0; i < Requests; i++)
        {
            generator.Draw((ulong)i + 100, negotiated);
            if (generator.Opcode == FuseOpcode.Destroy && !random.OneIn(8))
            {
                continue;
            }
            if (generator.Opcode == FuseOpcode.Destroy)
            {
                // The kernel sends it when everything else was answered, and closing a volume relies on that.
                WaitWhile(() => _inFlight.Count > 0);
            }
            if (!_free.TryPop(out FuzzRequest? request))
            {
                request = new FuzzRequest();
            }
            string story = $"request {i}, {generator.Opcode} of node {generator.Header.NodeId}, arguments {Convert.ToHexString(generator.Arguments)}, {generator.Payload.Length} bytes behind them";
            int errno = request.Fill(generator.Header, generator.Arguments, generator.Payload, random.OneIn(2), generator.ClaimedPayloadBytes, negotiated, story);
            _inFlight.Add(request);
            runtime.Run(() =>
            {
                dispatcher.Dispatch(request, errno);
                return default;
            });
            if (random.OneIn(3))
            {
                runtime.RunFor(random.Below(5));
            }
            Collect();
            WaitWhile(() => _inFlight.Count > MaxInFlight);
        }
        WaitWhile(() => _inFlight.Count > 0);
    }

    private void WaitWhile(Func<bool> isWaiting)
    {
        for (int waits = 0; isWaiting(); waits++)
        {
            if (waits > MaxWaits)
            {
                throw new FuzzFailure($"never answered: {_inFlight[0].Story}");
            }
            runtime.RunFor(MaxWaitMs);
            Collect();
        }
    }

    private void Collect()
    {
        for (int i = _inFlight.Count - 1; i >= 0; i--)
        {
            FuzzRequest request = _inFlight[i];
            if (request.Answers == 0)
            {
                continue;
            }
            _inFlight.RemoveAt(i);
            if (request.Complaint(hasReply: true) is { } complaint)
            {
                throw new FuzzFailure(complaint);
            }
            CountOpens(request);
            _free.Push(request);
        }
        if (_fault is not null)
        {
            throw new FuzzFailure($"the dispatcher warns: {_fault}");
        }
        (LogSeverity _, string? message) = runtime.Log.Messages.FirstOrDefault(entry => entry.Severity == LogSeverity.Error);
        if (message is not null)
        {
            throw new FuzzFailure($"the log has an error: {message}");
        }
    }

    private unsafe void CountOpens(FuzzRequest request)
    {
        if (request.Errno != 0)
        {
            return;
        }
        ulong inode = (FuseOpcode)request.Opcode is FuseOpcode.Create or FuseOpcode.TmpFile ? *(ulong*)request.ReplyMemory.Pointer : request.NodeId;
        int change = (FuseOpcode)request.Opcode switch { FuseOpcode.Create or FuseOpcode.TmpFile or FuseOpcode.Open => 1, FuseOpcode.Release => -1, _ => 0 };
        if (change != 0)
        {
            _opened[inode] = Math.Max(0, _opened.GetValueOrDefault(inode) + change);
        }
    }

    private void Close(Volume volume, VolumeFilesystem filesystem)
    {
        runtime.Run(() =>
        {
            foreach ((ulong inode, int count) in _opened)
            {
                for (int i = 0; i < count; i++)
                {
                    volume.Release(inode);
                }
            }
            return default;
        });
        IReadOnlyList<string> complaints = runtime.RunToEnd(volume.VerifyAsync);
        if (complaints.Count > 0)
        {
            throw new FuzzFailure($"the volume does not verify any more: {string.Join("; ", complaints.Take(5))}");
        }
        int result = runtime.RunToEnd(() => new ValueTask<int>(filesystem.CloseAsync()));
        (int scratch, long held) = volume.InUse;
        if (result != 0 || scratch > _kept || held != 0)
        {
            throw new FuzzFailure($"closing gave {result}; {scratch} scratch buffers are still lent and {held} pieces of data held");
        }
    }
}
