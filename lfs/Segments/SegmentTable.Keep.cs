namespace Txlfs.Lfs.Segments;

/// <summary>How a check keeps what it looks at.</summary>
internal enum KeepState : byte
{
    /// <summary>Nobody keeps anything.</summary>
    None,

    /// <summary>No segment is freed: the check has not said yet which ones it needs.</summary>
    All,

    /// <summary>The segments that were named are not freed.</summary>
    Named,

    /// <summary>The volume needed the space: the check has lost what it was looking at.</summary>
    GivenUp,
}

// Segments that an online check reads: dead or not, they are not freed, so not written over, until it ends (invariant S5). Foreground work has the better
// right: when it would otherwise find the volume full it takes them, and the check is at its end.
// None -> All -> Named -> None; All and Named -> GivenUp -> None.
internal sealed partial class SegmentTable
{
    private bool[] _isKept = [];
    private KeepState _keep;

    public KeepState Keep
    {
        get
        {
            lock (_lock)
            {
                return _keep;
            }
        }
    }

    /// <summary>False: another check is under way.</summary>
    public bool TryBeginKeep()
    {
        lock (_lock)
        {
            if (_keep != KeepState.None)
            {
                return false;
            }
            _keep = KeepState.All;
            return true;
        }
    }

    /// <summary>From here on only these are kept. False: given up meanwhile.</summary>
    public bool TryKeep(bool[] segments)
    {
        lock (_lock)
        {
            if (_keep != KeepState.All)
            {
                return false;
            }
            _isKept = segments;
            _keep = KeepState.Named;
            return true;
        }
    }

    public void EndKeep()
    {
        lock (_lock)
        {
            _keep = KeepState.None;
            _isKept = [];
        }
    }

    /// <summary>Foreground work needs the space. True: something was kept, so that the next checkpoint may free more.</summary>
    public bool TryGiveUpKept()
    {
        lock (_lock)
        {
            if (_keep is not (KeepState.All or KeepState.Named))
            {
                return false;
            }
            _keep = KeepState.GivenUp;
            _isKept = [];
            return true;
        }
    }

    private bool IsKeptLocked(int index) => _keep == KeepState.All || (_keep == KeepState.Named && index < _isKept.Length && _isKept[index]);
}
