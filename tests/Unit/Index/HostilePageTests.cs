using Txlfs.Journal;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;
using Xunit;

namespace Txlfs.Tests.Unit.Index;

/// <summary>Pages whose checksum is right but whose content is not: every operation ends with a result, and none leaves the page's bounds.</summary>
public class HostilePageTests
{
    [Fact]
    public void MutatedPagesNeverCrash()
    {
        for (int seed = 1; seed <= 300; seed++)
        {
            try
            {
                Run(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }
        }
    }

    private static void Run(Random random)
    {
        using var index = new IndexHarness();
        for (int i = 0; i < 600; i++)
        {
            index.Put(new Key((ulong)random.Next(100), (ulong)random.Next(100)), new byte[random.Next(8, 120)]);
        }
        IndexRoot root = index.FinishCheckpoint();
        foreach (ulong address in index.Pages.Addresses.ToArray())
        {
            for (int i = random.Next(3); i > 0; i--)
            {
                // Mostly where structure is: the header, and the beginning of the entries.
                int at = random.Next(3) == 0 ? random.Next(Limits.PageBytes) : random.Next(PageLayout.CountAt, 200);
                index.Pages.Image(address)[at] = (byte)random.Next(256);
            }
        }
        using IndexTree tree = IndexTree.Open(root, new IndexOptions(IndexOptions.MinCapacityPages, IndexHarness.VolumeTag), index.Pages);
        var buffer = new byte[Limits.MaxValueBytes];
        for (int i = 0; i < 200; i++)
        {
            var key = new Key((ulong)random.Next(100), (ulong)random.Next(100));
            Expect(tree, (out PageReference missing) => tree.TryGet(key, buffer, out _, out missing));
            Expect(tree, (out PageReference missing) => tree.TrySeekAtLeast(key, new Key(200, 0), out _, buffer, out _, out missing));
            Expect(tree, (out PageReference missing) => tree.TrySeekAtMost(key, default, out _, buffer, out _, out missing));
        }
        var violations = new List<string>();
        tree.VerifyAsync(violations.Add).AsTask().GetAwaiter().GetResult();
    }

    private delegate int Attempt(out PageReference missing);

    private static void Expect(IndexTree tree, Attempt attempt)
    {
        for (int tries = 0; tries < 20; tries++)
        {
            int result = attempt(out PageReference missing);
            if (result == Op.Miss)
            {
                int loaded = tree.LoadAsync(missing).AsTask().GetAwaiter().GetResult();
                if (loaded == 0)
                {
                    continue;
                }
                result = loaded;
            }
            Assert.True(result is 0 or -Errno.ENOENT or -Errno.EIO, $"result {result}");
            return;
        }
        Assert.Fail("no end of misses");
    }

    [Fact]
    public unsafe void EveryMutationThatPassesTheValidatorIsSafeToChange()
    {
        byte* page = stackalloc byte[Limits.PageBytes];
        byte* original = stackalloc byte[Limits.PageBytes];
        for (int seed = 1; seed <= 20_000; seed++)
        {
            var random = new Random(seed);
            if (seed % 100 == 1)
            {
                MakeLeaf(original, random);
            }
            Buffer.MemoryCopy(original, page, Limits.PageBytes, Limits.PageBytes);
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                page[random.Next(PageLayout.CountAt, 250)] = (byte)random.Next(256);
            }
            if (!PageValidator.IsValid(page, 0, 7, 9))
            {
                continue;
            }
            int count = PageHeader.Count(page);
            int room = LeafPage.FreeBytes(page);
            Assert.InRange(room, 0, PageLayout.LeafCapacityBytes);
            if (room >= LeafPage.RecordBytes(8))
            {
                LeafPage.Insert(page, count, new Key(ulong.MaxValue, ulong.MaxValue), new byte[room - PageLayout.LeafEntryBytes > 2304 ? 2304 : room - PageLayout.LeafEntryBytes]);
                Assert.True(PageValidator.IsValid(page, 0, 7, 9), $"seed {seed}");
            }
        }
    }

    private static unsafe void MakeLeaf(byte* page, Random random)
    {
        PageHeader.Format(page, PageKind.Leaf, 0, 7, 9);
        for (ulong i = 0; i < 40; i++)
        {
            LeafPage.Insert(page, (int)i, new Key(i * 3, 1), new byte[random.Next(8, 150)]);
        }
        LeafPage.Remove(page, random.Next(40));
        Assert.True(PageValidator.IsValid(page, 0, 7, 9));
    }

    [Fact]
    public void PagesInTheWrongPlaceOrOfAnotherVolumeAreErrors()
    {
        using var index = new IndexHarness();
        for (ulong i = 0; i < 600; i++)
        {
            index.Put(new Key(i, 0), new byte[100]);
        }
        IndexRoot root = index.FinishCheckpoint();
        using IndexTree other = IndexTree.Open(root, new IndexOptions(IndexOptions.MinCapacityPages, 42), index.Pages);
        Assert.Equal(Op.Miss, other.TryGet(new Key(5, 0), new byte[Limits.MaxValueBytes], out _, out PageReference missing));
        Assert.Equal(-Errno.EIO, index.Pages.Wait(other.LoadAsync(missing)));
    }
}
