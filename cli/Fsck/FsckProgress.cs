using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Txlfs.Lfs.Verify;

#pragma warning disable RS0030 // Lines for fsck(8) go to a descriptor that it opened; no device is touched.
namespace Txlfs.Cli.Fsck;

/// <summary>
/// How far fsck has got: for fsck(8) lines "pass done total device" on the descriptor that it gave, for people a bar on stderr, else nothing. Says something
/// only when a hundredth more is done.
/// </summary>
internal sealed class FsckProgress : ICheckProgress, IDisposable
{
    private const int BarWidth = 40;
    private readonly string _device;
    private readonly FileStream? _lines;
    private readonly bool _hasBar;
    private CheckPass _pass;
    private long _total;
    private long _done;
    private long _shown = -1;
    private bool _isBarVisible;

    private FsckProgress(string device, FileStream? lines, bool hasBar) => (_device, _lines, _hasBar) = (device, lines, hasBar);

    public static FsckProgress For(FsckRequest request) => request.ProgressDescriptor switch
    {
        null => new FsckProgress(request.Device, null, !request.IsJson && !Console.IsErrorRedirected),
        0 => new FsckProgress(request.Device, null, !request.IsJson),
        < 0 => new FsckProgress(request.Device, null, false),
        int descriptor => new FsckProgress(request.Device, new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, 1), false),
    };

    public void Begin(CheckPass pass, long total)
    {
        (_pass, _total, _done, _shown) = (pass, Math.Max(total, 1), 0, -1);
        Show();
    }

    public void Advance(long units)
    {
        _done = Math.Min(_total, _done + units);
        Show();
    }

    /// <summary>Takes the bar off the screen, so that something else can be said.</summary>
    public void Clear()
    {
        if (_isBarVisible)
        {
            _isBarVisible = false;
            _shown = -1;
            Console.Error.Write("\r\u001b[K");
        }
    }

    private void Show()
    {
        long percent = _done * 100 / _total;
        if (percent == _shown)
        {
            return;
        }
        _shown = percent;
        if (_lines is not null)
        {
            _lines.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{(int)_pass} {_done} {_total} {_device}\n")));
        }
        else if (_hasBar)
        {
            int full = (int)(percent * BarWidth / 100);
            _isBarVisible = true;
            Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{_pass,-12} [{new string('=', full)}{new string(' ', BarWidth - full)}] {percent,3}%"));
        }
    }

    public void Dispose()
    {
        Clear();
        _lines?.Dispose();
    }
}
