using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;

namespace Txlfs.Journal.Device.Card;

/// <summary>
/// The unflushed writes of a card, oldest first, in pieces that are kept or lost each on its own. A piece stays here until it is
/// wholly on the medium, so what reads see is always the medium with these laid over it in order. Its owner's lock guards it.
/// </summary>
internal sealed class CardCache(long capacityBytes, Xoshiro256 random)
{
    /// <summary>Large writes are held in parts: a card programs page by page, so that a cut may take any of them.</summary>
    public const int MostPieceBytes = 64 << 10;

    private readonly List<UnflushedWrite> _held = [];
    private long _heldBytes;
    private long _lastNumber;

    public bool IsOverfull => _heldBytes > capacityBytes;
    public long HeldBytes => _heldBytes;
    public int Count => _held.Count;

    public void Add(long offsetBytes, ReadOnlySpan<byte> data)
    {
        for (int start = 0; start < data.Length; start += MostPieceBytes)
        {
            ReadOnlySpan<byte> piece = data.Slice(start, Math.Min(MostPieceBytes, data.Length - start));
            _held.Add(new UnflushedWrite(++_lastNumber, offsetBytes + start, piece.ToArray()));
        }
        _heldBytes += data.Length;
    }

    /// <summary>All, oldest first, as they are now.</summary>
    public UnflushedWrite[] Snapshot() => [.. _held];

    /// <summary>What a read of the range must lay over what the medium says; null when that is nothing.</summary>
    public List<UnflushedWrite>? Overlapping(long offsetBytes, long lengthBytes)
    {
        List<UnflushedWrite>? found = null;
        foreach (UnflushedWrite piece in _held)
        {
            if (Overlap(piece, offsetBytes, lengthBytes))
                (found ??= []).Add(piece);
        }
        return found;
    }

    /// <summary>A piece of the seed's choice, and before it the older ones that lie under it, and under those: the medium must end up with the newest.</summary>
    public List<UnflushedWrite> ChooseVictims()
    {
        int chosen = random.Next(_held.Count);
        List<UnflushedWrite> victims = [_held[chosen]];
        for (int i = chosen - 1; i >= 0; i--)
        {
            UnflushedWrite older = _held[i];
            if (victims.Exists(newer => Overlap(older, newer.OffsetBytes, newer.LengthBytes)))
                victims.Add(older);
        }
        victims.Reverse();
        return victims;
    }

    public void Remove(UnflushedWrite piece)
    {
        if (_held.Remove(piece))
            _heldBytes -= piece.LengthBytes;
    }

    private static bool Overlap(UnflushedWrite piece, long offsetBytes, long lengthBytes)
        => piece.OffsetBytes < offsetBytes + lengthBytes && offsetBytes < piece.OffsetBytes + piece.LengthBytes;
}
