namespace Txlfs.Lfs.Verify;

/// <summary>Collects findings: all are counted, the first ones kept, and repair steps up to a bound; a later round finds the rest again.</summary>
/// <param name="maxSteps">Repair steps of one round.</param>
public sealed class FindingList(int maxSteps = FindingList.MaxSteps)
{
    /// <summary>Findings kept with their text.</summary>
    public const int MaxKept = 1000;

    public const int MaxSteps = 65_536;

    private readonly List<Finding> _kept = [];
    private readonly long[] _countByRemedy = new long[Enum.GetValues<Remedy>().Length];
    private readonly long[] _countBySeverity = new long[Enum.GetValues<FindingSeverity>().Length];

    public IReadOnlyList<Finding> Kept => _kept;
    public long Count { get; private set; }

    /// <summary>Without the notices.</summary>
    public long Errors => Count - Of(FindingSeverity.Notice);

    /// <summary>What is to be done for the findings so far, in their order.</summary>
    internal List<Finding> Steps { get; } = [];

    public long Of(Remedy remedy) => _countByRemedy[(int)remedy];

    public long Of(FindingSeverity severity) => _countBySeverity[(int)severity];

    public void Add(Finding finding)
    {
        Count++;
        _countBySeverity[(int)finding.Severity]++;
        if (finding.Severity != FindingSeverity.Notice)
        {
            _countByRemedy[(int)finding.Remedy]++;
        }
        if (_kept.Count < MaxKept)
        {
            _kept.Add(finding);
        }
        if (finding.Step is not null && Steps.Count < maxSteps)
        {
            Steps.Add(finding);
        }
    }

    internal void Replace(int index, Finding finding) => _kept[index] = finding;
}
