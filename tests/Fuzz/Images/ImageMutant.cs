using Txlfs.Journal.Device.Simulated;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz.Images;

/// <summary>A damaged volume, made from a seed alone: which sound image, which one to three mutations, whether the device has become shorter.</summary>
internal sealed class ImageMutant
{
    private static readonly (int Weight, Func<ImageEditor, SeededRandom, string> Apply)[] Mutations =
    [
        (2, FixedMutations.ChangeSuperblock),
        (3, FixedMutations.ChangeCheckpoint),
        (2, FixedMutations.DamageBlocks),
        (7, IndexMutations.ChangeRecords),
        (3, IndexMutations.ChangePage),
        (2, IndexMutations.ChangeChildren),
        (3, IndexMutations.ChangePointer),
        (1, IndexMutations.BendFreeList),
        (2, IndexMutations.ChangeSegmentTable),
        (2, LogMutations.ChangeFrameHeader),
        (2, LogMutations.ChangeFrameTail),
        (3, LogMutations.ChangeRedo),
        (5, LogMutations.AppendFrame),
    ];

    private ImageMutant(CrashImage image, string story)
    {
        Image = image;
        Story = story;
    }

    public CrashImage Image { get; }

    /// <summary>What was done to it, for people.</summary>
    public string Story { get; }

    public static ImageMutant Draw(ulong seed)
    {
        SeededRandom random = new(seed);
        int variant = random.Below(ImageCorpus.Count);
        SparseImage image = ImageCorpus.Copy(variant);
        List<string> story = [$"image {variant}"];
        for (int count = random.OneIn(3) ? random.Between(2, 3) : 1; count > 0; count--)
        {
            story.Add(Mutate(image, random));
        }
        if (random.OneIn(60))
        {
            image = Truncate(image, random);
            story.Add($"cut to {image.LengthBytes} bytes");
        }
        return new ImageMutant(new CrashImage(image, 0), string.Join("; ", story));
    }

    private static string Mutate(SparseImage image, SeededRandom random)
    {
        ImageEditor editor;
        try
        {
            editor = new ImageEditor(image);
            int pick = random.Below(Mutations.Sum(mutation => mutation.Weight));
            int chosen = 0;
            while (pick >= Mutations[chosen].Weight)
            {
                pick -= Mutations[chosen++].Weight;
            }
            string told = Mutations[chosen].Apply(editor, random);
            if (Mutations[chosen].Apply != FixedMutations.DamageBlocks)
            {
                editor.Save();
            }
            return told;
        }
        catch (Exception tooFarGone)
        {
            // The editor is no fsck: on an image that an earlier mutation has taken apart it gives up.
            return $"nothing ({tooFarGone.Message})";
        }
    }

    private static SparseImage Truncate(SparseImage image, SeededRandom random)
    {
        const int blockBytes = 4096;
        long length = blockBytes * (long)random.Between(1, (int)(image.LengthBytes / blockBytes));
        var shorter = new SparseImage(length);
        var buffer = new byte[blockBytes];
        for (long at = 0; at < length; at += blockBytes)
        {
            image.Read(at, buffer);
            if (buffer.AsSpan().ContainsAnyExcept((byte)0))
            {
                shorter.Write(at, buffer);
            }
        }
        return shorter;
    }
}
