using System.Runtime.CompilerServices;
using Txlfs.Journal;

namespace Txlfs.Lfs.Index;

/// <summary>
/// Reading by optimistic lock coupling: note a page's version, read, and believe what was read only if the version is still the same. On
/// the way down the parent is validated once more after the child's version was noted, so the child was the right one when that version
/// was current.
/// </summary>
internal sealed unsafe partial class IndexTree
{
    /// <summary>A leaf as of one version, and the key range that its parents give it: [Low, High).</summary>
    private ref struct LeafView
    {
        public byte* Page;
        public Frame* Frame;
        public long Version;
        public Key Low;
        public Key High;
        public bool HasLow;
        public bool HasHigh;

        public readonly bool IsStill => IsUnchanged(Frame, Version);
    }

    public int TryGet(Key key, Span<byte> buffer, out int lengthBytes, out PageReference missing)
    {
        lengthBytes = 0;
        while (true)
        {
            int reached = ReachLeaf(key, out LeafView leaf, out missing);
            if (reached != 0)
            {
                return reached;
            }
            bool isFound = LeafPage.TryFind(leaf.Page, key, out int index);
            bool isWhole = !isFound || TryCopy(leaf.Page, index, buffer, out lengthBytes);
            if (leaf.IsStill)
            {
                return isFound ? isWhole ? 0 : -Errno.EIO : -Errno.ENOENT;
            }
            Counters.Restarts++;
        }
    }

    public int TrySeekAtLeast(Key from, Key last, out Key found, Span<byte> buffer, out int lengthBytes, out PageReference missing)
    {
        found = default;
        lengthBytes = 0;
        missing = default;
        while (from <= last)
        {
            int reached = ReachLeaf(from, out LeafView leaf, out missing);
            if (reached != 0)
            {
                return reached;
            }
            int index = LeafPage.LowerBound(leaf.Page, from);
            bool isFound = index < LeafPage.Count(leaf.Page);
            bool isWhole = true;
            if (isFound)
            {
                found = LeafPage.KeyAt(leaf.Page, index);
                isWhole = TryCopy(leaf.Page, index, buffer, out lengthBytes);
            }
            if (!leaf.IsStill)
            {
                Counters.Restarts++;
                continue;
            }
            if (isFound)
            {
                return found > last ? -Errno.ENOENT : isWhole ? 0 : -Errno.EIO;
            }
            if (!leaf.HasHigh)
            {
                return -Errno.ENOENT;
            }
            if (leaf.High <= from)
            {
                return -Errno.EIO;
            }
            from = leaf.High;
        }
        return -Errno.ENOENT;
    }

    public int TrySeekAtMost(Key from, Key first, out Key found, Span<byte> buffer, out int lengthBytes, out PageReference missing)
    {
        found = default;
        lengthBytes = 0;
        missing = default;
        while (from >= first)
        {
            int reached = ReachLeaf(from, out LeafView leaf, out missing);
            if (reached != 0)
            {
                return reached;
            }
            int index = LeafPage.TryFind(leaf.Page, from, out int at) ? at : at - 1;
            bool isFound = index >= 0 && index < LeafPage.Count(leaf.Page);
            bool isWhole = true;
            if (isFound)
            {
                found = LeafPage.KeyAt(leaf.Page, index);
                isWhole = TryCopy(leaf.Page, index, buffer, out lengthBytes);
            }
            if (!leaf.IsStill)
            {
                Counters.Restarts++;
                continue;
            }
            if (isFound)
            {
                return found < first ? -Errno.ENOENT : isWhole ? 0 : -Errno.EIO;
            }
            if (!leaf.HasLow || leaf.Low == default)
            {
                return -Errno.ENOENT;
            }
            if (leaf.Low > from)
            {
                return -Errno.EIO;
            }
            from = leaf.Low.Tail != 0 ? leaf.Low with { Tail = leaf.Low.Tail - 1 } : new Key(leaf.Low.Inode - 1, ulong.MaxValue);
        }
        return -Errno.ENOENT;
    }

    /// <summary>False when the length is not one that a record can have: torn (validation will fail) or corrupt.</summary>
    private static bool TryCopy(byte* page, int index, Span<byte> buffer, out int lengthBytes)
    {
        ReadOnlySpan<byte> value = LeafPage.ValueAt(page, index);
        lengthBytes = value.Length;
        if (value.Length > Limits.MaxValueBytes || value.Length > buffer.Length)
        {
            lengthBytes = 0;
            return false;
        }
        value.CopyTo(buffer);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsUnchanged(Frame* frame, long version)
    {
        Volatile.ReadBarrier();
        return Volatile.Read(ref frame->Version) == version;
    }

    /// <summary>Goes down to the leaf whose range holds the key, beginning anew as often as the writer gets in the way.</summary>
    private int ReachLeaf(Key key, out LeafView leaf, out PageReference missing)
    {
        var spin = default(SpinWait);
        while (true)
        {
            int result = TryReachLeaf(key, out leaf, out missing);
            if (result != Changed)
            {
                return result;
            }
            Counters.Restarts++;

            // Never sleeps: what is waited for is a writer in the middle of a few hundred nanoseconds of work.
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private const int Changed = 1;

    private int TryReachLeaf(Key key, out LeafView leaf, out PageReference missing)
    {
        leaf = default;
        missing = default;
        int result = TryEnter(RootKey, null, 0, out Frame* frame, out long version, out byte* page, ref missing);
        if (result != 0)
        {
            return result;
        }
        for (int level = PageHeader.Level(page); ; level--)
        {
            bool isAsExpected = PageHeader.Level(page) == level && PageHeader.Kind(page) == (level == 0 ? PageKind.Leaf : PageKind.Inner);
            int index = level == 0 ? 0 : InnerPage.Find(page, key);
            ulong child = InnerPage.ChildAt(page, index);
            if (level > 0)
            {
                if (index > 0)
                {
                    leaf.Low = InnerPage.KeyAt(page, index);
                    leaf.HasLow = true;
                }
                if (index + 1 < InnerPage.Count(page))
                {
                    leaf.High = InnerPage.KeyAt(page, index + 1);
                    leaf.HasHigh = true;
                }
            }
            if (!isAsExpected || level == 0)
            {
                leaf.Page = page;
                leaf.Frame = frame;
                leaf.Version = version;
                return isAsExpected ? 0 : IsUnchanged(frame, version) ? -Errno.EIO : Changed;
            }
            result = TryEnter(PageCache.KeyOf(PageMapGeometry.TreeSpace, child), frame, version, out frame, out version, out page, ref missing);
            if (result != 0)
            {
                return result;
            }
        }
    }

    /// <summary>Finds a page, notes its version, then validates the parent that led to it (none for the root).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int TryEnter(ulong key, Frame* parent, long parentVersion, out Frame* frame, out long version, out byte* page, ref PageReference missing)
    {
        int at = _cache.Find(key);
        frame = _cache.At(Math.Max(at, 0));
        page = _cache.PageAt(Math.Max(at, 0));
        version = Volatile.Read(ref frame->Version);
        bool isOdd = (version & 1) != 0;
        bool isMissing = at < 0 || (isOdd && frame->State == FrameState.Loading);

        // Before the validation: if the parent is still the same then the child was not freed up to this epoch.
        uint epoch = isMissing ? _cache.FreeEpoch : 0;
        if (parent is not null && !IsUnchanged(parent, parentVersion))
        {
            return Changed;
        }
        if (isMissing)
        {
            missing = ReferenceOf(key, epoch);
            Counters.Misses++;
            return Op.Miss;
        }
        if (isOdd || frame->Key != key)
        {
            return Changed;
        }
        if (frame->Referenced == 0)
        {
            frame->Referenced = 1;
        }
        return 0;
    }

    private static PageReference ReferenceOf(ulong treePageId, uint epoch) => new(treePageId, PageMapGeometry.TreeSpace, epoch);
}
