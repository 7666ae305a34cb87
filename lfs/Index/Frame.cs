using System.Runtime.InteropServices;

namespace Txlfs.Lfs.Index;

/// <summary>What a frame of the page cache holds. The transitions are methods of <see cref="PageCache"/>; lfs/DESIGN.md draws them.</summary>
internal enum FrameState : byte
{
    /// <summary>Nothing; on the free stack.</summary>
    Free,

    /// <summary>A read is under way; in the hash table so that others join it.</summary>
    Loading,

    /// <summary>A read is under way, but its page id was given to a new page: the result is thrown away.</summary>
    Orphaned,

    /// <summary>A page, clean or dirty.</summary>
    Resident,

    /// <summary>A page as of the running checkpoint's begin; not in the hash table, owned by the checkpoint.</summary>
    Image,
}

/// <summary>
/// The bookkeeping of one frame, in native memory that is never given back while the index lives, so that a reader may look at it at any
/// time. All fields but <see cref="Version"/>, <see cref="Key"/>, <see cref="HashNext"/>, <see cref="State"/> and
/// <see cref="Referenced"/> belong to the holder of the cache's mutex (or to the writer, where said).
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct Frame
{
    /// <summary>Odd: do not trust the bytes. Never goes back, whatever the frame is used for.</summary>
    public long Version;

    /// <summary>Space and page id (see <see cref="PageCache.KeyOf"/>).</summary>
    public ulong Key;
    public int HashNext;
    public int Pins;

    /// <summary>Place in the dirty list of its generation.</summary>
    public int DirtySlot;

    /// <summary>The generation in which it became dirty; 0 = clean.</summary>
    public uint DirtyGeneration;

    /// <summary>The last Prepare that pinned it, and what its batch would add to it (a leaf: bytes; an inner page: children). The writer's.</summary>
    public int PrepareStamp;
    public int PrepareAdded;
    public short PreparePuts;
    public bool PrepareDeletes;

    /// <summary>Where the last record went in, and how many in a row went in ascending order. The writer's; a hint.</summary>
    public short LastInsert;
    public short AscendingRun;
    public FrameState State;
    public byte Referenced;

    /// <summary>The running checkpoint has its copy already.</summary>
    public bool IsCaptured;
}

/// <summary>For whom a frame is taken: decides whose reserve may be used.</summary>
internal enum FrameUse { Load, Checkpoint, Writer }
