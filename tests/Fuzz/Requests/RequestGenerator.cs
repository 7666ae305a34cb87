using System.Buffers.Binary;
using System.Text;
using Txlfs.Fsd.Fuse.Abi;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz.Requests;

/// <summary>Draws requests: right in form and wrong in what they say, mutated, truncated, or plain noise.</summary>
internal sealed class RequestGenerator(SeededRandom random, IReadOnlyList<ulong> inodes)
{
    private static readonly string[] Names = ["large", "noise", "sparse", "symlink", "directory0", "inline1", "later", "a", "b", "c", ".", "..", "x/y", "", "user.short", "user.long", "system.posix_acl_access", "security.capability"];
    private static readonly FuseOpcode[] Opcodes = Enum.GetValues<FuseOpcode>();

    public FuseOpcode Opcode { get; private set; }
    public FuseInHeader Header { get; private set; }
    public byte[] Arguments { get; private set; } = [];
    public byte[] Payload { get; private set; } = [];
    public uint ClaimedPayloadBytes { get; private set; }

    public void Draw(ulong unique, FuseInitFlags negotiated)
    {
        Opcode = random.OneIn(30) ? (FuseOpcode)random.Next() : random.Pick(Opcodes);
        Header = new FuseInHeader
        {
            Opcode = Opcode,
            Unique = random.OneIn(10) ? (ulong)random.Below(8) : unique,
            NodeId = random.OneIn(12) ? random.Next() : random.Pick(inodes),
            Uid = (uint)random.Pick([0, 0, 1000]),
            Gid = (uint)random.Pick([0, 0, 1000]),
            Pid = (uint)random.Below(1000),
        };
        int length = ArgumentTable.LengthBytes((uint)Opcode, negotiated);
        Arguments = new byte[random.OneIn(25) ? random.Below(length + 1) : length];
        FillArguments();
        Payload = DrawPayload();
        FitSizes();
        ClaimedPayloadBytes = random.OneIn(10) ? (uint)random.Next() : (uint)Payload.Length;
    }

    /// <summary>Mostly small numbers on natural borders: those get past the first checks.</summary>
    private void FillArguments()
    {
        for (int at = 0; at + 4 <= Arguments.Length; at += 4)
        {
            bool isWide = at % 8 == 0 && at + 8 <= Arguments.Length && random.OneIn(3);
            ulong value = random.Below(6) switch
            {
                0 or 1 => 0,
                2 => (ulong)random.Below(64),
                3 => (ulong)random.Below(300) * 4096,
                4 => random.Pick(inodes),
                _ => HostileNumbers.Draw(random, 4096),
            };
            if (isWide)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(Arguments.AsSpan(at), value);
                at += 4;
            }
            else
            {
                BinaryPrimitives.WriteUInt32LittleEndian(Arguments.AsSpan(at), (uint)value);
            }
        }
    }

    private byte[] DrawPayload()
    {
        switch (random.Below(8))
        {
            case 0:
                return [];
            case 1:
                return random.Data(random.Between(1, 300));
            case 2:
                return random.Data(random.Between(1, FuzzRequest.MaxBodyBytes - 256));
            case 3:
                return [.. Enumerable.Repeat((byte)'n', random.Pick([254, 255, 256, 4094, 4095, 4096])), 0];
            default:
                var text = new StringBuilder();
                for (int names = random.Between(1, 3); names > 0; names--)
                {
                    text.Append(random.Pick(Names)).Append(random.OneIn(12) ? "" : "\0");
                }
                return [.. Encoding.UTF8.GetBytes(text.ToString()), .. random.OneIn(3) ? random.Data(random.Between(1, 3000)) : []];
        }
    }

    /// <summary>Sizes that say how much follows are right half of the time, or nothing behind the first check would be reached.</summary>
    private void FitSizes()
    {
        int at = Opcode switch { FuseOpcode.Write => 16, FuseOpcode.SetXAttr => 0, FuseOpcode.Read or FuseOpcode.ReadDir or FuseOpcode.ReadDirPlus => 16, FuseOpcode.GetXAttr or FuseOpcode.ListXAttr or FuseOpcode.BatchForget => 0, _ => -1 };
        if (at < 0 || at + 4 > Arguments.Length || random.OneIn(4))
        {
            return;
        }
        int size = Opcode switch
        {
            FuseOpcode.Write => Payload.Length,
            FuseOpcode.SetXAttr => Math.Max(0, Payload.Length - random.Between(0, 40)),
            FuseOpcode.BatchForget => Payload.Length / 16,
            _ => random.Below(FuzzRequest.MaxBodyBytes),
        };
        BinaryPrimitives.WriteInt32LittleEndian(Arguments.AsSpan(at), size);
    }
}
