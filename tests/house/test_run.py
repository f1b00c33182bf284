"""`make run`: ports, folders, and the supervisor that keeps web, worker and beat together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tools import run
from tools.refusals import CannotRun

ROOT = Path(__file__).resolve().parent.parent.parent

SUPERVISE = """
import os, sys
from tools.run_all import Supervisor
python = sys.executable
commands = {
    "steady": [python, "-uc", "import os, time; print('up', os.getpid()); time.sleep(60)"],
    "frail": [python, "-uc", "import os, time; print('up', os.getpid()); time.sleep(60)"],
}
sys.exit(Supervisor(commands, environment=os.environ, write=lambda line: print(line, flush=True)).run())
"""
STUBBORN = """
import os, sys
from tools.run_all import Supervisor
code = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', os.getpid()); time.sleep(60)"
commands = {"stubborn": [sys.executable, "-uc", code]}
sys.exit(Supervisor(commands, environment=os.environ, write=lambda line: print(line, flush=True)).run())
"""


class Watched:
    """A supervisor in a process of its own, read line by line."""

    def __init__(self, code: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.children: set[int] = set()

    def next_line(self, part: str) -> str:
        """Return the next line that holds the part; the test's own timeout ends a wait in vain."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if part in line:
                if " up " in line:
                    self.children.add(int(line.split()[-1]))
                return line
        raise AssertionError(f"the supervisor ended without a line with {part!r}")


@pytest.fixture
def watched():
    started: list[Watched] = []

    def watch(code: str) -> Watched:
        started.append(Watched(code))
        return started[-1]

    yield watch
    for each in started:
        for pid in {each.process.pid, *each.children}:
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)
        each.process.wait()


def assert_gone(pids: set[int], *, within_seconds: float = 5) -> None:
    until = time.monotonic() + within_seconds
    while alive := {pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE}:
        assert time.monotonic() < until, f"still running: {alive}"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_stop_signal_ends_all_and_is_a_success(watched, number):
    site = watched(SUPERVISE)
    for _ in range(2):
        site.next_line(" up ")
    assert len(site.children) == 2
    site.process.send_signal(number)
    assert site.process.wait(timeout=15) == 0
    assert_gone(site.children)


def test_one_that_dies_is_started_again_and_the_others_go_on(watched):
    site = watched(SUPERVISE)
    first = {line.split()[0]: int(line.split()[-1]) for line in (site.next_line(" up "), site.next_line(" up "))}
    os.kill(first["frail"], signal.SIGKILL)
    assert "was killed by SIGKILL; starting it again in 1 s" in site.next_line("frail  | was")
    again = int(site.next_line("frail  | up").split()[-1])
    assert again != first["frail"]
    os.kill(again, signal.SIGKILL)
    assert "starting it again in 2 s" in site.next_line("frail  | was")
    assert psutil.pid_exists(first["steady"])


def test_a_second_stop_signal_kills_what_will_not_stop(watched):
    site = watched(STUBBORN)
    site.next_line(" up ")
    site.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert site.process.poll() is None
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(timeout=3) == 0
    assert_gone(site.children)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_do_not_outlive_a_supervisor_that_was_killed(watched):
    site = watched(SUPERVISE)
    for _ in range(2):
        site.next_line(" up ")
    site.process.kill()
    site.process.wait()
    assert_gone(site.children)


def test_a_port_that_is_taken_is_refused_and_none_asked_for_finds_a_free_one(capsys, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotRun, match=f"Port {port} on 127.0.0.1 is taken"):
            run.free_port("127.0.0.1", str(port))
        monkeypatch.setattr(run, "FIRST_PORT", port)
        monkeypatch.setattr(run, "LAST_PORT", port + 20)
        assert port < run.free_port("127.0.0.1", "") <= port + 20
        assert f"Port {port} is taken; using " in capsys.readouterr().out


@pytest.mark.parametrize("asked", ["0", "65536", "http", "-1", "80 80"])
def test_what_is_no_port_is_refused(asked):
    with pytest.raises(CannotRun, match="is no port"):
        run.free_port("127.0.0.1", asked)


def test_a_second_run_on_the_same_folder_is_refused_with_the_address_of_the_first(tmp_path):
    with run.only_run_of(tmp_path) as lock:
        run.note(lock, "http://127.0.0.1:8000/ (process 1)")
        with pytest.raises(CannotRun, match=r"already: http://127.0.0.1:8000/ \(process 1\)"):
            run.only_run_of(tmp_path)
    with run.only_run_of(tmp_path):
        assert (tmp_path / "run.lock").read_text() == ""


def test_each_book_has_a_folder_of_its_own_and_an_unknown_one_is_refused(monkeypatch):
    monkeypatch.setenv("BOOK", "sampel")
    with pytest.raises(CannotRun, match=r"BOOK=sampel: there is no such book. Known: sample, simulated, none"):
        run.chosen_book()
    assert len(set(run.BOOKS.values())) == len(run.BOOKS)


def test_a_database_that_does_not_answer_is_said_in_words(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        prepared = subprocess.run(
            [sys.executable, "-m", "tools.run", "--only-prepare"],
            cwd=ROOT,
            env=os.environ
            | {
                "RISKOPS_VAR": str(tmp_path),
                "BOOK": "none",
                "DATABASE_URL": f"postgres://nobody@127.0.0.1:{port}/none",
                "DJANGO_SETTINGS_MODULE": "riskops.settings",
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert prepared.returncode == 2
    assert "The database does not answer" in prepared.stderr
    assert "leave DATABASE_URL out to use SQLite" in prepared.stderr
