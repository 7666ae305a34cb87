"""The filesystems that are compared: each on an image file of its own, made, mounted, measured and taken away again."""
import contextlib
import mmap
import os
import shutil
import signal
import subprocess
import time

URING_PARAMETER = "/sys/module/fuse/parameters/enable_uring"
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def run(*command, **options):
    """Runs a command; its output is part of the error when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode} of: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as switch:
        switch.write("3")


def read_text(path):
    with open(path) as file:
        return file.read()


def fill(path, length):
    """Writes every block of an image once, as every block of a card is there: else the allocation of the filesystem below is measured, and most of it falls on
    whoever writes to new places, which is what a log does. Nobody may punch holes into it afterwards: no discards."""
    chunk = mmap.mmap(-1, 4 << 20)
    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_DIRECT, 0o600)
    try:
        if os.fstat(file).st_blocks * 512 >= length:
            return
        os.ftruncate(file, length)
        for offset in range(0, length, len(chunk)):
            os.pwrite(file, chunk, offset)
        os.fsync(file)
    finally:
        os.close(file)


def settle():
    """Lets the machine below come to rest."""
    os.sync()
    time.sleep(15)


class Filesystem:
    """One filesystem on one image."""

    def __init__(self, name, home, image_bytes):
        self.name = name
        self.home = os.path.join(home, name)
        self.image = os.path.join(self.home, "image")
        self.mount_point = os.path.join(self.home, "mount")
        self.image_bytes = image_bytes

    def prepare(self):
        """Before the first round, for all: what the filling leaves in the caches of the machine below must not fall on whoever is measured first."""
        self.unmount()
        os.makedirs(self.mount_point, exist_ok=True)
        fill(self.image, self.image_bytes)

    def create(self):
        self.unmount()
        self.format()
        self.mount()

    def destroy(self):
        self.unmount()
        shutil.rmtree(self.home, ignore_errors=True)

    def remount_cold(self):
        """Nothing of the filesystem is in any cache afterwards."""
        self.unmount()
        drop_caches()
        self.mount()

    def is_mounted(self):
        return os.path.ismount(self.mount_point)

    def supports(self, profile):
        return True

    def daemon_cpu_seconds(self):
        return None

    def peak_memory_bytes(self):
        return None


class KernelFilesystem(Filesystem):
    MKFS = {"ext4": ["mkfs.ext4", "-q", "-F", "-E", "nodiscard"], "btrfs": ["mkfs.btrfs", "-q", "-f", "-K"], "xfs": ["mkfs.xfs", "-q", "-f", "-K"]}
    OPTIONS = {"btrfs": "nodiscard"}

    loop = None

    def format(self):
        run(*self.MKFS[self.name], self.image)

    def mount(self):
        self.loop = run("losetup", "--find", "--show", "--direct-io=on", self.image).strip()
        run("mount", "-t", self.name, "-o", self.OPTIONS.get(self.name, "defaults"), self.loop, self.mount_point)

    def unmount(self):
        if self.is_mounted():
            run("umount", self.mount_point)
        if os.path.exists(self.image):
            for line in run("losetup", "--associated", self.image).splitlines():
                run("losetup", "--detach", line.split(":")[0])
        self.loop = None

    def written_bytes(self):
        os.sync()
        return int(read_text(f"/sys/block/{os.path.basename(self.loop)}/stat").split()[6]) * 512

    def crash_and_mount_seconds(self):
        """The image as it is while mounted and dirty, copied: the same as a power cut as far as the filesystem can tell."""
        copy = self.image + ".copy"
        run("cp", "--sparse=always", self.image, copy)
        self.unmount()
        os.replace(copy, self.image)
        drop_caches()
        started = time.monotonic()
        self.mount()
        os.listdir(self.mount_point)
        return time.monotonic() - started


class Txlfs(Filesystem):
    def __init__(self, name, home, image_bytes, programs):
        super().__init__(name, home, image_bytes)
        self.tool = os.path.join(programs, "txlfs")
        self.transport = name.split("-")[1]
        self.pid = None

    def format(self):
        run(self.tool, "mkfs", "--force", self.image)

    def mount(self):
        run(self.tool, "mount", self.image, self.mount_point, "-o", f"transport={self.transport},nodiscard")
        self.pid = self.find_daemon()

    def unmount(self):
        pid = self.pid or self.find_daemon()
        if self.is_mounted():
            run(self.tool, "umount", self.mount_point)
        self.wait_for_end(pid)
        self.pid = None

    def find_daemon(self):
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                words = read_text(f"/proc/{entry}/cmdline").split("\0")
                if os.path.basename(words[0]) == "fsd" and self.image in words:
                    return int(entry)
        return None

    @staticmethod
    def wait_for_end(pid):
        deadline = time.monotonic() + 60
        while pid and os.path.exists(f"/proc/{pid}/cmdline"):
            with contextlib.suppress(OSError):
                if read_text(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] == "Z":
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"the daemon {pid} does not end")
            time.sleep(0.01)

    def written_bytes(self):
        run("sync", "-f", self.mount_point)
        fields = dict(line.split(": ") for line in read_text(f"/proc/{self.pid}/io").splitlines())
        return int(fields["write_bytes"])

    def daemon_cpu_seconds(self):
        fields = read_text(f"/proc/{self.pid}/stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def peak_memory_bytes(self):
        for line in read_text(f"/proc/{self.pid}/status").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return None

    def crash_and_mount_seconds(self):
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        self.wait_for_end(pid)
        run("umount", "-l", self.mount_point)
        self.pid = None
        drop_caches()
        started = time.monotonic()
        self.mount()
        os.listdir(self.mount_point)
        return time.monotonic() - started


class MemoryPeer(Filesystem):
    """A filesystem in memory: what the transport alone can do. memory-uring and memory-dev are our transports with the options of a real mount, so the kernel sends
    the same requests; memory-c is one in C on libfuse. They have no device, so only what needs none is measured on them."""

    PROFILES = ("create-", "stat-", "readdir-", "unlink-")
    server = None

    def __init__(self, name, home, programs):
        super().__init__(name, home, 0)
        kind = name.split("-")[1]
        self.command = [os.path.join(programs, "memfs"), self.mount_point, "2"] if kind == "c" else \
            [os.path.join(programs, "Txlfs.TransportBench"), self.mount_point, kind, "--writeback", "--permissions"]

    @staticmethod
    def build(root, programs):
        flags = run("pkg-config", "fuse3", "--cflags", "--libs").split()
        run("cc", "-O2", "-o", os.path.join(programs, "memfs"), os.path.join(root, "tests", "peer", "memfs.c"), *flags, "-lpthread")
        run("dotnet", "build", "-c", "Release", "-v", "q", "--nologo", "-o", programs, os.path.join(root, "tests", "TransportBench", "TransportBench.csproj"))

    def prepare(self):
        os.makedirs(self.mount_point, exist_ok=True)

    def create(self):
        self.unmount()
        with open(os.path.join(self.home, "log"), "wb") as log:
            self.server = subprocess.Popen(self.command, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 10
        while "mounted" not in read_text(os.path.join(self.home, "log")):
            if time.monotonic() > deadline or self.server.poll() is not None:
                raise RuntimeError(f"{self.name} does not mount: {read_text(os.path.join(self.home, 'log'))}")
            time.sleep(0.02)

    def unmount(self):
        if self.is_mounted():
            run("umount", self.mount_point)
        if self.server:
            self.server.wait(60)
        self.server = None

    def remount_cold(self):
        """It would forget everything; the kernel's caches go all the same."""
        drop_caches()

    def supports(self, profile):
        return profile.startswith(self.PROFILES)

    def written_bytes(self):
        return 0

    def daemon_cpu_seconds(self):
        fields = read_text(f"/proc/{self.server.pid}/stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


@contextlib.contextmanager
def uring_enabled():
    """FUSE over io_uring is switched on for the run and put back after it; yields whether the kernel has it."""
    if not os.path.exists(URING_PARAMETER):
        yield False
        return
    before = read_text(URING_PARAMETER).strip()
    try:
        with open(URING_PARAMETER, "w") as parameter:
            parameter.write("Y")
        yield True
    finally:
        with open(URING_PARAMETER, "w") as parameter:
            parameter.write(before)
