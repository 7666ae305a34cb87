using System.Runtime.InteropServices;

namespace Txlfs.Journal.Codec;

/// <summary>Whether a system library is there, and what to tell the user when it is not. Loaded once, never unloaded.</summary>
internal sealed class NativeCodecLibrary
{
    public NativeCodecLibrary(string fileName, string symbol, string debianPackage)
    {
        if (!NativeLibrary.TryLoad(fileName, out nint handle))
            Reason = $"{fileName} is not installed (Debian package {debianPackage})";
        else if (!NativeLibrary.TryGetExport(handle, symbol, out _))
            Reason = $"{fileName} does not export {symbol}; a newer {debianPackage} is needed";
        else
            IsLoaded = true;
    }

    public bool IsLoaded { get; }
    public string Reason { get; } = "";
}
