namespace Txlfs.Lfs.Index;

/// <summary>Faults as lines, the first thousand of them; everything else that a verifier meets is ignored.</summary>
internal sealed class FaultLines(Action<string> report) : IIndexObserver
{
    private const int MaxReports = 1000;

    /// <summary>As many page ids as two bitmaps of 32 MiB hold.</summary>
    public const ulong IdLimit = 1UL << 28;
    private int _reports;

    public void Fault(in IndexFault fault)
    {
        if (_reports++ < MaxReports)
        {
            report(fault.Text);
        }
    }

    public void Stored(int space, ulong pageId, in PagePointer pointer)
    {
    }

    public ValueTask LeafAsync(byte[] page) => ValueTask.CompletedTask;
}
