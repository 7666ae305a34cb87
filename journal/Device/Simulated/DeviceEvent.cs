namespace Txlfs.Journal.Device.Simulated;

public enum DeviceEventKind
{
    Write,
    DurableWrite,
    Flush,
}

/// <summary>
/// A write or flush that the device has just taken in. It is in flight: nothing of it is acknowledged, so a cut at this
/// moment may keep it, drop it or tear it.
/// </summary>
public readonly record struct DeviceEvent(long Number, DeviceEventKind Kind, long OffsetBytes, int LengthBytes);
