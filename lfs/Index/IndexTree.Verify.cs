namespace Txlfs.Lfs.Index;

// Looking at a quiet tree as a whole.
internal sealed partial class IndexTree
{
    /// <summary>Checks every structural invariant of a quiet tree (writer lock held, no checkpoint running) and reports each violation as one line.</summary>
    public async ValueTask VerifyAsync(Action<string> report) => await VerifyAsync(new FaultLines(report), FaultLines.IdLimit).ConfigureAwait(false);

    /// <summary>The same, with everything that is met on the way. Page ids from the limit on are not looked at. Returns the records found.</summary>
    public async ValueTask<ulong> VerifyAsync(IIndexObserver observer, ulong idLimit)
    {
        IndexVerifier verifier = new(_cache, _map, _loader, _ids, _volumeTag, _records, idLimit, observer);
        await verifier.RunAsync().ConfigureAwait(false);
        return verifier.Records;
    }

    /// <summary>A walk over a quiet tree.</summary>
    public IndexWalk Walk(ulong idLimit) => new(_cache, _loader, _volumeTag, Math.Min(idLimit, _ids.NextPageId));

    /// <summary>Repair: the number of records as the leaves have them; goes into the next checkpoint.</summary>
    public void CorrectRecords(ulong records) => _records = records;
}
