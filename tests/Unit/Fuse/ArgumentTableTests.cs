using System.Runtime.CompilerServices;
using Txlfs.Fsd.Fuse.Abi;
using Xunit;

namespace Txlfs.Tests.Unit.Fuse;

public sealed class ArgumentTableTests
{
    [Theory]
    [InlineData(FuseOpcode.Lookup, 0)]
    [InlineData(FuseOpcode.Write, 40)]
    [InlineData(FuseOpcode.Create, 16)]
    [InlineData(FuseOpcode.TmpFile, 16)]
    [InlineData(FuseOpcode.SetAttr, 88)]
    [InlineData(FuseOpcode.StatX, 24)]
    [InlineData(FuseOpcode.CopyFileRange64, 56)]
    [InlineData(FuseOpcode.StatFs, 0)]
    [InlineData((FuseOpcode)54, 0)]
    [InlineData((FuseOpcode)uint.MaxValue, 0)]
    public void Knows_the_length_of_each_structure(FuseOpcode opcode, int lengthBytes) =>
        Assert.Equal(lengthBytes, ArgumentTable.LengthBytes((uint)opcode, FuseInitFlags.SetXAttrExt));

    [Fact]
    public void Setxattr_is_short_unless_the_extension_was_negotiated()
    {
        Assert.Equal(Unsafe.SizeOf<FuseSetXAttrIn>(), ArgumentTable.LengthBytes((uint)FuseOpcode.SetXAttr, FuseInitFlags.SetXAttrExt));
        Assert.Equal(FuseSetXAttrIn.CompatSizeBytes, ArgumentTable.LengthBytes((uint)FuseOpcode.SetXAttr, FuseInitFlags.None));
    }

    [Fact]
    public void Every_structure_fits_into_the_headers_of_a_ring_entry()
    {
        for (uint opcode = 0; opcode < 64; opcode++)
            Assert.True(ArgumentTable.LengthBytes(opcode, FuseInitFlags.SetXAttrExt) <= FuseUringHeader.PartBytes);
    }
}
