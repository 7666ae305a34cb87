"""The programs, and the process that each writer runs in:  python3 -m powercutlib.workloads NAME DIRECTORY LEDGER SEED"""
import sys

from .fio_verify import FioVerify
from .git_commits import GitCommits
from .mail_spool import MailSpool
from .sqlite_bank import SqliteBank

ALL = {workload.name: workload for workload in (SqliteBank("wal"), SqliteBank("delete"), GitCommits(), MailSpool(), FioVerify())}

if __name__ == "__main__":
    NAME, DIRECTORY, LEDGER, SEED = sys.argv[1:]
    ALL[NAME].write(DIRECTORY, LEDGER, int(SEED))
