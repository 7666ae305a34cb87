using System.Buffers.Binary;
using Txlfs.Journal.Codec;

namespace Txlfs.Cli.Torture;

/// <summary>What the card itself remembers: which run and round it is in, and all that was found so far. Written only when everything before it was flushed.</summary>
internal sealed record TortureHeader
{
    public const ulong Magic = 0x3154524F544C5854; // "TXLTORT1"
    private const int GenerationAt = 8, RunAt = 16, RoundAt = 24, CleanEpochAt = 28, AreaBlocksAt = 32, CountersAt = 64;
    private const int DigestAt = TortureLayout.BlockBytes - Checksum.MaxWidthBytes;

    public required ulong RunId { get; init; }
    public required int AreaBlocks { get; init; }

    /// <summary>Counts the headers; the greater of two valid ones is in force.</summary>
    public required ulong Generation { get; init; }
    public required uint Round { get; init; }

    /// <summary>The round was ended in order after this epoch, which was acknowledged; 0: it was not.</summary>
    public required uint CleanEpoch { get; init; }
    public required TortureCounts Counts { get; init; }

    public void Write(Span<byte> block)
    {
        block.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(block, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(block[GenerationAt..], Generation);
        BinaryPrimitives.WriteUInt64LittleEndian(block[RunAt..], RunId);
        BinaryPrimitives.WriteUInt32LittleEndian(block[RoundAt..], Round);
        BinaryPrimitives.WriteUInt32LittleEndian(block[CleanEpochAt..], CleanEpoch);
        BinaryPrimitives.WriteInt32LittleEndian(block[AreaBlocksAt..], AreaBlocks);
        Counts.Write(block[CountersAt..]);
        Checksum.Compute(ChecksumKind.Crc32c, block[..DigestAt], block[DigestAt..]);
    }

    public static TortureHeader? TryRead(ReadOnlySpan<byte> block)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(block) != Magic || !Checksum.Verify(ChecksumKind.Crc32c, block[..DigestAt], block[DigestAt..]))
        {
            return null;
        }
        return new TortureHeader
        {
            RunId = BinaryPrimitives.ReadUInt64LittleEndian(block[RunAt..]),
            AreaBlocks = BinaryPrimitives.ReadInt32LittleEndian(block[AreaBlocksAt..]),
            Generation = BinaryPrimitives.ReadUInt64LittleEndian(block[GenerationAt..]),
            Round = BinaryPrimitives.ReadUInt32LittleEndian(block[RoundAt..]),
            CleanEpoch = BinaryPrimitives.ReadUInt32LittleEndian(block[CleanEpochAt..]),
            Counts = TortureCounts.Read(block[CountersAt..]),
        };
    }
}
