using System.Globalization;

namespace Txlfs.Fsd.Host;

/// <summary>Sizes as people write them: a number with an optional K, M, G or T (powers of 1024), also KiB, KB and so on.</summary>
public static class SizeText
{
    private const string Units = "KMGT";

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        if (rest.EndsWith("iB", StringComparison.OrdinalIgnoreCase))
        {
            rest = rest[..^2];
        }
        else if (rest.EndsWith("B", StringComparison.OrdinalIgnoreCase))
        {
            rest = rest[..^1];
        }
        int shift = 0;
        if (rest.Length > 0 && Units.IndexOf(char.ToUpperInvariant(rest[^1])) is >= 0 and int unit)
        {
            shift = (unit + 1) * 10;
            rest = rest[..^1];
        }
        if (!decimal.TryParse(rest, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            || number < 0 || number > (decimal)(long.MaxValue >> shift))
        {
            return false;
        }
        bytes = (long)(number * (1L << shift));
        return true;
    }

    /// <summary>One decimal at most: 512 M, 1.5 G.</summary>
    public static string Format(long bytes)
    {
        int unit = -1;
        decimal number = bytes;
        while (number >= 1024 && unit < Units.Length - 1)
        {
            number /= 1024;
            unit++;
        }
        string digits = number.ToString("0.#", CultureInfo.InvariantCulture);
        return unit < 0 ? $"{digits} bytes" : $"{digits} {Units[unit]}iB";
    }
}
