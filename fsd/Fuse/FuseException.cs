namespace Txlfs.Fsd.Fuse;

/// <summary>Mounting or starting failed; the message is for people, the errno for exit codes.</summary>
public sealed class FuseException(string message, int errno) : Exception(message)
{
    public int Errno { get; } = errno;
}
