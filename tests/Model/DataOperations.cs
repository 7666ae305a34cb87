using Txlfs.Lfs;

namespace Txlfs.Tests.Model;

public sealed record SetAttributesOperation(ulong Inode, uint? Permissions, uint? Uid, uint? Gid, long? SizeBytes) : Operation
{
    public override async ValueTask<Outcome> RunAsync(VolumeDriver driver)
    {
        AttributeChange change = new()
        {
            Fields = (Permissions is null ? 0 : AttributeFields.Mode) | (Uid is null ? 0 : AttributeFields.Uid) | (Gid is null ? 0 : AttributeFields.Gid)
                | (SizeBytes is null ? 0 : AttributeFields.Size),
            Mode = Permissions ?? 0,
            Uid = Uid ?? 0,
            Gid = Gid ?? 0,
            SizeBytes = SizeBytes ?? 0,
        };
        return Outcome.Of(await driver.Volume.SetAttributesAsync(Inode, change, Root));
    }

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome) => state.SetAttributes(Inode, Permissions, Uid, Gid, SizeBytes);
}

public sealed record WriteOperation(ulong Inode, long OffsetBytes, byte[] Data, WriteOptions Options) : Operation
{
    /// <summary>A write is one commit a megabyte.</summary>
    private const int WritePieceBytes = 1 << 20;

    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.WriteAsync(Inode, OffsetBytes, Data, Options, Root);

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome)
        => state.Write(Inode, Offset(state), outcome.Errno == 0 ? Data.AsSpan(0, (int)outcome.Count) : Data, Options.HasFlag(WriteOptions.KillPrivileges));

    public override string? Complaint(ModelState before, Outcome outcome)
        => outcome.Errno == 0 && outcome.Count != Data.Length ? $"{outcome.Count} of {Data.Length} bytes were written" : null;

    public override IEnumerable<ModelState> Intermediate(ModelState before)
    {
        foreach (long at in Cuts(OffsetBytes, Data.Length, WritePieceBytes))
        {
            yield return before.Write(Inode, Offset(before), Data.AsSpan(0, (int)(at - OffsetBytes)), Options.HasFlag(WriteOptions.KillPrivileges)).State;
        }
    }

    private long Offset(ModelState state) => Options.HasFlag(WriteOptions.Append) ? state.Find(Inode)?.Content.SizeBytes ?? 0 : OffsetBytes;

    public override string ToString() => $"Write {{ Inode = {Inode}, Offset = {OffsetBytes}, Length = {Data.Length}, Options = {Options} }}";

    /// <summary>Where a range of a file may be cut: a piece after the block that it begins in, and then every piece.</summary>
    public static IEnumerable<long> Cuts(long offsetBytes, long lengthBytes, int pieceBytes)
    {
        for (long at = (offsetBytes / Limits.BlockBytes * Limits.BlockBytes) + pieceBytes; at < offsetBytes + lengthBytes; at += pieceBytes)
        {
            yield return at;
        }
    }
}

public sealed record FallocateOperation(ulong Inode, FallocateMode Mode, long OffsetBytes, long LengthBytes) : Operation
{
    public override async ValueTask<Outcome> RunAsync(VolumeDriver driver)
        => Outcome.Of(await driver.Volume.FallocateAsync(Inode, Mode, OffsetBytes, LengthBytes, Root));

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome) => state.Fallocate(Inode, (int)Mode, OffsetBytes, LengthBytes);

    public override bool MayFailWith(int errno) => errno == Journal.Errno.EOPNOTSUPP && (Mode & (FallocateMode.CollapseRange | FallocateMode.InsertRange)) != 0;

    public override IEnumerable<ModelState> Intermediate(ModelState before)
    {
        if ((Mode & (FallocateMode.CollapseRange | FallocateMode.InsertRange)) != 0)
        {
            yield break;
        }
        FallocateMode zeros = (Mode & FallocateMode.ZeroRange) | (Mode & FallocateMode.PunchHole) | FallocateMode.KeepSize;
        ModelState zeroed = before.Fallocate(Inode, (int)zeros, OffsetBytes, LengthBytes).State;
        yield return zeroed;
        foreach (long at in WriteOperation.Cuts(OffsetBytes, LengthBytes, Limits.BlockBytes))
        {
            yield return before.Fallocate(Inode, (int)zeros, OffsetBytes, at - OffsetBytes).State;
            yield return zeroed.Fallocate(Inode, (int)(Mode & FallocateMode.KeepSize), OffsetBytes, at - OffsetBytes).State;
        }
    }
}

public sealed record CopyRangeOperation(ulong Source, long SourceOffsetBytes, ulong Target, long TargetOffsetBytes, long LengthBytes) : Operation
{
    public override async ValueTask<Outcome> RunAsync(VolumeDriver driver)
        => Outcome.Of(await driver.Volume.CopyRangeAsync(Source, SourceOffsetBytes, Target, TargetOffsetBytes, LengthBytes, Root));

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome)
    {
        byte[] data = Bytes(state, outcome.Errno == 0 ? outcome.Count : LengthBytes);
        return data.Length == 0 ? (0, state) : state.Write(Target, TargetOffsetBytes, data, false);
    }

    public override string? Complaint(ModelState before, Outcome outcome)
        => outcome.Errno == 0 && outcome.Count != Bytes(before, LengthBytes).Length
            ? $"{outcome.Count} of {LengthBytes} bytes were copied, the source has {Bytes(before, LengthBytes).Length}" : null;

    public override IEnumerable<ModelState> Intermediate(ModelState before)
    {
        byte[] data = Bytes(before, LengthBytes);
        IEnumerable<long> shared = WriteOperation.Cuts(TargetOffsetBytes, data.Length, Limits.BlockBytes).Select(at => at - TargetOffsetBytes);
        IEnumerable<long> copied = Enumerable.Range(1, data.Length / Limits.MaxExtentBytes).Select(i => (long)i * Limits.MaxExtentBytes);
        foreach (long lengthBytes in shared.Concat(copied))
        {
            yield return before.Write(Target, TargetOffsetBytes, data.AsSpan(0, (int)lengthBytes), false).State;
        }
    }

    private byte[] Bytes(ModelState state, long lengthBytes) => state.Find(Source)!.Content.Read(SourceOffsetBytes, (int)lengthBytes);
}

/// <summary>Changes nothing: what is read must be what the model holds.</summary>
public sealed record ReadOperation(ulong Inode, long OffsetBytes, int LengthBytes) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.ReadAsync(Inode, OffsetBytes, LengthBytes);
    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome) => (0, state);

    public override string? Complaint(ModelState before, Outcome outcome)
    {
        byte[] expected = before.Find(Inode)!.Content.Read(OffsetBytes, LengthBytes);
        if (outcome.Errno != 0 || outcome.Data.AsSpan().SequenceEqual(expected))
        {
            return null;
        }
        int same = outcome.Data.AsSpan().CommonPrefixLength(expected);
        return $"read {outcome.Data!.Length} bytes, expected {expected.Length}; the first difference is at byte {OffsetBytes + same}";
    }
}

/// <summary>SEEK_DATA (3) and SEEK_HOLE (4): what they skip must really be hole or data.</summary>
public sealed record SeekOperation(ulong Inode, long OffsetBytes, int Whence) : Operation
{
    public override async ValueTask<Outcome> RunAsync(VolumeDriver driver) => Outcome.Of(await driver.Volume.SeekAsync(Inode, OffsetBytes, Whence));

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome)
    {
        FileContent content = state.Find(Inode)!.Content;
        bool isBehind = OffsetBytes >= content.SizeBytes;
        bool isTailHole = Whence == 3 && outcome.Errno == ModelState.Enxio && content.IsZero(OffsetBytes, content.SizeBytes);
        return (isBehind || isTailHole ? ModelState.Enxio : 0, state);
    }

    public override string? Complaint(ModelState before, Outcome outcome)
    {
        FileContent content = before.Find(Inode)!.Content;
        if (outcome.Errno != 0)
        {
            return null;
        }
        if (outcome.Count < OffsetBytes || outcome.Count > content.SizeBytes)
        {
            return $"seek gave {outcome.Count} in a file of {content.SizeBytes}";
        }
        long rest = Limits.BlockBytes - (outcome.Count % Limits.BlockBytes);
        return Whence switch
        {
            3 when !content.IsZero(OffsetBytes, outcome.Count - OffsetBytes) => $"SEEK_DATA skipped data before {outcome.Count}",
            4 when outcome.Count < content.SizeBytes && !content.IsZero(outcome.Count, rest) => $"SEEK_HOLE found data at {outcome.Count}",
            _ => null,
        };
    }
}
