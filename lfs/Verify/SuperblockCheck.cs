using Txlfs.Journal;
using Txlfs.Journal.Device;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Verify;

/// <summary>Every copy of the superblock against the one in force; a bad copy is written anew from it.</summary>
internal sealed class SuperblockCheck(IBlockDevice device, Superblock good, FindingList findings)
{
    private readonly List<long> _bad = [];

    public bool HasBad => _bad.Count > 0;

    public async ValueTask RunAsync()
    {
        using var buffer = new AlignedBuffer(Superblock.SizeBytes);
        foreach (long address in Superblock.CopyAddresses(good.DeviceBytes, good.SegmentBytes))
        {
            int read = await device.ReadAsync(address, buffer.Slice).ConfigureAwait(false);
            Superblock? copy = null;
            string? fault = read == 0 ? Superblock.TryRead(buffer.Span, out copy) : $"errno {-read}";
            fault ??= copy == good ? null : "differs from the one in force";
            if (fault is not null)
            {
                _bad.Add(address);
                findings.Add(new Finding(FindingKind.Superblock, FindingSeverity.Error, Remedy.Certain, $"superblock copy at {address}: {fault}") { AddressBytes = address });
            }
        }
    }

    /// <summary>One copy at a time, each durable before the next: a crash leaves the good ones.</summary>
    public async ValueTask RepairAsync()
    {
        using var buffer = new AlignedBuffer(Superblock.SizeBytes);
        good.Write(buffer.Span);
        foreach (long address in _bad)
        {
            await RawWrite.RunAsync(device, address, buffer.Slice).ConfigureAwait(false);
        }
        _bad.Clear();
    }
}

/// <summary>A block written past the log, durable when it completes.</summary>
internal static class RawWrite
{
    public static async ValueTask RunAsync(IBlockDevice device, long addressBytes, NativeSlice block)
    {
        int result = await device.WriteAsync(addressBytes, block).ConfigureAwait(false);
        result = result != 0 ? result : await device.FlushAsync().ConfigureAwait(false);
        if (result != 0)
        {
            throw new VolumeException(-result, $"{device.Name} cannot be written at {addressBytes}: errno {-result}");
        }
    }
}
