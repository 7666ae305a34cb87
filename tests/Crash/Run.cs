using Txlfs.Journal;
using Txlfs.Journal.Device.Simulated;
using Txlfs.Journal.Runtime.Simulation;
using Txlfs.Lfs;
using Txlfs.Tests.Model;

namespace Txlfs.Tests.Crash;

/// <summary>
/// Random operations on an open volume by one or several tasks, each below a directory of its own, with the model beside them: every outcome is
/// compared at once, and what was acknowledged as durable is noted.
/// </summary>
public sealed class Run(Scenario scenario, SimulatedRuntime runtime, VolumeDriver driver, SeededRandom random, IReadOnlyList<ModelState> initial)
{
    private readonly int[] _acknowledged = new int[initial.Count];
    private long _tick;

    public IReadOnlyList<History> Histories { get; } = [.. initial.Select(state => new History(state))];
    public VolumeDriver Driver { get; } = driver;

    /// <summary>The device failed on purpose: from then on operations may fail, and a task ends when one does.</summary>
    public Func<bool> MayFail { get; init; } = () => false;

    /// <summary>What holds at this moment; taken by the cut hook.</summary>
    public Bounds Bounds => new([.. _acknowledged], [.. Histories.Select(history => history.Steps.Count)]);

    public async ValueTask PlayAsync(int operationsPerTask)
    {
        List<Task> tasks = [];
        for (int i = 0; i < Histories.Count; i++)
        {
            tasks.Add(PlayTaskAsync(Histories[i], new SeededRandom(random.Next()), operationsPerTask));
        }
        await Task.WhenAll(tasks);
    }

    /// <summary>What every task is in the middle of, for a run that hangs.</summary>
    public string UnderWay => string.Join('\n', Histories.Select((history, i) => history.Steps.Count > history.Completed
        ? $"task {i} is in {Difference.Shorten(history.Steps[^1].Operation)}" : $"task {i} is between operations, after {history.Completed}"));

    public async ValueTask<int> SyncAsync()
    {
        int[] completed = [.. Histories.Select(history => history.Completed)];
        int result = await Driver.Volume.SyncAsync();
        Acknowledge(result, completed);
        return result;
    }

    public async ValueTask<int> CloseAsync()
    {
        int[] completed = [.. Histories.Select(history => history.Completed)];
        int result = await Driver.Volume.CloseAsync();
        Acknowledge(result, completed);
        return result;
    }

    private void Acknowledge(int result, int[] completed)
    {
        if (result != 0)
        {
            Require(MayFail(), $"sync failed with {result} on a sound device");
            return;
        }
        for (int i = 0; i < completed.Length; i++)
        {
            _acknowledged[i] = Math.Max(_acknowledged[i], completed[i]);
        }
    }

    private async Task PlayTaskAsync(History history, SeededRandom choices, int operations)
    {
        OperationGenerator generator = new(choices, scenario.Profile);
        for (int i = 0; i < operations; i++)
        {
            if (Histories.Count > 1)
            {
                await runtime.Yield();
            }
            if (choices.OneIn(scenario.PauseOneIn))
            {
                await runtime.Delay(choices.Between(1, 1500));
            }
            if (choices.OneIn(scenario.CheckpointOneIn))
            {
                int result = await Driver.Volume.CheckpointAsync();
                Require(result == 0 || MayFail(), $"checkpoint failed with {result}");
            }
            if (!await StepAsync(history, generator.Next(history.Current)) || (choices.OneIn(scenario.SyncOneIn) && await SyncAsync() != 0))
            {
                return;
            }
        }
    }

    /// <summary>False when the device's failure has ended this task.</summary>
    private async ValueTask<bool> StepAsync(History history, Operation operation)
    {
        Step step = history.Begin(operation, _tick++);
        Outcome outcome = await operation.RunAsync(Driver);
        (int errno, ModelState after) = operation.Apply(step.Before, outcome);
        if (outcome.Errno is Errno.EIO or Errno.EROFS && MayFail())
        {
            bool isNewInode = operation is CreateOperation or MakeDirectoryOperation or SymlinkOperation or TemporaryOperation;
            step.FailMidway(_tick++, isNewInode ? step.Before : after);
            return false;
        }
        bool isFull = outcome.Errno == Errno.ENOSPC && scenario.MayFillUp;
        bool isShort = (scenario.MayFillUp || MayFail()) && operation is WriteOperation or CopyRangeOperation && outcome.Errno == 0;
        if (isFull)
        {
            after = await LeftByFullAsync(history, step);
        }
        else if (outcome.Errno == errno)
        {
            string? complaint = operation.Complaint(step.Before, outcome);
            Require(complaint is null || isShort, $"{Difference.Shorten(operation)}: {complaint}");
            after = errno == 0 ? after : step.Before;
        }
        else
        {
            Require(operation.MayFailWith(outcome.Errno), $"{Difference.Shorten(operation)} gave errno {outcome.Errno}, the model says {errno}\n  in {Place(step.Before)}");
            after = step.Before;
        }
        step.End(_tick++, after);
        history.Complete(step);
        return true;
    }

    /// <summary>An operation that ran out of space left nothing, or some of its first pieces when it is one that is documented to have pieces.</summary>
    private async ValueTask<ModelState> LeftByFullAsync(History history, Step step)
    {
        ulong shown = await VolumeWalker.FingerprintAsync(Driver, history.Root);
        if (shown == step.Before.Fingerprint)
        {
            return step.Before;
        }
        ModelState? part = step.Intermediate.FirstOrDefault(state => state.Fingerprint == shown);
        Require(part is not null, $"{Difference.Shorten(step.Operation)} failed for want of space and left a state that is none of its pieces:\n"
            + Difference.Lines(step.Before.Dump(), await VolumeWalker.DumpAsync(Driver, history.Root)));
        return part!;
    }

    private static string Place(ModelState state) => string.Join("\n  ", state.Dump().Select(Difference.Shorten).Take(30));

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CrashFailure(problem);
        }
    }
}
