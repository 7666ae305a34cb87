"""An image mounted by the real daemon over the modelled card."""
import os
import signal
import subprocess
import time

POWER_CUT = 140
DEADLINE_SECONDS = 60


class Broken(Exception):
    """The filesystem itself did what it must not."""


class Volume:
    def __init__(self, programs, home):
        self.programs = programs
        self.image = os.path.join(home, "image")
        self.mount_point = os.path.join(home, "mount")
        self.log = os.path.join(home, "fsd.log")
        self.daemon = None
        os.makedirs(self.mount_point, exist_ok=True)

    def tool(self, name, *arguments):
        """txlfs by one of its names; links to it need not be there."""
        return subprocess.run([name, *arguments], executable=os.path.join(self.programs, "txlfs"), capture_output=True, text=True)

    def create(self, size):
        done = self.tool("txlfs", "mkfs", "--quiet", "--force", "--size", size, self.image)
        if done.returncode != 0:
            raise Broken(f"mkfs: {done.stderr.strip()}")

    def mount(self, model):
        with open(self.log, "a") as log:
            self.daemon = subprocess.Popen([os.path.join(self.programs, "fsd"), self.image, self.mount_point, "--foreground", "--device-model", model],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + DEADLINE_SECONDS
        while not os.path.ismount(self.mount_point):
            if self.daemon.poll() is not None:
                raise Broken(f"the volume does not mount: exit code {self.daemon.returncode}: {self.last_words()}")
            if time.monotonic() > end:
                raise Broken(f"the volume is not mounted after {DEADLINE_SECONDS} seconds")
            time.sleep(0.01)

    def cut(self):
        """The power goes. The dead mount stays until its users are gone: they must not find the directory below it."""
        os.kill(self.daemon.pid, signal.SIGUSR2)
        code = self.wait_for_end()
        if code != POWER_CUT:
            raise Broken(f"the daemon did not die of the power cut: exit code {code}: {self.last_words()}")

    def unmount(self):
        os.kill(self.daemon.pid, signal.SIGTERM)
        code = self.wait_for_end()
        self.detach()
        if code != 0:
            raise Broken(f"unmounting: exit code {code}: {self.last_words()}")

    def check(self):
        """fsck changes nothing here. None when it is clean."""
        done = self.tool("fsck.txlfs", "-n", self.image)
        return None if done.returncode == 0 else f"fsck: exit code {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"

    def keep(self, path):
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", self.image, path], check=True)

    def abandon(self):
        """Whatever state it is in: nothing of it is left running or mounted."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        self.detach()

    def detach(self):
        command = ["umount", "-l"] if os.geteuid() == 0 else ["fusermount3", "-uzq"]
        while self.is_in_mount_table():
            if subprocess.run([*command, self.mount_point], capture_output=True).returncode != 0:
                return

    def is_in_mount_table(self):
        """Not ismount(): a dead mount answers nothing."""
        with open("/proc/self/mounts") as mounts:
            return any(line.split(" ")[1] == self.mount_point for line in mounts)

    def wait_for_end(self):
        try:
            return self.daemon.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            raise Broken(f"the daemon does not end within {DEADLINE_SECONDS} seconds")

    def last_words(self):
        with open(self.log) as log:
            return " | ".join(log.read().splitlines()[-5:])
