using System.Runtime.CompilerServices;
using Txlfs.Journal;

namespace Txlfs.Lfs.Index;

/// <summary>
/// Brings pages into the cache. Each turn decides under the mutex what is next (done; join a load; start one, of the page or of the lowest
/// map page missing above it; wait for a frame) and acts outside of it. Loads of one page coalesce in its frame.
/// </summary>
internal sealed class PageLoader(PageCache cache, PageMap map, IPageStore store, ulong volumeTag, IndexCounters counters)
{
    private readonly LoadWaiterPool _waiters = new();
    private readonly LoadWaiter?[] _joined = new LoadWaiter?[cache.Capacity];
    private LoadWaiter? _forFrame;

    private enum StepKind { Resident, Absent, Wait, Load, Exhausted }

    private struct Step
    {
        public StepKind Kind;
        public LoadWaiter? Waiter;
        public bool IsForFrame;
        public int Frame;
        public int Space;
        public ulong PageId;
        public PagePointer Pointer;
    }

    /// <summary>0: resident (or freed since <paramref name="epoch"/>); -EIO; -EAGAIN when every frame is dirty.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> LoadAsync(int space, ulong pageId, uint epoch, FrameUse use)
    {
        while (true)
        {
            Step step;
            lock (cache.Mutex)
            {
                step = NextLocked(space, pageId, use);
            }
            int result;
            switch (step.Kind)
            {
                case StepKind.Resident:
                    return 0;
                case StepKind.Absent:
                    result = -Errno.EIO;
                    break;
                case StepKind.Exhausted:
                    return -Errno.EAGAIN;
                case StepKind.Wait:
                    result = await step.Waiter!.Task.ConfigureAwait(false);
                    result = step.IsForFrame ? 0 : result;
                    break;
                default:
                    result = await store.ReadAsync(in step.Pointer, cache.SliceOf(step.Frame)).ConfigureAwait(false);
                    result = Finish(step.Frame, step.Space, step.PageId, result);
                    break;
            }
            if (result != 0)
            {
                // A page that was freed after the lookup is no error: what it held may be overwritten already. The caller looks anew.
                return use == FrameUse.Checkpoint || epoch == cache.FreeEpoch ? result : 0;
            }
        }
    }

    private Step NextLocked(int space, ulong pageId, FrameUse use)
    {
        int frame = cache.FindLocked(PageCache.KeyOf(space, pageId));
        if (frame >= 0)
        {
            return IsLoading(frame) ? Join(ref _joined[frame], isForFrame: false) : new Step { Kind = StepKind.Resident };
        }
        PagePointer pointer;
        while (true)
        {
            PageMap.Answer answer = map.FindLocked(space, pageId, out pointer, out int loadingFrame);
            if (answer == PageMap.Answer.Pointer)
            {
                break;
            }
            if (answer == PageMap.Answer.ParentLoading)
            {
                return Join(ref _joined[loadingFrame], isForFrame: false);
            }
            space++;
            pageId = PageMapGeometry.ParentOf(pageId);
        }
        if (!pointer.IsStored)
        {
            return new Step { Kind = StepKind.Absent };
        }
        if (!cache.TryTakeLocked(use, out frame))
        {
            return cache.LoadsInFlight > 0 ? Join(ref _forFrame, isForFrame: true) : new Step { Kind = StepKind.Exhausted };
        }
        cache.BeginLoadLocked(frame, PageCache.KeyOf(space, pageId));
        return new Step { Kind = StepKind.Load, Frame = frame, Space = space, PageId = pageId, Pointer = pointer };
    }

    private unsafe bool IsLoading(int frame) => cache.At(frame)->State == FrameState.Loading;

    private Step Join(ref LoadWaiter? list, bool isForFrame)
    {
        LoadWaiter waiter = _waiters.Rent();
        waiter.Next = list;
        list = waiter;
        return new Step { Kind = StepKind.Wait, Waiter = waiter, IsForFrame = isForFrame };
    }

    /// <summary>Checks what was read, publishes or drops it, and wakes those who wait for it and for frames.</summary>
    private unsafe int Finish(int frame, int space, ulong pageId, int result)
    {
        if (result == 0 && !PageValidator.IsValid(cache.PageAt(frame), space, pageId, volumeTag))
        {
            result = -Errno.EIO;
        }
        LoadWaiter? joined;
        LoadWaiter? forFrame;
        lock (cache.Mutex)
        {
            if (!cache.EndLoadLocked(frame, result == 0))
            {
                result = 0;
            }
            else if (space == PageMapGeometry.TreeSpace && pageId == PageMapGeometry.RootPageId && result == 0)
            {
                // The root stays: every descent begins there.
                cache.At(frame)->Pins = 1;
            }
            joined = _joined[frame];
            _joined[frame] = null;
            forFrame = _forFrame;
            _forFrame = null;
            counters.Loads++;
            counters.LoadBytes += Limits.PageBytes;
            counters.FailedLoads += result == 0 ? 0 : 1;
        }
        Wake(joined, result);
        Wake(forFrame, 0);
        return result;
    }

    private static void Wake(LoadWaiter? waiter, int result)
    {
        while (waiter is not null)
        {
            LoadWaiter? next = waiter.Next;
            waiter.Next = null;
            waiter.Complete(result);
            waiter = next;
        }
    }
}
