using Txlfs.Fsd.Host;
using Xunit;

namespace Txlfs.Tests.Unit.Cli;

public class MountTableTests
{
    private const string Table =
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw\n" +
        "98 22 0:51 / /mnt/my\\040data rw,nosuid shared:5 master:2 - fuse.txlfs /tmp/card\\134.img rw,user_id=0\n" +
        "malformed line\n";

    [Fact]
    public void LinesAreParsedAndUnescaped()
    {
        IReadOnlyList<MountEntry> entries = MountTable.Parse(Table);
        Assert.Equal(2, entries.Count);
        Assert.Equal((254u, 0u, "/", "ext4"), (entries[0].DeviceMajor, entries[0].DeviceMinor, entries[0].MountPoint, entries[0].FilesystemType));
        Assert.Equal("/mnt/my data", entries[1].MountPoint);
        Assert.Equal("/tmp/card\\.img", entries[1].Source);
        Assert.True(MountTable.IsTxlfs(entries[1]));
        Assert.False(MountTable.IsTxlfs(entries[0]));
    }

    [Fact]
    public void AMountIsFoundThroughASymbolicLink()
    {
        string home = Directory.CreateTempSubdirectory("txlfs-link-").FullName;
        string link = Path.Combine(home, "link");
        Directory.CreateSymbolicLink(link, "/proc");
        Assert.Equal("/proc", MountTable.At(link)?.MountPoint);
        Assert.Null(MountTable.At(home));
        Assert.Null(MountTable.At(Path.Combine(home, "absent")));
        Directory.Delete(home, recursive: true);
    }
}
