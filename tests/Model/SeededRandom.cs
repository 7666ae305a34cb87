namespace Txlfs.Tests.Model;

/// <summary>SplitMix64: the same sequence for a seed on every machine and every .NET version, so that a printed seed replays for ever.</summary>
public sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15UL;
        return Hashing.Finish(_state);
    }

    /// <summary>In [0, limit).</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>In [first, last].</summary>
    public int Between(int first, int last) => first + Below(last - first + 1);

    public bool OneIn(int n) => Below(n) == 0;

    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>Bytes of a file: incompressible, compressible, or one repeated byte (never zero, so that data is told from holes).</summary>
    public byte[] Data(int lengthBytes)
    {
        byte[] data = new byte[lengthBytes];
        int style = Below(4);
        ulong word = Next() | 0x0101010101010101UL;
        for (int i = 0; i < data.Length; i++)
        {
            if (i % 8 == 0 && (style <= 1 || (style == 2 && Below(12) == 0)))
            {
                word = Next();
            }
            data[i] = (byte)(word >> (i % 8 * 8));
        }
        return data;
    }
}
