using System.Collections.Immutable;

namespace Txlfs.Tests.Model;

/// <summary>
/// A filesystem as POSIX has it, one immutable value a state. Written without a look at the implementation and sharing none of its code: inode
/// numbers are told to it by the volume, all else it works out itself. Rooted at any directory, so that several can stand side by side.
/// </summary>
public sealed partial record ModelState(ulong Root)
{
    public const int Ok = 0, Enoent = 2, Eperm = 1, Eexist = 17, Enotdir = 20, Eisdir = 21, Einval = 22, Enotempty = 39, Enodata = 61, Enxio = 6;

    private ImmutableDictionary<ulong, ModelInode> Inodes { get; init; } = ImmutableDictionary<ulong, ModelInode>.Empty;
    private ImmutableDictionary<ulong, int> Opens { get; init; } = ImmutableDictionary<ulong, int>.Empty;

    /// <summary>Of everything that has a name. Unlinked files that are still open have none, as after a crash.</summary>
    public ulong Fingerprint { get; private init; }

    public static ModelState Create(ulong root, uint mode, uint uid, uint gid)
        => new ModelState(root).With(new ModelInode(root, mode | ModelInode.DirectoryType) { Uid = uid, Gid = gid, Nlink = 2, Parent = root });

    public IEnumerable<ModelInode> All => Inodes.Values.OrderBy(inode => inode.Number);
    public IEnumerable<ulong> OpenInodes => Opens.Keys.Order();

    public ModelInode? Find(ulong number) => Inodes.GetValueOrDefault(number);

    public ModelInode? Lookup(ulong parent, string name)
        => Find(parent) is { IsDirectory: true } directory && directory.Entries.TryGetValue(name, out ulong child) ? Find(child) : null;

    public ModelState Open(ulong number) => this with { Opens = Opens.SetItem(number, Opens.GetValueOrDefault(number) + 1) };

    public ModelState Release(ulong number)
    {
        int left = Opens.GetValueOrDefault(number) - 1;
        ModelState state = this with { Opens = left > 0 ? Opens.SetItem(number, left) : Opens.Remove(number) };
        return left <= 0 && state.Find(number) is { Nlink: 0 } inode ? state.Without(inode) : state;
    }

    /// <summary>What a remount leaves: nothing is open, and what has no name is gone.</summary>
    public ModelState AfterRemount()
    {
        ModelState state = this with { Opens = ImmutableDictionary<ulong, int>.Empty };
        foreach (ModelInode orphan in Inodes.Values.Where(inode => inode.Nlink == 0))
        {
            state = state.Without(orphan);
        }
        return state;
    }

    /// <summary>A sorted list of facts; two states are equal when their lists are.</summary>
    public List<string> Dump()
    {
        List<string> lines = [];
        Describe(Find(Root)!, "", lines);
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private void Describe(ModelInode inode, string path, List<string> lines)
    {
        lines.AddRange(inode.Describe(path.Length == 0 ? "/" : path));
        foreach ((string name, ulong child) in inode.Entries)
        {
            Describe(Find(child)!, path + "/" + name, lines);
        }
    }

    public ModelState With(ModelInode inode) => this with
    {
        Inodes = Inodes.SetItem(inode.Number, inode),
        Fingerprint = Fingerprint ^ Weight(Find(inode.Number)) ^ Weight(inode),
    };

    private ModelState Without(ModelInode inode) => this with { Inodes = Inodes.Remove(inode.Number), Fingerprint = Fingerprint ^ Weight(inode) };

    private static ulong Weight(ModelInode? inode) => inode is null || inode.Nlink == 0 ? 0 : inode.Fingerprint();
}
