using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Xunit;

namespace Txlfs.Tests.Unit.Sim;

public class SparseImageTests
{
    /// <summary>Random writes, discards and snapshots of several images, each against a plain array.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void SnapshotsAreIndependent(ulong seed)
    {
        const int lengthBytes = 5 << 20;
        var random = new Xoshiro256(seed);
        var images = new List<(SparseImage Image, byte[] Model)> { (new SparseImage(lengthBytes), new byte[lengthBytes]) };
        for (int step = 0; step < 400; step++)
        {
            (SparseImage image, byte[] model) = images[random.Next(images.Count)];
            int partBytes = 1 + random.Next(20000), start = random.Next(lengthBytes - partBytes);
            switch (random.Next(8))
            {
                case 0 when images.Count < 6:
                    images.Add((image.Snapshot(), (byte[])model.Clone()));
                    break;
                case 1:
                    start = start / 4096 * 4096;
                    partBytes = (partBytes + 4095) / 4096 * 4096;
                    if (start + partBytes > lengthBytes)
                        continue;
                    image.Discard(start, partBytes);
                    model.AsSpan(start, partBytes).Clear();
                    break;
                default:
                    var data = new byte[partBytes];
                    random.Fill(data);
                    image.Write(start, data);
                    data.CopyTo(model, start);
                    break;
            }
        }
        foreach ((SparseImage image, byte[] model) in images)
        {
            var content = new byte[lengthBytes];
            image.Read(0, content);
            Assert.True(content.AsSpan().SequenceEqual(model), $"seed {seed}");
        }
    }
}
