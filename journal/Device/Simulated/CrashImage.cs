namespace Txlfs.Journal.Device.Simulated;

/// <summary>What a power cut left on the medium. Never changes; mount it with <see cref="SimulatedBlockDevice.FromImage"/> as often as you like.</summary>
public sealed class CrashImage
{
    private readonly SparseImage _image;

    /// <summary>Takes the image over: the caller must not write it any more.</summary>
    public CrashImage(SparseImage image, long lastEvent)
    {
        _image = image;
        LastEvent = lastEvent;
    }

    public long LengthBytes => _image.LengthBytes;

    /// <summary>Number of the last device event before the cut.</summary>
    public long LastEvent { get; }

    public void Read(long offsetBytes, Span<byte> destination) => _image.Read(offsetBytes, destination);

    public SparseImage Copy() => _image.Snapshot();

    /// <summary>Writes the whole image, for looking at it with other tools.</summary>
    public void CopyTo(Stream destination)
    {
        var buffer = new byte[1 << 20];
        for (long offsetBytes = 0; offsetBytes < LengthBytes; offsetBytes += buffer.Length)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, LengthBytes - offsetBytes));
            _image.Read(offsetBytes, part);
            destination.Write(part);
        }
    }
}
