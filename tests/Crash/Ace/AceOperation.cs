namespace Txlfs.Tests.Crash.Ace;

public enum AceKind
{
    Create, MakeDirectory, Write, DirectWrite, MappedWrite, Fallocate, Link, Symlink, Unlink, RemoveDirectory, Rename, Truncate, SetXattr, RemoveXattr,
}

/// <summary>How what was done so far is made durable. fsync, fdatasync and sync of a file or a directory all reach the volume as one and the same Sync, whatever they name.</summary>
public enum AcePersistence { None, Sync, Checkpoint, SyncedCheckpoint }

/// <summary>One operation of a bounded workload, by paths, so that it means the same on every volume. What it needs is put in front by <see cref="AceDependencies"/>.</summary>
public sealed record AceOperation(AceKind Kind, string Path, string Second = "", string Variant = "")
{
    public override string ToString() => string.Join(' ', new[] { Kind.ToString(), Path, Second, Variant }.Where(part => part.Length > 0));
}
