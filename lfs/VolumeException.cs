namespace Txlfs.Lfs;

/// <summary>Why a volume cannot be formatted or opened; the message is one line for people.</summary>
public sealed class VolumeException(int errno, string message) : Exception(message)
{
    public int Errno { get; } = errno;
}
