using Txlfs.Tests.Tidy;
using Xunit;

namespace Txlfs.Tests.Mounted.PowerCuts;

/// <summary>A short run of scripts/power-cut: real programs, the real daemon, a modelled card whose power goes.</summary>
[Trait("Category", "Mounted")]
public class PowerCutScriptTests
{
    [Fact]
    public void RealProgramsSurviveAFewCuts()
    {
        (int exitCode, string output) = Run("--cuts 3 --size 384M");
        Assert.True(exitCode == 0, output);
        Assert.Contains("3 cuts, survived", output, StringComparison.Ordinal);
    }

    /// <summary>The harness can fail: a card whose flushes lie loses what was acknowledged. At most a few cuts until one hits.</summary>
    [Fact]
    public void ACardThatLiesIsFoundOut()
    {
        (int exitCode, string output) = Run("--cuts 8 --seed 4 --only mail-spool --size 128M --model lie=flush");
        Assert.True(exitCode == 1, output);
        Assert.Contains("FAILED", output, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output) Run(string arguments)
    {
        string kept = Directory.CreateTempSubdirectory("txlfs-test-").FullName;
        try
        {
            string script = Path.Combine(TidyTests.FindRoot(), "scripts", "power-cut");
            return Programs.Run(script, [.. arguments.Split(' '), "--programs", AppContext.BaseDirectory, "--keep", kept]);
        }
        finally
        {
            Directory.Delete(kept, true);
        }
    }
}
