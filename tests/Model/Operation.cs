using Txlfs.Lfs;

namespace Txlfs.Tests.Model;

/// <summary>One step of a random run: what it does to a volume, and what it must do to the model.</summary>
public abstract record Operation
{
    public static readonly Caller Root = new(0, 0, 1);

    public abstract ValueTask<Outcome> RunAsync(VolumeDriver driver);

    /// <summary>The errno that is right for <paramref name="state"/> and the state after it, given what the volume alone can know (inode numbers, counts).</summary>
    public abstract (int Errno, ModelState State) Apply(ModelState state, Outcome outcome);

    /// <summary>
    /// States that a crash inside the operation may show besides those before and after it. Only operations that are documented to be
    /// several commits have any: they are cut at block boundaries of the file.
    /// </summary>
    public virtual IEnumerable<ModelState> Intermediate(ModelState before) => [];

    /// <summary>A complaint about an outcome that no errno says, or null.</summary>
    public virtual string? Complaint(ModelState before, Outcome outcome) => null;

    /// <summary>Errnos that a volume may give instead of the right one, leaving no trace.</summary>
    public virtual bool MayFailWith(int errno) => false;
}

public sealed record CreateOperation(ulong Parent, string Name, uint Mode, uint Rdev, Caller Caller, bool Open) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.CreateAsync(Parent, Name, Mode, Rdev, Caller, Open);

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome)
    {
        ModelInode made = new(outcome.Inode, Mode) { Uid = Caller.Uid, Gid = Caller.Gid, Rdev = Rdev };
        (int errno, ModelState after) = state.Make(Parent, Name, made);
        return (errno, errno == 0 && Open ? after.Open(outcome.Inode) : after);
    }
}

public sealed record MakeDirectoryOperation(ulong Parent, string Name, uint Permissions, Caller Caller) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.MakeDirectoryAsync(Parent, Name, Permissions, Caller);

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome)
        => state.Make(Parent, Name, new ModelInode(outcome.Inode, ModelInode.DirectoryType | Permissions) { Uid = Caller.Uid, Gid = Caller.Gid });
}

public sealed record SymlinkOperation(ulong Parent, string Name, string Target, Caller Caller) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.SymlinkAsync(Parent, Name, Target, Caller);

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome)
        => state.Make(Parent, Name, new ModelInode(outcome.Inode, ModelInode.SymlinkType | 0x1FF) { Uid = Caller.Uid, Gid = Caller.Gid, Target = Target });
}

public sealed record TemporaryOperation(ulong Parent, uint Mode) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.CreateTemporaryAsync(Parent, Mode, Root);

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome)
    {
        (int errno, ModelState after) = state.MakeTemporary(Parent, new ModelInode(outcome.Inode, Mode));
        return (errno, errno == 0 ? after.Open(outcome.Inode) : after);
    }
}

public sealed record LinkOperation(ulong Inode, ulong Parent, string Name) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.LinkAsync(Inode, Parent, Name, Root);
    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome) => state.Link(Inode, Parent, Name);
}

public sealed record UnlinkOperation(ulong Parent, string Name) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.UnlinkAsync(Parent, Name, Root);
    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome) => state.Unlink(Parent, Name);
}

public sealed record RemoveDirectoryOperation(ulong Parent, string Name) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.RemoveDirectoryAsync(Parent, Name, Root);
    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome) => state.RemoveDirectory(Parent, Name);
}

public sealed record RenameOperation(ulong OldParent, string OldName, ulong NewParent, string NewName, RenameFlags Flags) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.RenameAsync(OldParent, OldName, NewParent, NewName, Flags, Root);

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome)
        => state.Rename(OldParent, OldName, NewParent, NewName, Flags.HasFlag(RenameFlags.NoReplace), Flags.HasFlag(RenameFlags.Exchange));
}

public sealed record OpenOperation(ulong Inode) : Operation
{
    public override async ValueTask<Outcome> RunAsync(VolumeDriver driver) => Outcome.Of(await driver.Volume.OpenAsync(Inode));
    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome) => (0, state.Open(Inode));
}

public sealed record ReleaseOperation(ulong Inode) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver)
    {
        driver.Volume.Release(Inode);
        return new ValueTask<Outcome>(new Outcome(0));
    }

    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome) => (0, state.Release(Inode));
}

public sealed record SetXattrOperation(ulong Inode, string Name, byte[] Value, int Flags) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.SetXattrAsync(Inode, Name, Value, Flags, Root);
    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome) => state.SetXattr(Inode, Name, Value, Flags);
}

public sealed record RemoveXattrOperation(ulong Inode, string Name) : Operation
{
    public override ValueTask<Outcome> RunAsync(VolumeDriver driver) => driver.RemoveXattrAsync(Inode, Name, Root);
    public override (int Errno, ModelState State) Apply(ModelState state, Outcome outcome) => state.RemoveXattr(Inode, Name);
}
