using System.Runtime.CompilerServices;

namespace Txlfs.Lfs.Index;

/// <summary>
/// The dirty pages: one list for the generation that the writer fills, one for the generation that the running checkpoint writes.
/// A page is in at most one of them; its image for the checkpoint may be in the old one beside it.
/// </summary>
internal sealed unsafe partial class PageCache
{
    private int[] _current;
    private int[] _old;
    private int _currentCount;
    private int _oldCount;
    private int _oldLeft;

    /// <summary>The generation that the writer fills.</summary>
    public uint Generation { get; private set; } = 1;

    /// <summary>Pages that only a checkpoint makes evictable: both generations and the preserved images.</summary>
    public int DirtyPages => Volatile.Read(ref _currentCount) + Volatile.Read(ref _oldLeft);

    /// <summary>Pages that the running checkpoint began with.</summary>
    public int OldCount => _oldCount;

    public ulong OldPageIdLocked(int slot) => _frames[_old[slot]].Key;

    /// <summary>Begins a new generation; what was dirty until now is the checkpoint's.</summary>
    public void FlipLocked()
    {
        (_old, _current) = (_current, _old);
        _oldCount = _currentCount;
        _oldLeft = _currentCount;
        _currentCount = 0;
        Generation++;
    }

    public bool NeedsImage(int frame)
    {
        Frame* at = _frames + frame;
        return at->DirtyGeneration != 0 && at->DirtyGeneration != Generation && !at->IsCaptured;
    }

    /// <summary>
    /// Before the writer's first change of a page in a generation: the running checkpoint's image of it is preserved if it was not taken
    /// yet. False when there is no frame for that.
    /// </summary>
    public bool TryMarkDirtyLocked(int frame)
    {
        Frame* at = _frames + frame;
        if (at->DirtyGeneration == Generation)
        {
            return true;
        }
        if (at->DirtyGeneration != 0)
        {
            if (at->IsCaptured)
            {
                _old[at->DirtySlot] = -1;
            }
            else if (!TryPreserveLocked(frame))
            {
                return false;
            }
        }
        AddDirtyLocked(frame);
        return true;
    }

    public void AddDirtyLocked(int frame)
    {
        Frame* at = _frames + frame;
        at->DirtyGeneration = Generation;
        at->IsCaptured = false;
        at->DirtySlot = _currentCount;
        _current[_currentCount++] = frame;
    }

    private bool TryPreserveLocked(int frame)
    {
        if (!TryTakeLocked(FrameUse.Writer, out int image))
        {
            return false;
        }
        Unsafe.CopyBlock(PageAt(image), PageAt(frame), Limits.PageBytes);
        Frame* of = _frames + image;
        of->Key = _frames[frame].Key;
        of->State = FrameState.Image;
        of->DirtySlot = _frames[frame].DirtySlot;
        _old[of->DirtySlot] = image;
        _counters.PreservedImages++;
        return true;
    }

    /// <summary>
    /// The writer has removed the page from the tree. Its version is odd and stays so; the checkpoint keeps the frame as an image when it
    /// still needs it.
    /// </summary>
    public void RemovePageLocked(int frame)
    {
        Frame* at = _frames + frame;
        Volatile.Write(ref _freeEpoch, _freeEpoch + 1);
        _counters.PagesFreed++;
        UnlinkLocked(frame);
        if (at->DirtyGeneration == Generation)
        {
            int last = _current[--_currentCount];
            _current[at->DirtySlot] = last;
            _frames[last].DirtySlot = at->DirtySlot;
        }
        else if (at->DirtyGeneration != 0 && !at->IsCaptured)
        {
            at->State = FrameState.Image;
            at->Pins = 0;
            at->PrepareStamp = 0;
            return;
        }
        else if (at->DirtyGeneration != 0)
        {
            _old[at->DirtySlot] = -1;
        }
        FreeLocked(frame);
    }

    /// <summary>Copies a page as of the checkpoint's begin; from here on the writer may change it without preserving it.</summary>
    public void CaptureLocked(int slot, byte* target)
    {
        int frame = _old[slot];
        Unsafe.CopyBlock(target, PageAt(frame), Limits.PageBytes);
        _frames[frame].IsCaptured = true;
    }

    /// <summary>The captured page is stored: it is clean unless the writer has changed it since.</summary>
    public void EndCaptureLocked(int slot)
    {
        _oldLeft--;
        int frame = _old[slot];
        if (frame < 0)
        {
            return;
        }
        if (_frames[frame].State == FrameState.Image)
        {
            FreeLocked(frame);
            return;
        }
        _frames[frame].DirtyGeneration = 0;
    }
}
