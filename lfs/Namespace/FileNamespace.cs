namespace Txlfs.Lfs.Namespace;

/// <summary>The namespace of one volume: its parts, put together.</summary>
internal sealed class FileNamespace
{
    public FileNamespace(IEngine engine) : this(engine, new NameHasher(engine.NameHashSeed))
    {
    }

    internal FileNamespace(IEngine engine, NameHasher hasher)
    {
        Room = new NamespaceRoom(engine, hasher);
        Directories = new Directories(Room);
        Inodes = new Inodes(Room);
        Xattrs = new Xattrs(Room);
    }

    public NamespaceRoom Room { get; }
    public Orphans Orphans => Room.Orphans;
    public Directories Directories { get; }
    public Inodes Inodes { get; }
    public Xattrs Xattrs { get; }
}
