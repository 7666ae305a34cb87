using Xunit;

namespace Txlfs.Tests.Mounted;

/// <summary>Ordinary programs, compared after a remount and after a SIGKILL of the daemon.</summary>
[Trait("Category", "Mounted")]
public class ProgramTests
{
    private const string Identity = "-c user.name=test -c user.email=test@example.org -c init.defaultBranch=main";

    [Theory, ClassData(typeof(Transports))]
    public void GitMakesAndClonesARepositoryThatPassesFsck(string transport)
    {
        using MountedVolume volume = new(transport);
        Programs.Shell($"""
            git {Identity} init -q origin && cd origin
            for i in $(seq 1 30); do mkdir -p d$((i % 5)); seq 1 $((i * 50)) > d$((i % 5))/f$i; git add -A; git {Identity} commit -q -m "commit $i"; done
            git gc -q && cd .. && git clone -q origin clone
            cd clone && git fsck --full --strict && test -z "$(git status --porcelain)"
            """, volume.Root);
        volume.CheckAfterRemounts();
        Programs.Shell("git fsck --full --strict && test -z \"$(git status --porcelain)\"", volume["clone"]);
    }

    [Theory, ClassData(typeof(Transports))]
    public void TarUnpacksATreeThatComparesEqual(string transport)
    {
        using MountedVolume volume = new(transport);
        Programs.Shell($"""
            tar -C /usr/share -cf {volume.Root}/all.tar doc/libc6 doc/git zoneinfo terminfo perl 2>/dev/null || tar -C /usr/share -cf {volume.Root}/all.tar zoneinfo
            mkdir tree && tar -xf all.tar -C tree && tar -df all.tar -C tree
            """, volume.Root);
        volume.CheckAfterRemounts();
        Programs.Shell("tar -df all.tar -C tree", volume.Root);
    }

    [Theory, ClassData(typeof(Transports))]
    public void RsyncKeepsHardLinksAclsAndXattrs(string transport)
    {
        if (!Programs.Has("rsync"))
        {
            return;
        }
        using MountedVolume volume = new(transport);
        Programs.Shell("""
            mkdir -p a/sub && cd a && seq 1 5000 > one && ln one sub/two && ln -s ../one sub/link && mkfifo sub/pipe && chmod 4711 one
            truncate -s 5M holes && printf data | dd of=holes bs=1 seek=3000000 conv=notrunc status=none
            setfattr -n user.note -v hello one 2>/dev/null || true
            cd .. && rsync -aHAX --sparse a/ b/ && test -z "$(rsync -aHAXnic --delete a/ b/)"
            """, volume.Root);
        Assert.Equal(2U, Posix.Stat(volume["b/one"]).Nlink);
        volume.CheckAfterRemounts();
        Programs.Shell("test -z \"$(rsync -aHAXnic --delete a/ b/)\"", volume.Root);
    }

    [Theory, ClassData(typeof(Transports))]
    public void FioVerifiesWhatItWrote(string transport)
    {
        if (!Programs.Has("fio"))
        {
            return;
        }
        using MountedVolume volume = new(transport, "2G");
        const string common = "--directory=. --verify=crc32c --do_verify=1 --verify_fatal=1 --end_fsync=1 --ioengine=psync --minimal";
        Programs.Shell($"fio --name=sequential --rw=write --bs=1M --size=96M {common}", volume.Root);
        Programs.Shell($"fio --name=random --rw=randwrite --bsrange=512-64k --bs_unaligned=1 --size=32M {common}", volume.Root);
        Programs.Shell($"fio --name=direct --rw=randwrite --bs=4k --direct=1 --size=16M --numjobs=2 {common}", volume.Root);
        Programs.Shell($"fio --name=mapped --rw=randwrite --bs=4k --size=16M {common.Replace("psync", "mmap", StringComparison.Ordinal)}", volume.Root);
        volume.CheckAfterRemounts();
        Programs.Shell($"fio --name=sequential --rw=write --bs=1M --size=96M {common} --verify_only", volume.Root);
    }

    [Theory, ClassData(typeof(Transports))]
    public void SqliteKeepsItsDatabasesWholeAndWhatItCommittedThroughAKill(string transport)
    {
        if (!Programs.Has("sqlite3"))
        {
            return;
        }
        using MountedVolume volume = new(transport);
        foreach (string mode in new[] { "wal", "delete", "truncate" })
        {
            Programs.Shell($$"""
                sqlite3 {{mode}}.db "pragma journal_mode={{mode}}; pragma synchronous=full; create table t(id integer primary key, v text);" > /dev/null
                for i in $(seq 1 40); do sqlite3 {{mode}}.db "pragma synchronous=full; begin; insert into t(v) select hex(randomblob(200)) from generate_series(1,50); commit;" 2>/dev/null \
                    || sqlite3 {{mode}}.db "pragma synchronous=full; insert into t(v) values (hex(randomblob(2000)));"; done
                # Synchronous "full" leaves the removal of the rollback journal, which is the commit, to the next sync; "extra" does not.
                sqlite3 {{mode}}.db "pragma synchronous=extra; update t set v = hex(randomblob(300)) where id % 7 = 0; delete from t where id % 11 = 0;"
                """, volume.Root);
        }
        string[] before = Contents(volume);
        volume.KillAndMount();
        Assert.Equal(before, Contents(volume));
        volume.CheckAfterRemounts();
    }

    private static string[] Contents(MountedVolume volume) => [.. new[] { "wal", "delete", "truncate" }.Select(mode =>
        Programs.Shell($"test \"$(sqlite3 {mode}.db 'pragma integrity_check')\" = ok && sqlite3 {mode}.db 'select count(*), sum(length(v)), max(id) from t; select v from t' | sha256sum", volume.Root))];
}
