using System.Text;
using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Engine;
using Txlfs.Lfs.Index;
using Txlfs.Lfs.Namespace;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// Carries out repair steps, each as ordinary commits of a mounted volume: a crash in the middle leaves a volume that some of the repairs were made on, in
/// order, and the next check goes on from there.
/// </summary>
internal sealed class Repairer(Volume volume, VolumeEngine engine)
{
    private const int MaxNames = 64;
    private static readonly Caller Root = new(0, 0, 0);
    private readonly DirentLookup _dirents = new(engine.Seams.Log, new NameHasher(engine.NameHashSeed));
    private readonly EntryFinder _entries = new(engine);
    private ulong _lostAndFound;

    /// <summary>0, or the errno with which the step could not be done.</summary>
    public async ValueTask<int> RunAsync(RepairStep step)
    {
        switch (step.Action)
        {
            case RepairAction.CutAtSize:
                return (await volume.SetSizeAsync(step.Key.Inode, (long)step.Amount, default, Root).ConfigureAwait(false)).Errno;
            case RepairAction.Reconnect:
                return await ReconnectAsync(step.Key.Inode).ConfigureAwait(false);
        }
        while (true)
        {
            OpResult<bool> done = await engine.CommitAsync<RepairBody, bool>(new RepairBody(step), Root, CommitKind.Repair).ConfigureAwait(false);
            if (!done.IsOk || !done.Value)
            {
                // What an earlier repair has taken away needs no repair any more.
                return done.Errno == Errno.ENOENT ? 0 : done.Errno;
            }
        }
    }

    private async ValueTask<int> ReconnectAsync(ulong inode)
    {
        OpResult<InodeAttributes> attributes = await engine.ReadAsync<InodeProbe, InodeAttributes>(new InodeProbe(inode)).ConfigureAwait(false);
        if (!attributes.IsOk)
        {
            return attributes.Errno == Errno.ENOENT ? 0 : attributes.Errno;
        }
        int result = await FindLostAndFoundAsync().ConfigureAwait(false);
        if (result != 0)
        {
            return result;
        }
        Key? old = attributes.Value.IsDirectory ? (await _entries.FindAsync(attributes.Value.Parent, inode, int.MaxValue).ConfigureAwait(false))?.Key : null;
        for (int attempt = 0; attempt < MaxNames; attempt++)
        {
            byte[] name = Encoding.ASCII.GetBytes(attempt == 0 ? $"#{inode}" : $"#{inode}.{attempt}");
            OpResult<bool> done = await engine.CommitAsync<ReconnectBody, bool>(new ReconnectBody(_dirents, inode, _lostAndFound, name, old), Root, CommitKind.Repair).ConfigureAwait(false);
            if (!done.IsOk || !done.Value)
            {
                return done.Errno;
            }
        }
        return Errno.EEXIST;
    }

    /// <summary>The directory lost+found in the root; made when it is not there, under another name when that one is taken.</summary>
    private async ValueTask<int> FindLostAndFoundAsync()
    {
        NativeSlice scratch = engine.Scratch.Rent();
        try
        {
            for (int attempt = 0; _lostAndFound == 0 && attempt < MaxNames; attempt++)
            {
                NativeSlice name = scratch.Slice(0, Encoding.ASCII.GetBytes(attempt == 0 ? "lost+found" : $"lost+found.{attempt}", scratch.Span));
                OpResult<InodeAttributes> there = await volume.LookupAsync(Limits.RootInode, name).ConfigureAwait(false);
                if (there.Errno == Errno.ENOENT)
                {
                    there = await volume.MakeDirectoryAsync(Limits.RootInode, name, ModeBits.Directory | 0x1C0, Root).ConfigureAwait(false);
                }
                if (there.IsOk && there.Value.IsDirectory)
                {
                    _lostAndFound = there.Value.Inode;
                }
                else if (!there.IsOk && there.Errno != Errno.EIO)
                {
                    return there.Errno;
                }
            }
            return _lostAndFound == 0 ? Errno.EEXIST : 0;
        }
        finally
        {
            engine.Scratch.Return(scratch);
        }
    }
}
