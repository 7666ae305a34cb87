using Txlfs.Journal.Codec;
using Txlfs.Lfs;
using Txlfs.Lfs.Data;
using Txlfs.Tests.Unit.Fakes;
using Xunit;

namespace Txlfs.Tests.Unit.Data;

/// <summary>Random operations on a few files against byte arrays. The seed is in every failure's message.</summary>
public class DataModelTests
{
    public static TheoryData<CodecKind, ChecksumKind> Formats()
    {
        var data = new TheoryData<CodecKind, ChecksumKind>();
        foreach (CodecKind codec in Enum.GetValues<CodecKind>())
        {
            foreach (ChecksumKind checksum in Enum.GetValues<ChecksumKind>())
            {
                if (Codec.IsAvailable(codec, out _) && Checksum.IsAvailable(checksum, out _))
                {
                    data.Add(codec, checksum);
                }
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void RandomOperationsReadBackAsWritten(CodecKind codec, ChecksumKind checksum)
    {
        for (ulong seed = 1; seed <= 3; seed++)
        {
            using var run = new DataModel(codec, checksum, seed);
            run.Run(operations: 300);
        }
    }

    [Theory]
    [InlineData(7UL)]
    [InlineData(8UL)]
    public void RandomOperationsOverAnIndexThatMissesAndAnswersLate(ulong seed)
    {
        using var run = new DataModel(CodecKind.None, ChecksumKind.Crc32c, seed);
        run.Fixture.Engine.Index.MissEvery = 499; // a body must get through within two of these, and long walks take hundreds of look-ups
        run.Fixture.Engine.AnswersLater = true;
        run.Run(operations: 400);
    }
}
