using Txlfs.Journal.Codec;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Lfs.Format;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>The structures at fixed places, and damage that knows no structure.</summary>
internal static class FixedMutations
{
    private const int BlockBytes = 4096;

    private static readonly (int Offset, int Width)[] SuperblockFields =
        [(8, 2), (10, 1), (11, 1), (12, 4), (16, 8), (24, 8), (32, 8), (48, 8), (120, 8), (128, 8), (136, 8), (144, 8)];

    private static readonly (int Offset, int Width)[] RecordFields =
    [
        (8, 2), (10, 1), (11, 1), (32, 8), (40, 8), (48, 8), (56, 8), (64, 8), (80, 8), (88, 4), (96, 8), (104, 8), (144, 8), (152, 4), (160, 8), (168, 8),
        (208, 8), (216, 4), (220, 1), (221, 1), (276, 1), (277, 1), (280, 8), (288, 8), (296, 8), (304, 8), (312, 8), (336, 8), (344, 4), (348, 1), (349, 1),
    ];

    /// <summary>In the first copy, or in all.</summary>
    public static string ChangeSuperblock(ImageEditor editor, SeededRandom random)
    {
        byte[] block = editor.Read(0, Superblock.SizeBytes);
        (int offset, int width) = random.Pick(SuperblockFields);
        HostileNumbers.Change(random, block, offset, width);
        Checksum.Compute(editor.Checksum, block.AsSpan(0, Superblock.DigestOffset), block.AsSpan(Superblock.DigestOffset));
        foreach (long address in Superblock.CopyAddresses(editor.Image.LengthBytes, editor.Superblock.SegmentBytes))
        {
            editor.Image.Write(address, block);
            if (random.OneIn(3))
            {
                break;
            }
        }
        return $"superblock field at {offset}";
    }

    public static string ChangeCheckpoint(ImageEditor editor, SeededRandom random)
    {
        string what;
        if (random.OneIn(4))
        {
            what = HostileNumbers.ChangeAnywhere(random, editor.RecordBlock.AsSpan(32, 368));
        }
        else
        {
            (int offset, int width) = random.Pick(RecordFields);
            HostileNumbers.Change(random, editor.RecordBlock, offset, width);
            what = $"field at {offset}";
        }
        return "checkpoint record: " + what;
    }

    /// <summary>Blocks zeroed, filled, exchanged, copied over each other, or a few of their bytes changed.</summary>
    public static string DamageBlocks(ImageEditor editor, SeededRandom random)
    {
        List<string> told = [];
        for (int i = random.Between(1, 4); i > 0; i--)
        {
            long first = Block(editor.Image, random), second = Block(editor.Image, random);
            byte[] a = editor.Read(first, BlockBytes), b = editor.Read(second, BlockBytes);
            switch (random.Below(5))
            {
                case 0:
                    editor.Image.Write(first, new byte[BlockBytes]);
                    told.Add($"{first} zeroed");
                    break;
                case 1:
                    Array.Fill(a, (byte)0xFF);
                    editor.Image.Write(first, a);
                    told.Add($"{first} filled");
                    break;
                case 2:
                    editor.Image.Write(first, b);
                    editor.Image.Write(second, a);
                    told.Add($"{first} and {second} exchanged");
                    break;
                case 3:
                    editor.Image.Write(first, b);
                    told.Add($"{second} copied to {first}");
                    break;
                default:
                    told.Add($"{first}: {HostileNumbers.ChangeAnywhere(random, a)}");
                    editor.Image.Write(first, a);
                    break;
            }
        }
        return string.Join(", ", told);
    }

    /// <summary>Mostly where something is: the ring, the superblock, or the first segments.</summary>
    private static long Block(SparseImage image, SeededRandom random) => BlockBytes * random.Below(5) switch
    {
        0 => 0L,
        1 => 16L + random.Below(12),
        2 => 512L + random.Below(64),
        3 => 512L + random.Below(2048),
        _ => random.Below((int)(image.LengthBytes / BlockBytes)),
    };
}
