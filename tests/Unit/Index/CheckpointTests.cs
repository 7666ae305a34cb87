using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs;
using Txlfs.Lfs.Index;
using Xunit;

namespace Txlfs.Tests.Unit.Index;

public class CheckpointTests
{
    [Fact]
    public void AscendingInsertsFillTheLeaves()
    {
        using var index = new IndexHarness(256);
        for (ulong i = 0; i < 5000; i++)
        {
            index.Put(Key.Of(16 + i, RecordKind.Inode, 0), new byte[100]);
        }
        IndexRoot root = index.FinishCheckpoint();
        int perLeaf = PageLayout.LeafCapacityBytes / LeafPage.RecordBytes(100);
        Assert.InRange((int)root.Pages, 5000 / perLeaf, 5000 / perLeaf * 105 / 100 + 3);
        index.Verify();
    }

    [Fact]
    public void AscendingRunsInsideTheTreeFillTheLeavesToo()
    {
        using var index = new IndexHarness(256);
        index.Put(Key.Of(99, RecordKind.Inode, 0), new byte[100]);
        for (ulong i = 0; i < 5000; i++)
        {
            index.Put(Key.Of(16, RecordKind.Extent, i << 12), new byte[100]);
        }
        int perLeaf = PageLayout.LeafCapacityBytes / LeafPage.RecordBytes(100);
        Assert.InRange((int)index.FinishCheckpoint().Pages, 5000 / perLeaf, 5000 / perLeaf * 105 / 100 + 4);
        index.Verify();
    }

    [Fact]
    public void FreedPageIdsAreReusedAcrossOpens()
    {
        using var index = new IndexHarness(256);
        for (ulong i = 0; i < 6000; i++)
        {
            index.Put(new Key(i, 0), new byte[150]);
        }
        for (ulong i = 0; i < 5990; i++)
        {
            index.Delete(new Key(i, 0));
        }
        IndexRoot root = index.FinishCheckpoint();
        Assert.True(root.FreeCount > 100);
        using var again = new IndexHarness(index.Pages, root, 256);
        again.Put(new Key(1, 0), new byte[150]);
        again.FinishCheckpoint();
        for (ulong i = 0; i < 4000; i++)
        {
            again.Put(new Key(i, 0), new byte[150]);
        }
        IndexRoot grown = again.FinishCheckpoint();
        again.Verify();
        Assert.InRange(grown.NextPageId, root.NextPageId, root.NextPageId + 2);
        Assert.True(grown.FreeCount < root.FreeCount);
    }

    /// <summary>As after a power cut: the log's replay has made more pages than the map of the checkpoint reaches.</summary>
    [Fact]
    public void PagesBeyondTheMapOfTheLastCheckpointAreNoError()
    {
        using var index = new IndexHarness(capacityPages: 1024);
        index.FinishCheckpoint();
        for (int i = 0; i < 1200; i++)
        {
            index.Put(new Key((ulong)i + 1, 0), new byte[1500]);
            if (i is 300 or 1199)
            {
                index.Verify();
            }
            if (i == 400)
            {
                index.FinishCheckpoint();
            }
        }
    }

    [Fact]
    public void AnIdleCheckpointWritesNothing()
    {
        using var index = new IndexHarness();
        index.Put(new Key(1, 1), new byte[20]);
        IndexRoot first = index.FinishCheckpoint();
        int appends = index.Pages.Appends;
        IndexRoot second = index.FinishCheckpoint();
        Assert.Equal(appends, index.Pages.Appends);
        Assert.Equal(first.MapRoot.AddressBytes, second.MapRoot.AddressBytes);
    }

    [Fact]
    public void RelocatedPagesMove()
    {
        using var index = new IndexHarness(256);
        for (ulong i = 0; i < 9000; i++)
        {
            index.Put(new Key(i, 0), new byte[150]);
        }
        index.FinishCheckpoint();
        ulong[] before = [.. index.Pages.Addresses];
        foreach (ulong address in before)
        {
            byte[] image = index.Pages.Image(address);
            int space = image[PageLayout.KindAt] == (byte)PageKind.Map ? image[PageLayout.LevelAt] : 0;
            ulong pageId = BitConverter.ToUInt64(image, PageLayout.PageIdAt);
            int result;
            while ((result = index.Tree.Relocate(space, pageId, address, out PageReference missing)) != 0)
            {
                if (result == Op.Miss)
                {
                    index.Load(missing);
                    continue;
                }
                Assert.Equal(IndexTree.NoCleanFrame, result);
                index.FinishCheckpoint();
            }
        }
        index.FinishCheckpoint();
        Assert.Empty(before.Intersect(index.Pages.Addresses));
        index.Verify();
        Assert.NotNull(index.Get(new Key(8999, 0)));
    }

    [Fact]
    public void AfterAFailedSinkTheTreeStaysReadableAndTakesNoMore()
    {
        using var index = new IndexHarness(128);
        for (ulong i = 0; i < 2000; i++)
        {
            index.Put(new Key(i, 0), new byte[100]);
        }
        index.Pages.FailAppendAfter = index.Pages.Appends + 5;
        index.Tree.BeginCheckpoint(9);
        Assert.Equal(Errno.EIO, index.Pages.Wait(index.Tree.WriteCheckpointAsync(index.Pages)).Errno);
        for (ulong i = 0; i < 2000; i++)
        {
            Assert.NotNull(index.Get(new Key(i, 0)));
        }
        var batch = new MutationBatch();
        batch.Delete(new Key(1, 0));
        Assert.Equal(-Errno.EROFS, index.Tree.Prepare(batch, out _));
    }

    [Fact]
    public void LoadsOfOnePageShareOneRead()
    {
        using var index = new IndexHarness();
        for (ulong i = 0; i < 600; i++)
        {
            index.Put(new Key(i, 0), new byte[100]);
        }
        IndexRoot root = index.FinishCheckpoint();
        var slow = new MemoryPages(new Random(1));
        using IndexTree tree = IndexTree.Open(root, new IndexOptions(IndexOptions.MinCapacityPages, IndexHarness.VolumeTag), new Delayed(index.Pages, slow));
        Assert.Equal(Op.Miss, tree.TryGet(new Key(5, 0), new byte[Limits.MaxValueBytes], out _, out PageReference missing));
        ValueTask<int>[] loads = [.. Enumerable.Range(0, 50).Select(_ => tree.LoadAsync(missing))];
        foreach (ValueTask<int> load in loads)
        {
            Assert.Equal(0, slow.Wait(load));
        }
        Assert.Equal(2, tree.Counters.Loads);
    }

    /// <summary>Reads from one set of pages when the other's pump says so.</summary>
    private sealed class Delayed(MemoryPages pages, MemoryPages pump) : IPageStore
    {
        public ValueTask<int> ReadAsync(in PagePointer pointer, NativeSlice destination)
        {
            PagePointer from = pointer;
            return pump.Run(() => pages.ReadAsync(from, destination).Result);
        }
    }

    [Fact]
    public void ABatchThatNeverFitsIsAnErrorAndNoEndlessWait()
    {
        using var index = new IndexHarness();
        for (ulong i = 0; i < 4000; i++)
        {
            index.Put(new Key(i, 0), new byte[500]);
        }
        index.FinishCheckpoint();
        var batch = new MutationBatch();
        for (ulong i = 0; i < 1000; i++)
        {
            batch.Put(new Key(i * 4, 1), new byte[8], 1);
        }
        int result;
        int turns = 0;
        while ((result = index.Tree.Prepare(batch, out PageReference missing)) == Op.Miss && turns++ < 2000)
        {
            if (index.Pages.Wait(index.Tree.LoadAsync(missing)) != 0)
            {
                break;
            }
        }
        Assert.True(turns < 2000, "an endless wait");
    }
}
