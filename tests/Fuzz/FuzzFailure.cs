namespace Txlfs.Tests.Fuzz;

/// <summary>A defect that a fuzzer has found, with all that is needed to see it again.</summary>
public sealed class FuzzFailure(string message, Exception? inner = null) : Exception(message, inner)
{
    public static FuzzFailure At(string kind, ulong seed, string story, Exception problem) => new(
        $"{problem.GetType().Name}: {problem.Message}\n{story}\nseed {seed}; replay with:\nscripts/fuzz --replay {kind} {seed}\n{problem}", problem);
}
