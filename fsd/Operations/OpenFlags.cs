using System.Runtime.InteropServices;

namespace Txlfs.Fsd.Operations;

/// <summary>The open(2) flags that matter here; some have another value on arm64.</summary>
internal static class OpenFlags
{
    public const uint AccessMask = 3, WriteOnly = 1, Exclusive = 0x80, Truncate = 0x200, DataSync = 0x1000, NoAtime = 0x40000;

    public static readonly uint Direct = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000u : 0x4000u;

    public static bool IsForReading(uint flags) => (flags & AccessMask) != WriteOnly;

    public static bool IsForWriting(uint flags) => (flags & AccessMask) != 0;
}
