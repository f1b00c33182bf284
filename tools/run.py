"""Bring the site up: migrate, load the book if there is none, close its days, then web, worker and beat until Ctrl-C.

    BOOK=sample      the real sample book, in var/ (the default)
    BOOK=simulated   the simulated one, in var/simulated/
    BOOK=none        an empty book, in var/empty/, for files of your own
    PORT, HOST       where to listen (8000 or the next free port, 127.0.0.1)

Everything done already is passed over, so a second start takes seconds; what was broken off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import fcntl
import io
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tools.refusals import CannotRun

if TYPE_CHECKING:
    from tools.run_all import Supervisor

ROOT = Path(__file__).resolve().parent.parent
BOOKS = {"sample": "", "simulated": "simulated", "none": "empty"}
FIRST_PORT, LAST_PORT = 8000, 8050
READY_SECONDS = 60.0
#: What the one worker takes from: the common queue, and one for each channel of messages.
QUEUES = "celery,outreach-sms,outreach-email,outreach-push"


def main() -> int:
    """Prepare the book and, unless asked only for that, serve it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only-prepare", action="store_true", help="load and close the book, start nothing")
    options = parser.parse_args()
    try:
        book = chosen_book()
        folder = choose_folder(book)
        with only_run_of(folder) as lock:
            host = os.environ.get("HOST") or "127.0.0.1"
            port = None if options.only_prepare else free_port(host, os.environ.get("PORT", ""))
            if port is not None:
                # Links to customers' own pages are opened on this machine.
                os.environ["RUN_URL"] = f"http://{host}:{port}"
            prepare(book)
            if port is None:
                return 0
            note(lock, f"http://{host}:{port}/ (process {os.getpid()})")
            return serve(host, port)
    except CannotRun as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. The next `make run` goes on from here.", file=sys.stderr)
        return 130


def chosen_book() -> str:
    """Return the book asked for.

    :raises CannotRun: there is no such book
    """
    book = os.environ.get("BOOK") or "sample"
    if book not in BOOKS:
        raise CannotRun(f"BOOK={book}: there is no such book. Known: {', '.join(BOOKS)}.")
    return book


def choose_folder(book: str) -> Path:
    """Give each book its own folder under var/, unless RISKOPS_VAR names one, and return it."""
    folder = Path(os.environ.get("RISKOPS_VAR") or ROOT / "var" / BOOKS[book]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["RISKOPS_VAR"] = str(folder)
    return folder


def only_run_of(folder: Path) -> IO[str]:
    """Hold the folder for this run: two beats on one book would ring twice, two first runs load it twice.

    :raises CannotRun: another run has it; the file says at which address
    """
    lock = (folder / "run.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        where = lock.read().strip() or "it is still preparing the book"
        raise CannotRun(
            f"riskops is running on {folder} already: {where}.\n"
            "Stop that one first, or run beside it on another book: RISKOPS_VAR=/tmp/other make run"
        ) from None
    note(lock, "")
    return lock


def note(lock: IO[str], text: str) -> None:
    """Write into the lock's file who holds it."""
    lock.seek(0)
    lock.truncate()
    lock.write(text)
    lock.flush()


def free_port(host: str, asked: str) -> int:
    """Return the port asked for, or the first free one.

    :raises CannotRun: the port is no port or is taken, or none is free
    """
    if asked:
        if not asked.isdigit() or not 1 <= int(asked) <= 65_535:
            raise CannotRun(f"PORT={asked} is no port; give a number from 1 to 65535.")
        if not _is_free(host, int(asked)):
            raise CannotRun(f"Port {asked} on {host} is taken. Stop what uses it, choose another (PORT=8123), or leave PORT out.")
        return int(asked)
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if _is_free(host, port):
            if port != FIRST_PORT:
                print(f"Port {FIRST_PORT} is taken; using {port}.", flush=True)
            return port
    raise CannotRun(f"No port from {FIRST_PORT} to {LAST_PORT} is free on {host}. Choose one: make run PORT=9000")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def prepare(book: str) -> None:
    """Compile the texts, migrate, and fill an empty book.

    :raises CannotRun: the database cannot be reached, or holds another book
    """
    started = time.monotonic()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")
    from tools import messages

    messages.compile_all()

    import django

    import riskops  # noqa: F401  (puts collections/ on the path)

    django.setup()
    from django.core.management import call_command
    from django.core.management.base import SystemCheckError
    from django.db import OperationalError, connection

    from tools import books

    try:
        connection.ensure_connection()
    except OperationalError as failure:
        raise CannotRun(
            f"The database does not answer: {str(failure).strip()}\n"
            "DATABASE_URL names it; start that server or leave DATABASE_URL out to use SQLite."
        ) from failure
    try:
        # Said here once and not by web, worker and beat, each as often as they are started again.
        call_command("check", stdout=io.StringIO())
    except SystemCheckError as failure:
        raise CannotRun(f"The site cannot start: {failure}") from failure
    call_command("migrate", verbosity=0, interactive=False)
    books.fill(book)
    call_command("make_demo_users", stdout=io.StringIO())
    connection.close()
    print(f"Ready after {time.monotonic() - started:.1f} s.", flush=True)


def serve(host: str, port: int) -> int:
    """Start web, worker and beat, say where the site is and who can log in, and stay until they stop."""
    from tools.run_all import Supervisor

    lock = threading.Lock()

    def write(line: str) -> None:
        with lock:
            print(line, flush=True)

    supervisor = Supervisor(commands(host, port), environment=os.environ, write=write)
    status = supervisor.run(on_started=lambda running: _announce(running, host, port))
    print("Stopped.")
    return status


def commands(host: str, port: int) -> dict[str, list[str]]:
    """Return what web, worker and beat are started with; SQLite has one writer, so it gets one worker process."""
    from django.db import connection

    writers = 1 if connection.vendor == "sqlite" else os.cpu_count() or 2
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "riskops"]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return {
        "web": [sys.executable, "-m", "gunicorn", "riskops.wsgi", "--bind", address],
        "worker": [*celery, "worker", "--concurrency", str(writers), "-Q", QUEUES, "--without-gossip", "--without-mingle"],
        "beat": [*celery, "beat", "--pidfile="],
    }


def _announce(supervisor: Supervisor, host: str, port: int) -> None:
    """Wait until the site answers, then print address and log-ins."""
    from riskops.site.people.demo import DEMO_PEOPLE

    address = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}/"
    until = time.monotonic() + READY_SECONDS
    while not _answers(address + "healthz"):
        if supervisor.is_stopping:
            return
        if time.monotonic() > until:
            print(f"{address} has not answered for {READY_SECONDS:.0f} s; the lines marked `web` say why.", flush=True)
            return
        time.sleep(0.2)
    people = "\n".join(f"      {name:<12}{name + '-demo':<20}{role.value}" for name, (_, _, role) in DEMO_PEOPLE.items())
    print(
        f"\n  riskops is at {address}\n\n      log-in      password            role\n{people}\n\n  Ctrl-C stops everything.\n",
        flush=True,
    )


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    sys.exit(main())
