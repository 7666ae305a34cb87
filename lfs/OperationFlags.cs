namespace Txlfs.Lfs;

[Flags]
public enum RenameFlags : uint { None = 0, NoReplace = 1, Exchange = 2, Whiteout = 4 }

[Flags]
public enum FallocateMode : uint { None = 0, KeepSize = 1, PunchHole = 2, CollapseRange = 8, ZeroRange = 16, InsertRange = 32, UnshareRange = 64 }

[Flags]
public enum WriteOptions : uint { None = 0, KillPrivileges = 1, Append = 2, FromCache = 4 }
