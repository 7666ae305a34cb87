using System.Text;

namespace Txlfs.Fsd.Host;

/// <summary>The daemon's end of the launcher's pipe. Says one thing, once; a launcher that has gone is no error.</summary>
internal sealed unsafe class StatusPipe(int descriptor)
{
    private int _descriptor = descriptor;

    public bool IsAttached => _descriptor >= 0;

    public void Ready() => Say("ready");

    public void Failed(int exitCode, string message) => Say($"failed {exitCode} {message.ReplaceLineEndings(" ")}");

    /// <summary>The terminal (or pipe) of whoever mounted is not ours to hold.</summary>
    public static void LeaveTerminal()
    {
        int nothing = HostLibC.Open("/dev/null", HostLibC.OpenReadWrite | HostLibC.OpenCloseOnExec, 0);
        if (nothing < 0)
        {
            return;
        }
        for (int descriptor = 0; descriptor <= 2; descriptor++)
        {
            HostLibC.Duplicate(nothing, descriptor);
        }
        HostLibC.Close(nothing);
    }

    private void Say(string line)
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
        HostLibC.Close(_descriptor);
        _descriptor = -1;
    }
}
