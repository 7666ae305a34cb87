using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Txlfs.Lfs.Namespace;

/// <summary>
/// How often each inode is open, and which inodes a commit is about to free. Bounded by the files that are open and the commits in flight.
/// The stripe locks are leaves of the lock order: taken under the writer lock by commit bodies, and nothing is taken under them.
/// An inode is either open or claimed, never both; who claims it may free it (invariant N7).
/// </summary>
internal sealed class OpenInodes
{
    private const int Stripes = 64;

    private struct Entry
    {
        public int Opens;

        /// <summary>It has had no name at some time: the last release has it looked at.</summary>
        public bool IsOrphan;
        public InodeTicket? Claimant;
    }

    private sealed class Stripe
    {
        public readonly Lock Lock = new();
        public readonly Dictionary<ulong, Entry> Entries = [];
    }

    private readonly Stripe[] _stripes = new Stripe[Stripes];

    public OpenInodes()
    {
        for (int i = 0; i < Stripes; i++)
        {
            _stripes[i] = new Stripe();
        }
    }

    /// <summary>Open inodes, for tests and metrics.</summary>
    public int Count => _stripes.Sum(s => s.Entries.Count);

    /// <summary>Counts an open; false when the inode is being freed.</summary>
    public bool TryAcquire(ulong inode, out bool wasOpen, bool asOrphan = false)
    {
        Stripe stripe = StripeOf(inode);
        lock (stripe.Lock)
        {
            ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(stripe.Entries, inode, out _);
            wasOpen = entry.Opens > 0;
            if (entry.Claimant is not null)
            {
                return false;
            }
            entry.Opens++;
            entry.IsOrphan |= asOrphan;
            return true;
        }
    }

    /// <summary>True when this was the last open of an orphan, which is then to be freed. An inode that is not open is left alone.</summary>
    public bool Release(ulong inode)
    {
        Stripe stripe = StripeOf(inode);
        lock (stripe.Lock)
        {
            ref Entry entry = ref CollectionsMarshal.GetValueRefOrNullRef(stripe.Entries, inode);
            if (Unsafe.IsNullRef(ref entry) || entry.Opens == 0 || --entry.Opens > 0)
            {
                return false;
            }
            bool isOrphan = entry.IsOrphan;
            stripe.Entries.Remove(inode);
            return isOrphan;
        }
    }

    public bool IsOpen(ulong inode)
    {
        Stripe stripe = StripeOf(inode);
        lock (stripe.Lock)
        {
            return stripe.Entries.TryGetValue(inode, out Entry entry) && entry.Opens > 0;
        }
    }

    /// <summary>
    /// The inode has lost its last name: true when it is open, so that its last release will report it; false when it is to be freed now.
    /// The mark stays when it is linked again: freeing looks at the inode itself before it does anything.
    /// </summary>
    public bool MarkOrphan(ulong inode)
    {
        Stripe stripe = StripeOf(inode);
        lock (stripe.Lock)
        {
            ref Entry entry = ref CollectionsMarshal.GetValueRefOrNullRef(stripe.Entries, inode);
            if (Unsafe.IsNullRef(ref entry) || entry.Opens == 0)
            {
                return false;
            }
            entry.IsOrphan = true;
            return true;
        }
    }

    internal ClaimOutcome TryClaim(ulong inode, InodeTicket claimant)
    {
        Stripe stripe = StripeOf(inode);
        lock (stripe.Lock)
        {
            ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(stripe.Entries, inode, out _);
            if (entry.Opens > 0)
            {
                return ClaimOutcome.Open;
            }
            if (entry.Claimant is not null && entry.Claimant != claimant)
            {
                return ClaimOutcome.ClaimedElsewhere;
            }
            entry.Claimant = claimant;
            return ClaimOutcome.Claimed;
        }
    }

    internal void DropClaim(ulong inode)
    {
        Stripe stripe = StripeOf(inode);
        lock (stripe.Lock)
        {
            stripe.Entries.Remove(inode);
        }
    }

    private Stripe StripeOf(ulong inode) => _stripes[(int)(inode % Stripes)];
}

internal enum ClaimOutcome { Claimed, Open, ClaimedElsewhere }
