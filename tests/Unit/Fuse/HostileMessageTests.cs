using System.Runtime.InteropServices;
using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Fsd.Fuse.Dev;
using Txlfs.Journal;
using Txlfs.TransportBench;
using Xunit;

namespace Txlfs.Tests.Unit.Fuse;

/// <summary>Messages of a kernel gone mad: whatever they hold, each is answered at most once and nothing outside its memory is touched.</summary>
public sealed unsafe class HostileMessageTests
{
    /// <summary>Replies are written to a descriptor that refuses them, which the pool reports and survives.</summary>
    private const int NoDescriptor = -1;
    private const int MaxBodyBytes = 64 << 10;

    [Fact]
    public void A_message_shorter_than_its_header_or_of_another_length_is_none()
    {
        using var pool = new DevRequestPool(1, MaxBodyBytes, static _ => { });
        DevRequest request = pool.Rent();
        *(FuseInHeader*)request.MessageStart = new FuseInHeader { LengthBytes = 40, Opcode = FuseOpcode.StatFs };
        Assert.Equal(-1, request.Accept(NoDescriptor, 0, FuseInitFlags.None));
        Assert.Equal(-1, request.Accept(NoDescriptor, 39, FuseInitFlags.None));
        Assert.Equal(-1, request.Accept(NoDescriptor, 48, FuseInitFlags.None));
        Assert.Equal(0, request.Accept(NoDescriptor, 40, FuseInitFlags.None));
    }

    [Fact]
    public void A_truncated_structure_never_reaches_the_filesystem()
    {
        for (uint opcode = 0; opcode < 64; opcode++)
        {
            int argumentBytes = ArgumentTable.LengthBytes(opcode, FuseInitFlags.SetXAttrExt);
            for (int length = 0; length < argumentBytes; length++)
            {
                (int accepted, _) = Accept(opcode, new byte[length]);
                Assert.Equal(Errno.EINVAL, accepted);
            }
        }
    }

    [Theory]
    [InlineData(FuseOpcode.Write, 16, 1)]
    [InlineData(FuseOpcode.Write, 16, uint.MaxValue)]
    [InlineData(FuseOpcode.Read, 16, MaxBodyBytes * 2)]
    [InlineData(FuseOpcode.ReadDirPlus, 16, uint.MaxValue)]
    [InlineData(FuseOpcode.GetXAttr, 0, uint.MaxValue)]
    [InlineData(FuseOpcode.SetXAttr, 0, 1)]
    [InlineData(FuseOpcode.BatchForget, 0, 0x10000000)]
    public void A_size_beyond_the_message_or_the_reply_is_refused(FuseOpcode opcode, int fieldOffset, uint size)
    {
        byte[] arguments = new byte[ArgumentTable.LengthBytes((uint)opcode, FuseInitFlags.SetXAttrExt)];
        MemoryMarshal.Write(arguments.AsSpan(fieldOffset), size);
        Assert.Equal(Errno.EINVAL, Accept((uint)opcode, arguments).Accepted);
    }

    [Fact]
    public void A_page_aligned_write_has_page_aligned_data()
    {
        byte[] message = new byte[40 + 4096];
        MemoryMarshal.Write(message.AsSpan(16), 4096u);
        (int accepted, DevRequest request) = Accept((uint)FuseOpcode.Write, message);
        Assert.Equal(0, accepted);
        Assert.Equal(4096, request.Payload.LengthBytes);
        Assert.Equal(0, (long)request.Payload.Pointer % Environment.SystemPageSize);
    }

    [Fact]
    public void Random_messages_do_no_harm()
    {
        int seed = new Random().Next();
        var random = new Random(seed);
        var filesystem = new MemoryFilesystem(static () => 0);
        string? fault = null;
        var dispatcher = new RequestDispatcher(filesystem, text => fault = text);
        using var pool = new DevRequestPool(2, MaxBodyBytes, static _ => { });
        for (int i = 0; i < 20_000; i++)
        {
            DevRequest request = pool.Rent();
            int length = Write(request, random);
            int accepted = request.Accept(NoDescriptor, length, FuseInitFlags.SetXAttrExt);
            if (accepted >= 0)
                dispatcher.Dispatch(request, accepted);
            Assert.True(accepted < 0 || request.IsFreeAfterHandling(), $"seed {seed}: message {i} ({(FuseOpcode)request.Opcode}) was not answered");
            Assert.True(fault is null, $"seed {seed}: message {i}: {fault}");
            pool.Return(request);
        }
    }

    [Fact]
    public void Completing_twice_is_refused()
    {
        (_, DevRequest request) = Accept((uint)FuseOpcode.StatFs, []);
        request.Complete(0, 0);
        Assert.Throws<InvalidOperationException>(() => request.Complete(0, 0));
    }

    [Fact]
    public void An_interrupt_marks_the_named_request_and_no_later_one()
    {
        (_, DevRequest request) = Accept((uint)FuseOpcode.FSync, new byte[16], unique: 6);
        Assert.False(request.TryInterrupt(8));
        Assert.False(request.IsInterrupted);
        Assert.True(request.TryInterrupt(6));
        Assert.True(request.IsInterrupted);
        request.Complete(0, 0);
        Assert.False(request.TryInterrupt(6));
        Fill(request, (uint)FuseOpcode.StatFs, [], unique: 8);
        Assert.False(request.IsInterrupted);
    }

    private static int Write(DevRequest request, Random random)
    {
        int bodyLength = random.Next(4) switch { 0 => random.Next(16), 1 => random.Next(200), 2 => random.Next(5000), _ => random.Next(MaxBodyBytes) };
        random.NextBytes(new Span<byte>(request.MessageStart + sizeof(FuseInHeader), bodyLength));
        bool isSmall = random.Next(2) == 0;
        for (int i = 0; isSmall && i < bodyLength; i++)
            request.MessageStart[sizeof(FuseInHeader) + i] = (byte)(random.Next(8) == 0 ? random.Next(256) : 0);
        int length = sizeof(FuseInHeader) + bodyLength;
        *(FuseInHeader*)request.MessageStart = new FuseInHeader
        {
            LengthBytes = (uint)(random.Next(50) == 0 ? random.Next() : length),
            Opcode = (FuseOpcode)(random.Next(20) == 0 ? random.Next() : random.Next(60)),
            Unique = (ulong)random.NextInt64(),
            NodeId = (ulong)(random.Next(3) == 0 ? random.NextInt64() : random.Next(5)),
        };
        return length;
    }

    private static (int Accepted, DevRequest Request) Accept(uint opcode, byte[] body, ulong unique = 2)
    {
        DevRequest request = new DevRequestPool(1, MaxBodyBytes, static _ => { }).Rent();
        return (Fill(request, opcode, body, unique), request);
    }

    private static int Fill(DevRequest request, uint opcode, byte[] body, ulong unique)
    {
        int length = sizeof(FuseInHeader) + body.Length;
        *(FuseInHeader*)request.MessageStart = new FuseInHeader { LengthBytes = (uint)length, Opcode = (FuseOpcode)opcode, Unique = unique, NodeId = 1 };
        body.CopyTo(new Span<byte>(request.MessageStart + sizeof(FuseInHeader), body.Length));
        return request.Accept(NoDescriptor, length, FuseInitFlags.SetXAttrExt);
    }
}
