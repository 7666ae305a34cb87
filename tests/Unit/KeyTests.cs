using Txlfs.Lfs.Index;
using Xunit;

namespace Txlfs.Tests.Unit;

public class KeyTests
{
    [Fact]
    public void KindsOfAnInodeAreOrderedAndSeparate()
    {
        Assert.True(Key.Of(5, RecordKind.Inode, 0) < Key.Of(5, RecordKind.Inline, 0));
        Assert.True(Key.Of(5, RecordKind.Extent, Key.SubMask) < Key.Of(5, RecordKind.Xattr, 0));
        Assert.True(Key.Of(5, RecordKind.Trim, 9) < Key.Of(6, RecordKind.Inode, 0));
        Assert.Equal(RecordKind.Dirent, Key.Of(1, RecordKind.Dirent, 77).Kind);
        Assert.Equal(77UL, Key.Of(1, RecordKind.Dirent, 77).Sub);
    }
}
