using System.Runtime.InteropServices;

namespace Txlfs.Fsd.Host;

/// <summary>SIGTERM and SIGINT ask for a clean end; SIGHUP too while there is a terminal, later it means nothing.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly TaskCompletionSource<string> _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PosixSignalRegistration> _registrations = [];

    public StopSignals(bool isForeground)
    {
        Listen(PosixSignal.SIGTERM, isStop: true);
        Listen(PosixSignal.SIGINT, isStop: true);
        Listen(PosixSignal.SIGHUP, isStop: isForeground);
    }

    /// <summary>Completes with the name of the signal.</summary>
    public Task<string> Asked => _asked.Task;

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void Listen(PosixSignal signal, bool isStop) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        if (isStop)
        {
            _asked.TrySetResult(signal.ToString());
        }
    }));
}
