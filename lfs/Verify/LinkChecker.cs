using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Format;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// Names against inodes (N1, N2): every entry's inode exists and is of the entry's type, every inode has as many names as links, or is an orphan; a
/// directory has one name, in the directory that it calls its parent. A window of inodes at a time, two passes over the index for each: bounded memory.
/// </summary>
internal sealed class LinkChecker(VolumeEngine engine, FindingList findings, VerifyBounds bounds)
{
    private const byte DirectoryType = (byte)(ModeBits.Directory >> 12);
    private readonly LinkWindow _window = new(bounds.WindowInodes);

    public async ValueTask RunAsync(Func<ulong, ValueTask>? progress = null)
    {
        for (ulong low = 0; ;)
        {
            await FillAsync(low).ConfigureAwait(false);
            await CountAsync().ConfigureAwait(false);
            for (int i = 0; i < _window.Count; i++)
            {
                await JudgeAsync(i).ConfigureAwait(false);
            }
            if (progress is not null)
            {
                await progress((ulong)_window.Count).ConfigureAwait(false);
            }
            if (_window.High == ulong.MaxValue)
            {
                return;
            }
            low = _window.High + 1;
        }
    }

    private async ValueTask FillAsync(ulong low)
    {
        _window.Begin(low);
        IndexWalk walk = engine.Tree.Walk(bounds.PageIds);
        while (await walk.NextLeafAsync().ConfigureAwait(false))
        {
            if (!Collect(walk.Page))
            {
                _window.EndBeforeMore();
                return;
            }
        }
    }

    /// <summary>False when the window is full and there is another inode.</summary>
    private unsafe bool Collect(byte[] bytes)
    {
        fixed (byte* page = bytes)
        {
            for (int i = 0, count = LeafPage.Count(page); i < count; i++)
            {
                Key key = LeafPage.KeyAt(page, i);
                if (key.Kind != RecordKind.Inode || key.Sub != 0 || key.Inode < _window.Low || key.Inode == 0)
                {
                    continue;
                }
                if (_window.IsFull)
                {
                    return false;
                }
                _window.Add(key.Inode, LeafPage.ValueAt(page, i));
            }
            return true;
        }
    }

    private async ValueTask CountAsync()
    {
        IndexWalk walk = engine.Tree.Walk(bounds.PageIds);
        while (await walk.NextLeafAsync().ConfigureAwait(false))
        {
            CountLeaf(walk.Page);
        }
    }

    private unsafe void CountLeaf(byte[] bytes)
    {
        fixed (byte* page = bytes)
        {
            for (int i = 0, count = LeafPage.Count(page); i < count; i++)
            {
                Key key = LeafPage.KeyAt(page, i);
                if (key.Kind == RecordKind.Dirent && DirentRecord.TryRead(LeafPage.ValueAt(page, i), out ulong child, out byte type, out ReadOnlySpan<byte> name)
                    && child >= _window.Low && child <= _window.High)
                {
                    CountEntry(key, child, type, name);
                }
            }
        }
    }

    private void CountEntry(Key key, ulong child, byte type, ReadOnlySpan<byte> name)
    {
        int at = _window.Find(child);
        if (at < 0)
        {
            Report(FindingKind.Dangling, FindingSeverity.Loss, Remedy.Drop, key.Inode, $"directory {key.Inode}: entry {Printable(name)} names inode {child}, which does not exist", RepairStep.Drop(key));
            return;
        }
        ref LinkWindow.Entry entry = ref _window[at];
        if (child == Limits.RootInode)
        {
            Report(FindingKind.SecondName, FindingSeverity.Error, Remedy.Drop, key.Inode, $"directory {key.Inode}: entry {Printable(name)} names the root", RepairStep.Drop(key));
            return;
        }
        entry.Names++;
        if (entry.IsSound && entry.Type != type)
        {
            Report(FindingKind.EntryType, FindingSeverity.Error, Remedy.Certain, key.Inode, $"directory {key.Inode}: entry {Printable(name)} names inode {child} with another type",
                new RepairStep(RepairAction.SetEntryType, key, default, child));
        }
        if (entry.Names == 1)
        {
            (entry.FirstDirectory, entry.FirstCookie) = (key.Inode, key.Sub);
        }
        else if (entry.Type == DirectoryType)
        {
            DropSecondName(ref entry, key);
        }
    }

    /// <summary>A directory has one name: the one in the directory that it calls its parent stays, else the first.</summary>
    private void DropSecondName(ref LinkWindow.Entry entry, Key key)
    {
        bool keepsThis = key.Inode == entry.Parent && entry.FirstDirectory != entry.Parent;
        Key dropped = keepsThis ? Key.Of(entry.FirstDirectory, RecordKind.Dirent, entry.FirstCookie) : key;
        Report(FindingKind.SecondName, FindingSeverity.Error, Remedy.Drop, entry.Inode, $"directory {entry.Inode} has more than one name; the one in directory {dropped.Inode} is too many", RepairStep.Drop(dropped));
        if (keepsThis)
        {
            (entry.FirstDirectory, entry.FirstCookie) = (key.Inode, key.Sub);
        }
    }

    private async ValueTask JudgeAsync(int index)
    {
        LinkWindow.Entry entry = _window[index];
        if (!entry.IsSound || entry.Inode == Limits.RootInode)
        {
            return;
        }
        if (entry.Names == 0)
        {
            await JudgeNamelessAsync(entry).ConfigureAwait(false);
            return;
        }
        if (entry.Type != DirectoryType)
        {
            if (entry.Links != entry.Names)
            {
                Report(FindingKind.LinkCount, FindingSeverity.Error, Remedy.Certain, entry.Inode, $"inode {entry.Inode} has {entry.Links} links, {entry.Names} are there", RepairStep.OnInode(RepairAction.SetLinks, entry.Inode, entry.Names));
            }
            return;
        }
        if (entry.Parent != entry.FirstDirectory)
        {
            Report(FindingKind.WrongParent, FindingSeverity.Error, Remedy.Certain, entry.Inode, $"directory {entry.Inode} says that its parent is {entry.Parent}; its name is in {entry.FirstDirectory}",
                RepairStep.OnInode(RepairAction.SetParent, entry.Inode, entry.FirstDirectory));
        }
        if (entry.Links == 0)
        {
            Report(FindingKind.LinkCount, FindingSeverity.Error, Remedy.Certain, entry.Inode, $"directory {entry.Inode} has no links, and a name", RepairStep.OnInode(RepairAction.SetLinks, entry.Inode, 2));
        }
    }

    private async ValueTask JudgeNamelessAsync(LinkWindow.Entry entry)
    {
        if (entry.Links != 0)
        {
            Report(FindingKind.NoName, FindingSeverity.Loss, Remedy.Drop, entry.Inode, $"inode {entry.Inode} has {entry.Links} links and no name", RepairStep.OnInode(RepairAction.Reconnect, entry.Inode));
        }
        else if (!await RecordProbe.ExistsAsync(engine, InodeRemoval.OrphanKeyOf(entry.Inode)).ConfigureAwait(false))
        {
            Report(FindingKind.Orphan, FindingSeverity.Error, Remedy.Certain, entry.Inode, $"inode {entry.Inode} was removed, and is not listed as an orphan", RepairStep.OnInode(RepairAction.PutOrphan, entry.Inode));
        }
    }

    private void Report(FindingKind kind, FindingSeverity severity, Remedy remedy, ulong inode, string text, RepairStep step)
        => findings.Add(new Finding(kind, severity, remedy, text) { Inode = inode, Step = step });

    /// <summary>Names are bytes: what is no printable text is shown as dots.</summary>
    internal static string Printable(ReadOnlySpan<byte> name)
    {
        string text = System.Text.Encoding.UTF8.GetString(name);
        return "\"" + string.Concat(text.Select(c => char.IsControl(c) ? '.' : c)) + "\"";
    }
}
