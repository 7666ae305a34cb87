using Txlfs.Journal;

namespace Txlfs.Lfs.Index;

/// <summary>What the cleaner needs: having a page written anew although nothing in it changed.</summary>
internal sealed unsafe partial class IndexTree
{
    /// <summary>
    /// With the writer lock held: has the next checkpoint write the page elsewhere, if <paramref name="addressBytes"/> is where its newest
    /// image is. 0 (done, or nothing to do), <see cref="Op.Miss"/>, <see cref="NoCleanFrame"/>, -errno.
    /// </summary>
    public int Relocate(int space, ulong pageId, ulong addressBytes, out PageReference missing)
    {
        missing = default;
        if (_checkpoint.HasFailed)
        {
            return -Errno.EROFS;
        }
        if (pageId >= _ids.NextPageId || space > _map.Height || pageId * PageMapGeometry.PagesUnder(space) >= _ids.NextPageId)
        {
            // From a checkpoint that never became durable: the id was not given out since.
            return 0;
        }
        lock (_cache.Mutex)
        {
            if (_map.FindLocked(space, pageId, out PagePointer pointer, out _) != PageMap.Answer.Pointer)
            {
                missing = new PageReference(PageMapGeometry.ParentOf(pageId), space + 1, _cache.FreeEpoch);
                return Op.Miss;
            }
            if (!pointer.IsStored || pointer.AddressBytes != addressBytes)
            {
                return 0;
            }
            if (space != PageMapGeometry.TreeSpace)
            {
                return _checkpoint.TryTouchMapPage(space, pageId) ? 0 : NoCleanFrame;
            }
            if (_ids.IsFreeInMemory(pageId))
            {
                // Freed since the last checkpoint: the next one drops it.
                return 0;
            }
            if (!_cache.TryFindResidentLocked(pageId, out int frame))
            {
                missing = ReferenceOf(pageId, _cache.FreeEpoch);
                return Op.Miss;
            }
            bool isRoom = _cache.DirtyPages + 2 <= DirtyLimit && (!_cache.NeedsImage(frame) || _cache.TryReserveLocked(1));
            return isRoom && _cache.TryMarkDirtyLocked(frame) ? 0 : NoCleanFrame;
        }
    }
}
