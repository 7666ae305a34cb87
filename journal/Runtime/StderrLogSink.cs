namespace Txlfs.Journal.Runtime;

/// <summary>
/// Lines on standard error. Under systemd (JOURNAL_STREAM is set) each line begins with its syslog priority, which the
/// journal takes off again; otherwise with a word.
/// </summary>
public sealed class StderrLogSink(LogSeverity minimum = LogSeverity.Info) : ILogSink
{
    private readonly bool _isUnderSystemd = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("JOURNAL_STREAM"));

    public void Write(LogSeverity severity, string message)
    {
        if (severity < minimum)
            return;
        string prefix = _isUnderSystemd ? Priority(severity) : Word(severity);
        // One line per message, whatever names the message quotes.
        Console.Error.WriteLine(prefix + message.ReplaceLineEndings(" "));
    }

    private static string Priority(LogSeverity severity) => severity switch
    {
        LogSeverity.Error => "<3>",
        LogSeverity.Warning => "<4>",
        LogSeverity.Info => "<6>",
        _ => "<7>",
    };

    private static string Word(LogSeverity severity) => severity switch
    {
        LogSeverity.Error => "error: ",
        LogSeverity.Warning => "warning: ",
        LogSeverity.Info => "",
        _ => "debug: ",
    };
}
