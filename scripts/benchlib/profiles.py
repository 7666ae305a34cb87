"""What is measured. Every profile gives a value (more is better, unless its unit is a time) and what it cost."""
import json
import os
import subprocess
import time

from .filesystems import drop_caches, run


class Sizes:
    """How large a run is."""

    def __init__(self, quick):
        self.rounds = 1 if quick else 3
        self.image_bytes = (3 if quick else 8) << 30
        self.file_mib = 192 if quick else 1024
        self.sync_file_mib = 16 if quick else 64
        self.runtime_seconds = 2 if quick else 8
        self.files = 4000 if quick else 50000
        self.sync_files = 300 if quick else 4000
        self.tree_files = 3000 if quick else 40000


def busy_seconds():
    """CPU time that the whole machine has spent working: user, nice, system, irq, softirq."""
    with open("/proc/stat") as stat:
        fields = [int(field) for field in stat.readline().split()[1:]]
    return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / os.sysconf("SC_CLK_TCK")


class Cost:
    """Device bytes and CPU time between two moments; the device bytes include what a sync at the end writes."""

    def __init__(self, filesystem):
        self.filesystem = filesystem
        self.written = filesystem.written_bytes()
        self.daemon = filesystem.daemon_cpu_seconds()
        self.machine = busy_seconds()

    def result(self, value, unit, operations, stored_bytes=0, **more):
        machine = busy_seconds() - self.machine
        daemon = self.filesystem.daemon_cpu_seconds()
        result = {"value": value, "unit": unit, "operations": operations, "machineCpuMicroseconds": machine * 1e6 / max(operations, 1)}
        if daemon is not None:
            result["daemonCpuMicroseconds"] = (daemon - self.daemon) * 1e6 / max(operations, 1)
        written = self.filesystem.written_bytes() - self.written
        result["deviceBytesWritten"] = written
        if stored_bytes:
            result["deviceBytesPerByte"] = written / stored_bytes
        result.update(more)
        return result


def fio(filesystem, root, job, **variables):
    environment = dict(os.environ, **{name: str(value) for name, value in variables.items()})
    output = run("fio", "--output-format=json", f"--directory={filesystem.mount_point}", os.path.join(root, "fio-profiles", job + ".fio"),
                 env=environment, cwd=filesystem.home)
    return json.loads(output[output.index("{"):])["jobs"][0]


def prepare(filesystem, root, mib, jobs):
    fio(filesystem, root, "prepare", SIZE=f"{mib}M", JOBS=jobs)


def clear(filesystem):
    for name in os.listdir(filesystem.mount_point):
        if name != "lost+found":
            run("rm", "-rf", os.path.join(filesystem.mount_point, name))


def fio_result(cost, job, direction, unit):
    part = job[direction]
    value = part["bw_bytes"] / 1e6 if unit == "MB/s" else part["iops"]
    # With an fsync after each write the fsync is what takes the time, and fio keeps it apart.
    synced = job.get("sync", {}).get("total_ios", 0) > 1
    latency = (job["sync"]["lat_ns"] if synced else part["clat_ns"]).get("percentile", {})
    return cost.result(value, unit, part["total_ios"], part["io_bytes"] if direction == "write" else 0,
                       p50Microseconds=latency.get("50.000000", 0) / 1e3, p99Microseconds=latency.get("99.000000", 0) / 1e3)


def sequential_write(compress):
    def measure(filesystem, bench):
        cost = Cost(filesystem)
        job = fio(filesystem, bench.root, "seq-write", SIZE=f"{bench.sizes.file_mib}M", COMPRESS=compress)
        result = fio_result(cost, job, "write", "MB/s")
        clear(filesystem)
        return result
    return measure


def sequential_read(compress):
    def measure(filesystem, bench):
        fio(filesystem, bench.root, "seq-write", SIZE=f"{bench.sizes.file_mib}M", COMPRESS=compress)
        filesystem.remount_cold()
        cost = Cost(filesystem)
        result = fio_result(cost, fio(filesystem, bench.root, "seq-read", SIZE=f"{bench.sizes.file_mib}M"), "read", "MB/s")
        clear(filesystem)
        return result
    return measure


def random_io(job_file, direction, direct, jobs):
    def measure(filesystem, bench):
        prepare(filesystem, bench.root, bench.sizes.file_mib, 1)
        filesystem.remount_cold()
        cost = Cost(filesystem)
        job = fio(filesystem, bench.root, job_file, SIZE=f"{bench.sizes.file_mib}M", DIRECT=int(direct), JOBS=jobs, RUNTIME=bench.sizes.runtime_seconds)
        result = fio_result(cost, job, direction, "op/s")
        clear(filesystem)
        return result
    return measure


def overwrite_fsync(jobs):
    def measure(filesystem, bench):
        prepare(filesystem, bench.root, bench.sizes.sync_file_mib, jobs)
        filesystem.remount_cold()
        cost = Cost(filesystem)
        job = fio(filesystem, bench.root, "overwrite-fsync", SIZE=f"{bench.sizes.sync_file_mib}M", JOBS=jobs, RUNTIME=bench.sizes.runtime_seconds)
        result = fio_result(cost, job, "write", "op/s")
        clear(filesystem)
        return result
    return measure


def metadata(operation, threads):
    """create, stat, readdir, unlink of many empty files; createsync writes 4 KiB into each and fsyncs it. What an operation needs is made first, and stat and
    readdir begin cold."""
    def measure(filesystem, bench):
        files = bench.sizes.sync_files if operation == "createsync" else bench.sizes.files
        directory = os.path.join(filesystem.mount_point, "meta")
        os.makedirs(directory)
        if operation in ("stat", "readdir", "unlink"):
            run(bench.metabench, directory, "create", files, threads)
            filesystem.remount_cold()
        cost = Cost(filesystem)
        measured = json.loads(run(bench.metabench, directory, operation, files, threads))
        result = cost.result(measured["opsPerSecond"], "op/s", measured["operations"], files * 4096 if operation == "createsync" else 0)
        clear(filesystem)
        return result
    return measure


def make_tree(filesystem, files):
    """Directories of a hundred files of 1 to 8 KiB, all different."""
    for number in range(files):
        directory = os.path.join(filesystem.mount_point, "tree", f"d{number // 100}")
        if number % 100 == 0:
            os.makedirs(directory)
        with open(os.path.join(directory, f"file-{number}"), "wb") as file:
            file.write(os.urandom(1024 * (1 + number % 8)))


def tree_walk(filesystem, bench):
    """Every name, every attribute and every byte of a tree, from cold caches."""
    make_tree(filesystem, bench.sizes.tree_files)
    filesystem.remount_cold()
    cost = Cost(filesystem)
    started = time.monotonic()
    subprocess.run(f"find {filesystem.mount_point}/tree -type f -printf '%s %p\\n' > /dev/null; tar -C {filesystem.mount_point} -cf - tree | cat > /dev/null",
                   shell=True, check=True)
    seconds = time.monotonic() - started
    result = cost.result(seconds, "s", bench.sizes.tree_files)
    clear(filesystem)
    return result


def crash_remount(filesystem, bench):
    """The time from the mount command to the first listing, after a crash with a large dirty log."""
    make_tree(filesystem, bench.sizes.tree_files // 2)
    prepare(filesystem, bench.root, bench.sizes.file_mib // 4, 1)
    fio(filesystem, bench.root, "overwrite-fsync", SIZE=f"{bench.sizes.file_mib // 4}M", JOBS=1, RUNTIME=bench.sizes.runtime_seconds)
    make_more = os.path.join(filesystem.mount_point, "unsynced")
    for number in range(500):
        with open(f"{make_more}-{number}", "wb") as file:
            file.write(b"x" * 3000)
    seconds = filesystem.crash_and_mount_seconds()
    result = {"value": seconds, "unit": "s", "operations": 1}
    clear(filesystem)
    drop_caches()
    return result


def all_profiles():
    profiles = {
        "seq-write-incompressible": sequential_write(0),
        "seq-write-compressible": sequential_write(60),
        "seq-read-incompressible": sequential_read(0),
        "seq-read-compressible": sequential_read(60),
    }
    for direct, kind in ((False, "buffered"), (True, "direct")):
        for jobs in (1, 4):
            profiles[f"rand-read-{kind}-{jobs}"] = random_io("rand-read", "read", direct, jobs)
            profiles[f"rand-write-{kind}-{jobs}"] = random_io("rand-write", "write", direct, jobs)
    for jobs in (1, 8):
        profiles[f"overwrite-fsync-{jobs}"] = overwrite_fsync(jobs)
    for threads in (1, 4):
        profiles[f"createsync-{threads}"] = metadata("createsync", threads)
        for operation in ("create", "stat", "readdir", "unlink"):
            profiles[f"{operation}-{threads}"] = metadata(operation, threads)
    profiles["tree-walk-cold"] = tree_walk
    profiles["crash-remount"] = crash_remount
    return profiles
