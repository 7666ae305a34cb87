namespace Txlfs.Journal.Device;

/// <summary>A device could not be opened or set up. The message is for the user; <see cref="ErrorNumber"/> is a positive errno.</summary>
public sealed class DeviceException(string message, int errorNumber) : Exception(message)
{
    public int ErrorNumber { get; } = errorNumber;
}
