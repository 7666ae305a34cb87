using Txlfs.Journal;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// Every directory leads to the root (N2). Follows parents up from each directory until the root or a directory known to be good; what is known is a
/// bounded cache. A circle is reported once, by the least inode number on it.
/// </summary>
internal sealed class CycleChecker(VolumeEngine engine, FindingList findings, VerifyBounds bounds)
{
    private const int MaxNotedPath = 4096;
    private readonly HashSet<ulong> _good = [];
    private readonly List<ulong> _path = [];

    public async ValueTask RunAsync()
    {
        IndexWalk walk = engine.Tree.Walk(bounds.PageIds);
        var directories = new List<ulong>();
        while (await walk.NextLeafAsync().ConfigureAwait(false))
        {
            directories.Clear();
            ListDirectories(walk.Page, directories);
            foreach (ulong directory in directories)
            {
                await FollowAsync(directory).ConfigureAwait(false);
            }
        }
    }

    private static unsafe void ListDirectories(byte[] bytes, List<ulong> directories)
    {
        fixed (byte* page = bytes)
        {
            for (int i = 0, count = LeafPage.Count(page); i < count; i++)
            {
                Key key = LeafPage.KeyAt(page, i);
                if (key.Kind == RecordKind.Inode && key.Sub == 0 && InodeRecord.TryRead(LeafPage.ValueAt(page, i), key.Inode, out InodeAttributes attributes)
                    && attributes.IsDirectory && attributes.Nlink != 0)
                {
                    directories.Add(key.Inode);
                }
            }
        }
    }

    private async ValueTask FollowAsync(ulong directory)
    {
        _path.Clear();
        ulong mark = 0, least = directory;
        long steps = 0, markAt = 1;
        for (ulong at = directory; at != Limits.RootInode && !_good.Contains(at); steps++)
        {
            if (at == mark || (at == directory && steps > 0))
            {
                if (at == directory && least == directory)
                {
                    findings.Add(new Finding(FindingKind.Cycle, FindingSeverity.Loss, Remedy.Drop, $"directory {directory} lies in itself: the chain of its parents does not lead to the root")
                    { Inode = directory, Step = RepairStep.OnInode(RepairAction.Reconnect, directory) });
                }
                return;
            }
            if (steps == markAt)
            {
                (mark, markAt) = (at, markAt * 2);
            }
            if (_path.Count < MaxNotedPath)
            {
                _path.Add(at);
            }
            least = Math.Min(least, at);
            OpResult<InodeAttributes> inode = await engine.ReadAsync<InodeProbe, InodeAttributes>(new InodeProbe(at)).ConfigureAwait(false);
            if (!inode.IsOk)
            {
                // A parent that does not exist: reported as a wrong parent, or a missing name.
                return;
            }
            at = inode.Value.Parent;
        }
        if (_good.Count > bounds.KnownDirectories)
        {
            _good.Clear();
        }
        _good.UnionWith(_path);
    }
}
