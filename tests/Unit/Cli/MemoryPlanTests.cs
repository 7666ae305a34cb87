using Txlfs.Fsd.Host;
using Xunit;

namespace Txlfs.Tests.Unit.Cli;

public class MemoryPlanTests
{
    private const long Mebibyte = 1L << 20;

    [Theory]
    [InlineData(96)]
    [InlineData(128)]
    [InlineData(200)]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void ThePartsAreTheWhole(long totalMebibytes)
    {
        MemoryPlan plan = MemoryPlan.For(totalMebibytes * Mebibyte);
        Assert.Equal(plan.TotalBytes, plan.RuntimeBytes + plan.HeapBytes + plan.TransportBytes + plan.VolumeBytes);
        Assert.InRange(plan.HeapBytes, 24 * Mebibyte, 192 * Mebibyte);
        Assert.InRange(plan.TransportBytes, 8 * Mebibyte, 64 * Mebibyte);
        Assert.True(plan.VolumeBytes >= plan.TotalBytes / 5);
    }

    [Theory]
    [InlineData(512, 128)]
    [InlineData(1024, 128)]
    [InlineData(1536, 384)]
    [InlineData(2048, 512)]
    [InlineData(65536, 512)]
    public void TheDefaultFollowsTheMachine(long machineMebibytes, long expectedMebibytes)
        => Assert.Equal(expectedMebibytes * Mebibyte, MemoryPlan.DefaultTotalBytes(machineMebibytes * Mebibyte));

    [Fact]
    public void RequestBuffersStayInTheTransportsShare()
    {
        const int RequestBytes = 1 << 20;
        MemoryPlan plan = MemoryPlan.For(128 * Mebibyte);
        for (int cores = 1; cores <= 8; cores *= 2)
        {
            Assert.True((long)plan.UringQueueDepth(cores, RequestBytes) * cores * RequestBytes <= plan.TransportBytes);
        }
        Assert.True((long)plan.DevRequestLimit(RequestBytes) * RequestBytes <= plan.TransportBytes);
    }

    [Fact]
    public void TheHeapLimitIsHexadecimalForTheRuntime()
        => Assert.Contains(new KeyValuePair<string, string>("DOTNET_GCHeapHardLimit", "0x1800000"), MemoryPlan.For(128 * Mebibyte).Environment);
}
