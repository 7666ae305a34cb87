namespace Txlfs.Journal.Runtime.Simulation;

/// <summary>The simulated run cannot go on, or broke a rule of the simulation. The message holds the seed.</summary>
public class SimulationException(string message) : Exception(message);

/// <summary>Nothing is runnable, no timer waits, and what the caller waits for has not completed.</summary>
public sealed class SimulationDeadlockException(string message) : SimulationException(message);
