using Txlfs.Journal.Device;
using Txlfs.Lfs.Checkpoint;
using Txlfs.Lfs.Format;

namespace Txlfs.Lfs.Verify;

/// <summary>
/// The checkpoint ring: the newest valid record, and slots that hold neither a record nor nothing. The slot behind the newest may be torn by a power cut,
/// which is no error; any other has rotted. Damaged slots are cleared, so that no later reader has to wonder.
/// </summary>
internal sealed class RingCheck(IBlockDevice device, Superblock superblock, FindingList findings)
{
    private readonly List<int> _damaged = [];

    public CheckpointRecord? Newest { get; private set; }
    public bool HasDamaged => _damaged.Count > 0;

    public async ValueTask RunAsync()
    {
        _damaged.Clear();
        using var buffer = new AlignedBuffer(CheckpointRecord.SizeBytes);
        for (int slot = 0; slot < Superblock.RingSlots; slot++)
        {
            int read = await device.ReadAsync(Superblock.RingSlotAddress((ulong)slot), buffer.Slice).ConfigureAwait(false);
            if (read == 0 && CheckpointRecord.TryRead(buffer.Span, superblock.VolumeId, out CheckpointRecord? record) && record!.Number % Superblock.RingSlots == (ulong)slot)
            {
                Newest = Newest is null || record.Number > Newest.Number ? record : Newest;
            }
            else if (read != 0 || buffer.Span.ContainsAnyExcept((byte)0))
            {
                _damaged.Add(slot);
            }
        }
        Report();
    }

    private void Report()
    {
        int next = Newest is null ? -1 : (int)((Newest.Number + 1) % Superblock.RingSlots);
        foreach (int slot in _damaged)
        {
            bool isTorn = slot == next && Newest is { IsClean: false };
            findings.Add(new Finding(FindingKind.CheckpointSlot, isTorn ? FindingSeverity.Notice : FindingSeverity.Error, Remedy.Certain,
                $"checkpoint slot {slot} {(isTorn ? "was torn by a power cut" : "is damaged")}") { AddressBytes = Superblock.RingSlotAddress((ulong)slot) });
        }
        if (Newest is null)
        {
            findings.Add(new Finding(FindingKind.CheckpointRing, FindingSeverity.Loss, Remedy.Rebuild, "no valid checkpoint record is left") { AddressBytes = Superblock.RingOffsetBytes });
        }
    }

    /// <summary>The records that are valid stay as they are, so a crash in between changes nothing.</summary>
    public async ValueTask RepairAsync()
    {
        using var zeros = new AlignedBuffer(CheckpointRecord.SizeBytes);
        foreach (int slot in _damaged)
        {
            await RawWrite.RunAsync(device, Superblock.RingSlotAddress((ulong)slot), zeros.Slice).ConfigureAwait(false);
        }
        _damaged.Clear();
    }
}
