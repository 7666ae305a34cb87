using System.Text;

namespace Txlfs.Fsd.Host;

/// <summary>The daemon's end of the launcher's pipe: any number of notes, then one last word. A launcher that has gone is no error.</summary>
internal sealed unsafe class StatusPipe(int descriptor)
{
    private readonly Lock _lock = new();
    private int _descriptor = descriptor;

    public bool IsAttached => _descriptor >= 0;

    public void Ready() => Say("ready");

    public void Failed(int exitCode, string message) => Say($"failed {exitCode} {message.ReplaceLineEndings(" ")}");

    /// <summary>Something for the eyes of whoever is waiting; the mount goes on.</summary>
    public void Note(string message) => Send($"note {message.ReplaceLineEndings(" ")}");

    /// <summary>The last word.</summary>
    private void Say(string line)
    {
        lock (_lock)
        {
            Send(line);
            if (_descriptor >= 0)
            {
                HostLibC.Close(_descriptor);
                _descriptor = -1;
            }
        }
    }

    private void Send(string line)
    {
        lock (_lock)
        {
            if (_descriptor < 0)
            {
                return;
            }
            byte[] text = Encoding.UTF8.GetBytes(line + "\n");
            fixed (byte* bytes = text)
            {
                HostLibC.Write(_descriptor, bytes, text.Length);
            }
        }
    }
}
