using Txlfs.Journal.Runtime;
using Txlfs.Journal.Runtime.Simulation;

namespace Txlfs.Journal.Device.Card;

/// <summary>What a card's operations cost, by the seed: a flush 2 to 10 ms, a write into an allocation unit that is not open 1 to 3 ms.</summary>
internal sealed class CardLatency(IClock clock, ulong seed)
{
    private const long AllocationUnitBytes = 4 << 20;
    private const int OpenUnits = 3;

    private readonly Lock _lock = new();
    private readonly Xoshiro256 _random = new(seed);

    /// <summary>The unit used last comes first.</summary>
    private readonly long[] _open = [-1, -1, -1];

    public Task FlushAsync() => ClockDelay.For(clock, Draw(2, 10));

    public Task WriteAsync(long offsetBytes) => Touch(offsetBytes / AllocationUnitBytes) ? Task.CompletedTask : ClockDelay.For(clock, Draw(1, 3));

    /// <summary>Whether the unit was open; it is now.</summary>
    private bool Touch(long unit)
    {
        lock (_lock)
        {
            int at = Array.IndexOf(_open, unit);
            int last = at < 0 ? OpenUnits - 1 : at;
            Array.Copy(_open, 0, _open, 1, last);
            _open[0] = unit;
            return at >= 0;
        }
    }

    private int Draw(int least, int most)
    {
        lock (_lock)
            return least + _random.Next(most - least + 1);
    }
}
