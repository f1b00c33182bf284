"""What the figures were measured on and with: they mean nothing without it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

from django.db import connection

from riskops.shared.sql import fetch, is_postgresql

_POSTGRESQL_SETTINGS: Final = (
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "wal_compression",
    "synchronous_commit",
    "fsync",
    "full_page_writes",
    "autovacuum",
    "random_page_cost",
)


def machine() -> dict[str, str]:
    """Return the machine and the versions, without names of people or hosts."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load at the start": f"{os.getloadavg()[0]:.2f}",
        "Python": platform.python_version(),
        "Django": version("Django"),
        "commit": _commit(),
    }


def database() -> dict[str, str]:
    """Return the version and the settings that count of the database in use."""
    if is_postgresql():
        settings = {name: fetch(f"SHOW {name}")[0][0] for name in _POSTGRESQL_SETTINGS}
        return {"PostgreSQL": fetch("SHOW server_version")[0][0], **settings}
    names = ("journal_mode", "synchronous", "cache_size", "mmap_size")
    return {
        "SQLite": ".".join(map(str, connection.Database.sqlite_version_info)),
        **{name: str(fetch(f"PRAGMA {name}")[0][0]) for name in names},
    }


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.processor() or platform.machine()


def _commit() -> str:
    result = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=10"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return result.stdout.strip() or "unknown"
