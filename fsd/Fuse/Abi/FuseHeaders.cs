using System.Runtime.InteropServices;

namespace Txlfs.Fsd.Fuse.Abi;

/// <summary>Begins every request.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseInHeader
{
    public uint LengthBytes;
    public FuseOpcode Opcode;
    public ulong Unique;
    public ulong NodeId;
    public uint Uid;
    public uint Gid;
    public uint Pid;

    /// <summary>Length of the extensions at the end of the message, in units of 8 bytes.</summary>
    public ushort ExtensionUnits;
    public ushort Padding;
}

/// <summary>Begins every reply and notification.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FuseOutHeader
{
    public uint LengthBytes;

    /// <summary>0 or a negative errno; of a notification its <see cref="FuseNotifyCode"/>.</summary>
    public int Error;
    public ulong Unique;
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseInitIn
{
    public uint Major;
    public uint Minor;
    public uint MaxReadAheadBytes;
    public uint Flags;

    /// <summary>From here on only when <see cref="FuseInitFlags.InitExt"/> is set.</summary>
    public uint Flags2;
    public UnusedWords Unused;

    [System.Runtime.CompilerServices.InlineArray(11)]
    public struct UnusedWords { private uint _first; }
}

[StructLayout(LayoutKind.Sequential)]
public struct FuseInitOut
{
    public uint Major;
    public uint Minor;
    public uint MaxReadAheadBytes;
    public uint Flags;
    public ushort MaxBackground;
    public ushort CongestionThreshold;
    public uint MaxWriteBytes;
    public uint TimeGranularityNs;
    public ushort MaxPages;
    public ushort MapAlignment;
    public uint Flags2;
    public uint MaxStackDepth;
    public ushort RequestTimeoutS;
    public UnusedHalfWords Unused;

    [System.Runtime.CompilerServices.InlineArray(11)]
    public struct UnusedHalfWords { private ushort _first; }
}
