using Txlfs.Journal.Device;

namespace Txlfs.Cli.Torture;

/// <summary>
/// Where things are on a tortured card. The first MiB is control: two header slots and two maps of written blocks, used by turns, so that one of each
/// is always whole; and a ring of stamped blocks, one for each acknowledged epoch. Behind it is the area that is written over and over.
/// </summary>
internal sealed class TortureLayout
{
    public const int BlockBytes = 4096;
    public const int SectorBytes = 512;
    public const int RingBlocks = 64;
    public const long LeastBytes = 16L << 20, MostBytes = 4L << 30;

    public const long FirstHeaderOffset = 64 << 10, SecondHeaderOffset = 128 << 10;
    private const long MapsOffset = 256 << 10, RingOffset = 768 << 10, AreaOffset = 1 << 20;

    public TortureLayout(int areaBlocks) => AreaBlocks = areaBlocks;

    /// <summary>Data blocks; the ring's follow them in the numbering.</summary>
    public int AreaBlocks { get; }

    public int Blocks => AreaBlocks + RingBlocks;

    public int MapBytes => ((Blocks + 7) / 8 + BlockBytes - 1) & -BlockBytes;

    public static TortureLayout ForBytes(long bytes) => new((int)((Math.Min(bytes, MostBytes) - AreaOffset) / BlockBytes));

    /// <summary>The device must hold all of it.</summary>
    public bool Fits(IBlockDevice device) => AreaBlocks > 0 && AreaOffset + ((long)AreaBlocks * BlockBytes) <= device.LengthBytes && AreaBlocks <= MostBytes / BlockBytes;

    public static long HeaderOffset(ulong generation) => (generation & 1) == 0 ? FirstHeaderOffset : SecondHeaderOffset;

    /// <summary>The map that belongs to the header of this generation.</summary>
    public long MapOffset(ulong generation) => MapsOffset + ((long)(generation & 1) * MapBytes);

    public long OffsetOf(int block) => block < AreaBlocks ? AreaOffset + ((long)block * BlockBytes) : RingOffset + ((long)(block - AreaBlocks) * BlockBytes);
}
