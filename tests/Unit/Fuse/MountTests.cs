using Txlfs.Fsd.Fuse;
using Txlfs.Fsd.Fuse.Mount;
using Txlfs.Fsd.Fuse.Uring;
using Xunit;

namespace Txlfs.Tests.Unit.Fuse;

public sealed class MountTests
{
    [Fact]
    public void Without_options_set_user_id_and_devices_are_off() =>
        Assert.Equal(MountOptionTable.NoSuid | MountOptionTable.NoDev, MountOptionTable.ToFlags([]));

    [Fact]
    public void The_last_of_two_contradicting_options_counts()
    {
        Assert.Equal(0u, MountOptionTable.ToFlags(["ro", "suid", "dev", "rw"]));
        Assert.Equal(MountOptionTable.ReadOnly, MountOptionTable.ToFlags(["suid", "dev", "rw", "ro"]));
    }

    [Fact]
    public void An_option_that_is_no_generic_one_is_named()
    {
        var failure = Assert.Throws<FuseException>(() => MountOptionTable.ToFlags(["noatime", "strict"]));
        Assert.Contains("strict", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Commas_in_the_device_name_do_not_become_options()
    {
        var options = new FuseServerOptions { MountPoint = "/mnt", Source = @"a,b\c", AllowOther = false, MountOptions = ["defaults", "ro"] };
        Assert.Equal(@"fsname=a\,b\\c,subtype=txlfs,default_permissions,ro", FuseMount.FusermountOptions(options));
    }

    [Theory]
    [InlineData("0", new[] { 0 })]
    [InlineData("0-3", new[] { 0, 1, 2, 3 })]
    [InlineData("0,2-3,8", new[] { 0, 2, 3, 8 })]
    [InlineData("", null)]
    [InlineData("3-1", null)]
    [InlineData("0-", null)]
    [InlineData("a", null)]
    public void Core_lists_are_read_as_the_kernel_writes_them(string text, int[]? cpus) => Assert.Equal(cpus, CpuTopology.Parse(text));

    [Fact]
    public void Every_possible_core_has_a_queue_and_every_online_core_a_worker()
    {
        IReadOnlyList<UringWorkerPlan> plans = UringTransport.Plan([0, 1, 2, 3, 4], [0, 3], depth: 4, payloadBytes: 8192);
        Assert.Equal([0, 3], plans.Select(plan => plan.Cpu));
        Assert.Equal([0, 1, 2, 3, 4], plans.SelectMany(plan => plan.Queues).Select(queue => (int)queue.QueueId).Order());
        Assert.Equal(4, plans[0].Queues.Single(queue => queue.QueueId == 0).Depth);
        Assert.Equal(4, plans[1].Queues.Single(queue => queue.QueueId == 3).Depth);
        Assert.Equal(4 + 4 + 3, plans.Sum(plan => plan.Queues.Sum(queue => queue.Depth)));
    }
}
