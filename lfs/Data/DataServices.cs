using Txlfs.Journal;
using Txlfs.Journal.Runtime;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Data;

/// <summary>What the parts of the data path share.</summary>
internal sealed class DataServices(IEngine engine, NamespaceRoom room)
{
    private const int KeptStates = 64;

    public IEngine Engine { get; } = engine;

    /// <summary>Where the rules of changing attributes find what they need.</summary>
    public NamespaceRoom Room { get; } = room;
    public DataCounters Counters { get; } = new();
    public StatePool<ReadState> ReadStates { get; } = new(KeptStates);
    public StatePool<WriteState> WriteStates { get; } = new(KeptStates);

    /// <summary>Turns the errno of a body into one for the caller; damage in the index is logged here.</summary>
    public int Fail(ulong inode, int errno)
    {
        if (errno != DataErrno.Damaged)
        {
            return -errno;
        }
        Log($"inode {inode}: its inode, inline or extent record is damaged");
        return -Errno.EIO;
    }

    public void Log(string message) => Engine.Seams.Log.Write(LogSeverity.Error, message);
}
