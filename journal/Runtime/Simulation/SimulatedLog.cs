namespace Txlfs.Journal.Runtime.Simulation;

/// <summary>Keeps the latest messages, so that a failed run can be told together with what the volume said.</summary>
public sealed class SimulatedLog : ILogSink
{
    private const int MaxMessages = 1000;

    private readonly Queue<(LogSeverity Severity, string Message)> _messages = new();

    public IEnumerable<(LogSeverity Severity, string Message)> Messages => _messages;

    public void Write(LogSeverity severity, string message)
    {
        if (_messages.Count == MaxMessages)
            _messages.Dequeue();
        _messages.Enqueue((severity, message));
    }
}
