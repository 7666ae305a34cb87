using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Tests.Fuzz.Images;
using Txlfs.Tests.Fuzz.Requests;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Fuzz;

/// <summary>Every kind of fuzzer by name, so that one command replays any case of it.</summary>
public static class FuzzCases
{
    public const string Image = "image", Requests = "requests";

    /// <summary>What one case may allocate: the caches of a few small volumes, and no more.</summary>
    private const long MaxAllocatedBytes = 512L << 20;
    private const long MaxSteps = 3_000_000;

    public static IReadOnlyList<string> Kinds => [Image, Requests];

    /// <summary>Runs one case; throws <see cref="FuzzFailure"/>. What it gives back is for statistics: mounted, or not; requests answered.</summary>
    public static long Execute(string kind, ulong seed)
    {
        string story = "";
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            long result = kind switch
            {
                Image => ExecuteImage(seed, out story),
                Requests => new RequestExercise(new SimulatedRuntime(seed) { MaxStepsPerRun = MaxSteps }, new SeededRandom(seed)).Run(),
                _ => throw new ArgumentException($"no fuzzer is called {kind}"),
            };
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            return allocated <= MaxAllocatedBytes ? result : throw new FuzzFailure($"the case allocated {allocated >> 20} MiB");
        }
        catch (Exception problem)
        {
            throw FuzzFailure.At(kind, seed, story, problem);
        }
    }

    private static long ExecuteImage(ulong seed, out string story)
    {
        ImageMutant mutant = ImageMutant.Draw(seed);
        story = mutant.Story;
        var runtime = new SimulatedRuntime(seed) { MaxStepsPerRun = MaxSteps };
        return new VolumeExercise(runtime, mutant.Image, new SeededRandom(~seed)).Run() ? 1 : 0;
    }
}
