using System.Buffers.Binary;
using Txlfs.Journal.Codec;

namespace Txlfs.Cli.Torture;

/// <summary>
/// What each 512-byte sector of a tortured card says of itself: which block it belongs to, and in which round and epoch it was written. That a stamp of
/// epoch n is on the card proves that the flush of epoch n - 1 had been acknowledged, because nothing of n was written before.
/// </summary>
internal readonly record struct Stamp(ulong RunId, uint Round, uint Epoch, int Block, int Sector)
{
    private const uint Magic = 0x53545854; // "TXTS"
    private const int CrcAt = 4, RunAt = 8, RoundAt = 16, EpochAt = 20, BlockAt = 24, SectorAt = 28, FillAt = 32;
    public const int SectorsPerBlock = TortureLayout.BlockBytes / TortureLayout.SectorBytes;

    public static void WriteBlock(Span<byte> block, ulong runId, uint round, uint epoch, int number)
    {
        for (int sector = 0; sector < SectorsPerBlock; sector++)
        {
            new Stamp(runId, round, epoch, number, sector).Write(block.Slice(sector * TortureLayout.SectorBytes, TortureLayout.SectorBytes));
        }
    }

    /// <summary>False: these are not the bytes of any stamp.</summary>
    public static bool TryRead(ReadOnlySpan<byte> sector, out Stamp stamp)
    {
        stamp = default;
        if (BinaryPrimitives.ReadUInt32LittleEndian(sector) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(sector[CrcAt..]) != Checksum.Crc32c(sector[RunAt..]))
        {
            return false;
        }
        stamp = new Stamp(
            BinaryPrimitives.ReadUInt64LittleEndian(sector[RunAt..]), BinaryPrimitives.ReadUInt32LittleEndian(sector[RoundAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(sector[EpochAt..]), BinaryPrimitives.ReadInt32LittleEndian(sector[BlockAt..]),
            BinaryPrimitives.ReadInt32LittleEndian(sector[SectorAt..]));
        return true;
    }

    /// <summary>Incompressible, and different in every write, so that no card can save itself the work.</summary>
    private void Write(Span<byte> sector)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(sector, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(sector[RunAt..], RunId);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[RoundAt..], Round);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[EpochAt..], Epoch);
        BinaryPrimitives.WriteInt32LittleEndian(sector[BlockAt..], Block);
        BinaryPrimitives.WriteInt32LittleEndian(sector[SectorAt..], Sector);
        ulong word = RunId ^ ((ulong)Round << 40) ^ ((ulong)Epoch << 20) ^ ((ulong)Block << 3) ^ (uint)Sector;
        for (int at = FillAt; at < sector.Length; at += sizeof(ulong))
        {
            word = Scramble.Next(word);
            BinaryPrimitives.WriteUInt64LittleEndian(sector[at..], word);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(sector[CrcAt..], Checksum.Crc32c(sector[RunAt..]));
    }
}

/// <summary>One step of SplitMix64: the plan of an epoch must come out the same on every machine.</summary>
internal static class Scramble
{
    public static ulong Next(ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
        return state ^ (state >> 31);
    }
}
