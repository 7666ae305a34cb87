using Txlfs.Fsd.Host;
using Xunit;

namespace Txlfs.Tests.Unit.Cli;

public class SizeTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("512K", 512 << 10)]
    [InlineData("4m", 4 << 20)]
    [InlineData("64G", 64L << 30)]
    [InlineData("1.5G", 3L << 29)]
    [InlineData("2TiB", 2L << 40)]
    [InlineData("8MB", 8 << 20)]
    public void SizesAreRead(string text, long bytes)
    {
        Assert.True(SizeText.TryParse(text, out long parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("-1")]
    [InlineData("12Q")]
    [InlineData("1e9")]
    [InlineData("9999999T")]
    public void NonsenseIsRefused(string text) => Assert.False(SizeText.TryParse(text, out _));

    [Theory]
    [InlineData(512, "512 bytes")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(64L << 30, "64 GiB")]
    public void SizesAreWritten(long bytes, string text) => Assert.Equal(text, SizeText.Format(bytes));
}
