using Txlfs.Cli;
using Txlfs.Fsd.Host;
using Txlfs.Journal;
using Txlfs.Lfs;
using Xunit;

namespace Txlfs.Tests.Unit.Cli;

public class ExitCodeTests
{
    [Fact]
    public void EveryFailureHasOneLineAndACode()
    {
        Assert.Equal((ExitCodes.Refused, "no"), Errors.Describe(new CommandException(ExitCodes.Refused, "no")));
        Assert.Equal(ExitCodes.BadVolume, Errors.Describe(new VolumeException(Errno.EINVAL, "not a txlfs volume")).ExitCode);
        Assert.Equal(ExitCodes.Internal, Errors.Describe(new InvalidOperationException("defect")).ExitCode);
        Assert.Equal(ExitCodes.Permission, Errors.Describe(new UnauthorizedAccessException()).ExitCode);
    }

    [Theory]
    [InlineData(ExitCodes.Success, 0)]
    [InlineData(ExitCodes.Usage, 1)]
    [InlineData(ExitCodes.System, 2)]
    [InlineData(ExitCodes.Internal, 4)]
    [InlineData(ExitCodes.Interrupted, 8)]
    [InlineData(ExitCodes.BadVolume, 32)]
    [InlineData(ExitCodes.Busy, 32)]
    public void MountSpeaksItsOwnCodes(int exitCode, int expected) => Assert.Equal(expected, ExitCodes.Mount.From(exitCode));
}
