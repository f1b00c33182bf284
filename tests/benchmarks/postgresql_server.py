"""A PostgreSQL of the benchmark's own: nobody else writes its WAL, and its settings are those printed.

BENCH_DATABASE_URL names another server instead (a database that may be dropped and made anew); then its settings count.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

#: What differs from the defaults: the deployment notes' settings, scaled to a small machine.
SETTINGS: Final = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "wal_compression": "lz4",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "maintenance_work_mem": "256MB",
}


class NoServer(Exception):
    """There is no PostgreSQL to measure; the message says what to install or set."""


@contextmanager
def database_server(folder: Path) -> Iterator[str]:
    """Give the URL of a database that does not exist yet, on a server that stops with the block.

    :param folder: where the server's files go; made, and removed at the end
    :raises NoServer: no PostgreSQL is installed and no BENCH_DATABASE_URL is set
    """
    if url := os.environ.get("BENCH_DATABASE_URL"):
        yield url
        return
    binaries = _binaries()
    remove(folder)
    folder.mkdir(parents=True)
    port = _free_port()
    data = folder / "data"
    if os.geteuid() == 0:
        # The server refuses to run as root.
        shutil.chown(folder, "postgres", "postgres")
    _run(binaries / "initdb", "-D", data, "-U", "riskops", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    listen = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    _run(binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", f"{options} {listen}", "start")
    try:
        yield f"postgres://riskops@127.0.0.1:{port}/riskops_bench"
    finally:
        _run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        remove(folder)


def remove(folder: Path) -> None:
    """Remove what an earlier run left."""
    shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    on_path = shutil.which("pg_ctl")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parent.parent.name))
    if not found:
        raise NoServer("no PostgreSQL found; install it (Debian: postgresql), or set BENCH_DATABASE_URL, or ENGINE=sqlite")
    return found[-1].parent


def _run(*command: str | Path) -> None:
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    result = subprocess.run(
        [*prefix, *map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/"
    )
    if result.returncode:
        raise NoServer(f"{Path(command[0]).name} failed: {result.stdout.decode(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
