"""fio: files of random writes with a checksum in every block, each job ended by an fsync.

After a cut every file whose job was acknowledged, and which no later job has begun to overwrite, verifies.
"""
import os
import random
import subprocess

from .ledger import Ledger

SLOTS = 6
SIZE = "6m"


class FioVerify:
    name = "fio-verify"

    def write(self, directory, ledger_path, seed):
        ledger, chooser = Ledger(ledger_path, directory), random.Random(seed)
        while True:
            job = self.job(directory, chooser.randrange(SLOTS), chooser.randrange(1 << 30), chooser.choice(["4k", "16k", "4k-64k"]), chooser.randrange(2))
            ledger.append("begin", *job[1:])
            done = self.fio(*job, "--do_verify=0", "--end_fsync=1", f"--fdatasync={chooser.choice([0, 8, 64])}")
            if done.returncode != 0:
                raise RuntimeError(done.stdout + done.stderr)
            ledger.append("ack", *job[1:])

    @staticmethod
    def job(directory, slot, seed, block, direct):
        return directory, slot, seed, block, direct

    @staticmethod
    def fio(directory, slot, seed, block, direct, *more):
        # Without a state file beside the caller, and the same random sequence for writing and for verifying.
        return subprocess.run(["fio", "--name=cut", f"--filename={directory}/slot{slot}", f"--size={SIZE}", "--rw=randwrite", f"--bsrange={block}" if "-" in block else f"--bs={block}",
                               f"--direct={direct}", "--ioengine=psync", f"--randseed={seed}", "--allrandrepeat=1", "--verify=crc32c", "--verify_fatal=1",
                               "--verify_state_save=0", "--verify_state_load=0", "--output-format=terse", *more], cwd=directory, capture_output=True, text=True)

    def check(self, directory, ledger_path):
        ledger = Ledger(ledger_path)
        latest = {}
        for kind, *job in ledger.lines():
            latest[job[0]] = (kind, job)
        problems = []
        for kind, job in latest.values():
            if kind != "ack":
                continue
            done = self.fio(directory, *job, "--verify_only")
            if done.returncode != 0:
                problems.append(f"slot {job[0]} (seed {job[1]}, blocks of {job[2]}, direct={job[3]}) does not verify: {done.stderr.strip()[:500]}")
        ledger.replace([(kind, *job) for kind, job in latest.values()])
        return problems
