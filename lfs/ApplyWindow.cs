namespace Txlfs.Lfs;

/// <summary>A read body's look at the index, begun when this is made: quiet if no commit was applied in the meantime, so that its records fit together.</summary>
internal readonly struct ApplyWindow(IEngine engine)
{
    private readonly long _begin = engine.ApplyVersion;

    public bool IsQuiet
    {
        get
        {
            Volatile.ReadBarrier();
            return (_begin & 1) == 0 && engine.ApplyVersion == _begin;
        }
    }
}
