using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Verify.Rebuild;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// fsck: checks a volume that nobody has mounted and mends it as far as the options allow. Rounds of: recover in memory, verify, repair, close; until a
/// round finds nothing more that it may mend.
/// </summary>
public sealed class VolumeCheck
{
    private const int MaxRounds = 16;
    private readonly IBlockDevice _device;
    private readonly CheckOptions _options;
    private readonly Seams _seams;
    private readonly Dictionary<FindingKind, bool> _answers = [];
    private Superblock _superblock = null!;
    private CheckSession? _session;
    private RingCheck _ring = null!;
    private SuperblockCheck _copies = null!;
    private bool _hasChanged;
    private bool _wasRebuilt;
    private bool _hasClosed;
    private long _dataBytesRead;

    private VolumeCheck(IBlockDevice device, CheckOptions options, Seams seams) => (_device, _options, _seams) = (device, options, seams);

    /// <summary>Throws <see cref="VolumeException"/> when this is no volume, or when the device fails under a repair.</summary>
    public static ValueTask<CheckReport> RunAsync(IBlockDevice device, CheckOptions options, Seams seams) => new VolumeCheck(device, options, seams).RunAsync();

    private async ValueTask<CheckReport> RunAsync()
    {
        _superblock = await SuperblockReader.ReadAsync(_device, _seams).ConfigureAwait(false);
        Volume.RequireCodecs(_superblock);
        FindingList? found = null;
        FindingList left = new();
        try
        {
            for (int round = 0; round < MaxRounds; round++)
            {
                left = new FindingList();
                if (await LookAsync(left).ConfigureAwait(false))
                {
                    return new CheckReport { WasOnlyLookedAt = true, WasClean = true, Found = left, Left = left };
                }
                bool isFirst = found is null;
                await CheckAsync(left, isFirst).ConfigureAwait(false);
                found ??= left;
                if (isFirst)
                {
                    Tell(left);
                }
                if (!await RepairAsync(left, isFirst).ConfigureAwait(false))
                {
                    break;
                }
                _hasChanged = true;
            }
            return Report(found!, left);
        }
        finally
        {
            EndSession();
        }
    }

    private CheckReport Report(FindingList found, FindingList left) => new()
    {
        Found = found,
        Left = left,
        HasChanged = _hasChanged,
        WasRebuilt = _wasRebuilt,
        WasClean = found.Count == 0 && (_session?.Report.WasClean ?? false),
        Inodes = _session?.Verifier.Inodes ?? 0,
        Directories = _session?.Verifier.Directories ?? 0,
        Records = _session?.Verifier.Records ?? 0,
        LiveBytes = _session?.Engine.Segments.TotalLiveBytes ?? 0,
        TotalBytes = _superblock.SegmentCount * _superblock.SegmentBytes,
        DataBytesRead = _dataBytesRead,
    };

    private void EndSession()
    {
        _session?.Dispose();
        _session = null;
    }

    /// <summary>The fixed places. True: that is enough, because the volume was closed in order and nobody wants more.</summary>
    private async ValueTask<bool> LookAsync(FindingList findings)
    {
        EndSession();
        _options.Progress.Begin(CheckPass.Superblocks, 1);
        _copies = new SuperblockCheck(_device, _superblock, findings);
        await _copies.RunAsync().ConfigureAwait(false);
        _ring = new RingCheck(_device, _superblock, findings);
        await _ring.RunAsync().ConfigureAwait(false);
        bool mayTrust = _ring.Newest is { IsClean: true } || (_options.Repair == RepairMode.Preen && _ring.Newest is not null);
        return mayTrust && findings.Count == 0 && !_hasChanged && !_options.IsForced && !_options.ChecksData && !_options.Rebuilds;
    }

    private async ValueTask CheckAsync(FindingList findings, bool isFirst)
    {
        if (_ring.Newest is null || (_options.Rebuilds && isFirst))
        {
            return;
        }
        try
        {
            _options.Progress.Begin(CheckPass.Log, 1);
            _session = await CheckSession.OpenAsync(_device, _superblock, _options.MemoryBytes, _seams).ConfigureAwait(false);
            await _session.VerifyAsync(findings, _options.Progress).ConfigureAwait(false);
        }
        catch (VolumeException damaged) when (damaged.Errno is Errno.EUCLEAN or Errno.EIO)
        {
            findings.Add(new Finding(FindingKind.LogReplay, FindingSeverity.Loss, Remedy.Rebuild, damaged.Message));
            EndSession();
            return;
        }
        if (_options.ChecksData && (isFirst || _wasRebuilt) && _session.Verifier.IsIndexSound)
        {
            var data = new DataCheck(_session.Volume, _session.Engine, findings, _options.Progress);
            await data.RunAsync().ConfigureAwait(false);
            _dataBytesRead = data.BytesRead;
        }
        if (_session.Verifier.IsIndexSound)
        {
            await FindingPaths.AddAsync(_session.Engine, findings).ConfigureAwait(false);
        }
    }

    private void Tell(FindingList findings)
    {
        foreach (Finding finding in findings.Kept)
        {
            _options.Say(finding.ToString());
        }
        if (findings.Count > findings.Kept.Count)
        {
            _options.Say($"... and {findings.Count - findings.Kept.Count} more");
        }
    }

    /// <summary>True when something was changed and another round must look at the result.</summary>
    private async ValueTask<bool> RepairAsync(FindingList findings, bool isFirst)
    {
        bool mustRebuild = (_options.Rebuilds && isFirst) || findings.Of(Remedy.Rebuild) > 0;
        if (_options.Repair == RepairMode.None || (findings.Errors == 0 && !mustRebuild && !IsUnclean(findings)))
        {
            return false;
        }
        bool hasWritten = await RepairFixedPlacesAsync().ConfigureAwait(false);
        if (mustRebuild)
        {
            return await RebuildAsync().ConfigureAwait(false) || hasWritten;
        }
        if (_session is null || !_session.Verifier.IsIndexSound)
        {
            return hasWritten;
        }
        List<Finding> steps = [.. findings.Steps.Where(finding => IsAllowed(finding.Kind, finding.Remedy))];
        bool needsSession = IsUnclean(findings) || findings.Kept.Any(finding => finding is { Step: null, Remedy: Remedy.Certain } && finding.Kind is not (FindingKind.Superblock or FindingKind.CheckpointSlot) && IsAllowed(finding.Kind, finding.Remedy));
        if (steps.Count == 0 && !needsSession)
        {
            return hasWritten;
        }
        return await RepairRecordsAsync(steps).ConfigureAwait(false) || needsSession || hasWritten;
    }

    /// <summary>Nothing is wrong, but the log waits to be replayed: a repair run leaves the volume closed.</summary>
    private bool IsUnclean(FindingList findings) => !_hasClosed && findings.Errors == 0 && _session is { Report.WasClean: false };

    /// <summary>Once: what a rebuild leaves is not mended by another.</summary>
    private async ValueTask<bool> RebuildAsync()
    {
        if (_wasRebuilt || !IsAllowed(FindingKind.Rebuilt, Remedy.Rebuild))
        {
            return false;
        }
        EndSession();
        using var rebuilder = new Rebuilder(_device, _superblock, _ring.Newest, _options, _seams);
        await rebuilder.RunAsync().ConfigureAwait(false);
        _options.Say(rebuilder.Summary);
        _wasRebuilt = true;
        return true;
    }

    private async ValueTask<bool> RepairFixedPlacesAsync()
    {
        bool hasWritten = false;
        if (_copies.HasBad && IsAllowed(FindingKind.Superblock, Remedy.Certain))
        {
            await _copies.RepairAsync().ConfigureAwait(false);
            hasWritten = true;
        }
        if (_ring is { HasDamaged: true, Newest: not null } && IsAllowed(FindingKind.CheckpointSlot, Remedy.Certain))
        {
            await _ring.RepairAsync().ConfigureAwait(false);
            hasWritten = true;
        }
        return hasWritten;
    }

    private async ValueTask<bool> RepairRecordsAsync(List<Finding> steps)
    {
        CheckSession session = _session!;
        _options.Progress.Begin(CheckPass.Repair, steps.Count);
        await session.MakeWritableAsync().ConfigureAwait(false);
        var repairer = new Repairer(session.Volume, session.Engine);
        long done = 0;
        foreach (Finding finding in steps)
        {
            int failed = await repairer.RunAsync(finding.Step!).ConfigureAwait(false);
            done += failed == 0 ? 1 : 0;
            if (failed != 0)
            {
                _options.Say($"not repaired (errno {failed}): {finding}");
            }
            _options.Progress.Advance(1);
        }
        await session.Volume.FinishRecoveryAsync().ConfigureAwait(false);
        await session.CloseAsync().ConfigureAwait(false);
        _hasClosed = true;
        return done > 0;
    }

    private bool IsAllowed(FindingKind kind, Remedy remedy)
    {
        switch (_options.Repair)
        {
            case RepairMode.None:
                return false;
            case RepairMode.Preen:
                return remedy == Remedy.Certain;
            case RepairMode.All:
                return true;
        }
        if (!_answers.TryGetValue(kind, out bool isYes))
        {
            _answers.Add(kind, isYes = _options.Ask(Questions.For(kind)));
        }
        return isYes;
    }
}
