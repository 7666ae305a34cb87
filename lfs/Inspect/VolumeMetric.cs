namespace Txlfs.Lfs.Inspect;

/// <summary>One live figure of an open volume. Names are stable: people's scripts read them.</summary>
public readonly record struct VolumeMetric(string Group, string Name, long Value);
