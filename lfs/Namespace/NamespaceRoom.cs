using Txlfs.Journal.Runtime;

namespace Txlfs.Lfs.Namespace;

/// <summary>What the operations of the namespace and their bodies share.</summary>
internal sealed class NamespaceRoom
{
    private const int KeptTickets = 64;

    public NamespaceRoom(IEngine engine, NameHasher hasher)
    {
        Engine = engine;
        Log = engine.Seams.Log;
        Inodes = new InodeLookup(Log);
        Dirents = new DirentLookup(Log, hasher);
        Xattrs = new XattrLookup(Log, hasher);
        Acls = new AclRules(Xattrs);
        Open = new OpenInodes();
        Removal = new InodeRemoval(this);
        Orphans = new Orphans(this);
        Tickets = new ObjectPool<InodeTicket>(() => new InodeTicket(Open), KeptTickets);
    }

    public IEngine Engine { get; }
    public ILogSink Log { get; }
    public InodeLookup Inodes { get; }
    public DirentLookup Dirents { get; }
    public XattrLookup Xattrs { get; }
    public AclRules Acls { get; }
    public OpenInodes Open { get; }
    public InodeRemoval Removal { get; }
    public Orphans Orphans { get; }
    public ObjectPool<InodeTicket> Tickets { get; }

    public void Settle(InodeTicket ticket, bool isCommitted)
    {
        ticket.Settle(isCommitted, Orphans);
        Tickets.Return(ticket);
    }
}
