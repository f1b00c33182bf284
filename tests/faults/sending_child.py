"""A process that sends a message of the outbox and can be killed between any two steps, with a provider that outlives it.

Words: prepare (queue one message), send (what a worker does, once; KILL_AT names where it dies), doubt (what the
tick of doubts does, once), recover (four hours of ticks; answers how all of it stands then), celery (a real worker), ring
(beat's tick), wait (until it is sent). PROVIDER names what the provider can: be asked what became of a key, drop a second
message with the same key, or neither. What it has done is a line of a file each, kept on its disk before it answers.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "outreach")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")

FOLDER = Path(os.environ["FAULTS_FOLDER"])
WORKER = f"worker {os.getpid()}"


def prepare() -> int:
    """Make a customer who is late, and a message to them that is due."""
    from sending_books import make_late, make_message, make_template

    make_template("late-email", "email")
    return int(make_message(make_late(), fallback=[{"channel": "email", "template": "late-email"}]).pk)


def use_the_provider() -> None:
    """Let the provider be the only one."""
    from pytest import MonkeyPatch
    from sending_books import Carrier, use

    from outreach.providers.interface import Accepted, Outgoing, Refused, Result

    kind = os.environ["PROVIDER"]

    class OnDisk(Carrier):
        """What customers got is in a file, and so is how often it was called."""

        def send(self, outgoing: Outgoing) -> Result:
            calls = self.lines("calls")
            self.write("calls", outgoing.key)
            if kind == "refuses once" and not calls:
                return Refused("busy")
            if kind == "dead number" and outgoing.channel == "sms":
                return Refused("no such number", is_final=True, is_detail_dead=True)
            die_at("calling")
            self.effects = self.lines("effects")
            if outgoing.key not in self.effects or not self.is_idempotent:
                self.write("effects", outgoing.key)
                self.effects.append(outgoing.key)
            return Accepted(f"ref {outgoing.key}")

        def find(self, key: str, **more: Any) -> Any:
            self.effects = self.lines("effects")
            return super().find(key, **more)

        @staticmethod
        def lines(name: str) -> list[str]:
            path = FOLDER / name
            return path.read_text().splitlines() if path.exists() else []

        @staticmethod
        def write(name: str, line: str) -> None:
            with (FOLDER / name).open("a") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())

    use(MonkeyPatch(), OnDisk(is_askable=kind not in ("idempotent", "neither"), is_idempotent=kind == "idempotent"))


def die_at(point: str) -> None:
    """Die here if this is the point."""
    if os.environ.get("KILL_AT") == point:
        os.kill(os.getpid(), signal.SIGKILL)


def after(module: Any, name: str, point: str) -> None:
    """Put a point after a function that a module calls by this name."""
    inner: Callable[..., Any] = getattr(module, name)

    def outer(*args: Any, **kwargs: Any) -> Any:
        found = inner(*args, **kwargs)
        die_at(point)
        return found

    setattr(module, name, outer)


def put_points() -> None:
    """Name the places between the steps, and within the transactions before they are committed."""
    from outreach.operations.sending import dispatching, doubting, preparing, settling

    after(dispatching, "claim", "claimed")
    after(preparing, "pass_gate_together", "let through")
    after(dispatching, "prepare_together", "prepared")
    after(dispatching, "hand_over", "handed over")
    after(settling, "note_accepted", "settling")
    after(settling, "note_not_made", "settling")
    after(settling, "note_refused_for_good", "settling")
    after(dispatching, "settle_together", "settled")
    after(doubting, "_lose_workers", "worker lost")
    after(doubting, "_begin", "asking")
    after(doubting, "_asked", "asked")
    after(doubting, "note_accepted", "concluding")
    after(doubting, "note_not_made", "concluding")
    after(doubting, "_conclude", "concluded")


def works(minutes: float) -> None:
    """Do what a worker does that hears a bell, so long after noon."""
    from outreach.operations.sending.dispatching import send_batch
    from outreach.rules.contacts import Channel

    for channel in (Channel.SMS, Channel.EMAIL):
        send_batch(channel, for_seconds=30, worker=WORKER, clock=lambda: at(minutes))


def at(minutes: float) -> datetime:
    """Return a moment so long after noon."""
    from outreach_books import NOON

    return NOON + timedelta(minutes=minutes)


def resolve(minutes: float) -> None:
    """Do what the tick of doubts does, so long after noon."""
    from outreach.operations.sending.dispatching import resolve as resolve_doubts

    resolve_doubts(lambda: at(minutes))


def recover(since: float) -> None:
    """Let four hours pass in which nothing goes wrong, a bell every two minutes."""
    for minutes in range(120):
        works(since + 2 * minutes)
        resolve(since + 2 * minutes)


def work_for_celery(options: list[str]) -> None:
    """Be a real worker, for which it is noon."""
    from celery.__main__ import main as celery_main

    sys.argv = ["celery", "-A", "riskops", "worker", *options]
    celery_main()


def ring() -> int:
    """Do what beat does each minute: wake workers for what is due at noon."""
    from outreach import tasks
    from outreach.operations.sending.dispatching import channels_to_ring
    from riskops.shared.bells import ring as ring_for

    found = channels_to_ring(at(0))
    for channel, workers in found.items():
        ring_for(tasks.send_batch, times=workers, expires_seconds=60, channel=str(channel))
    return len(found)


def wait_until_sent() -> dict[str, Any]:
    """Wait until the message is sent, and tell how all of it stands."""
    until = time.monotonic() + 60
    while told()["messages"][0][1] != "sent" and time.monotonic() < until:
        time.sleep(0.1)
    return told()


def told() -> dict[str, Any]:
    """Return how the messages, the log of contacts and the customers' side stand."""
    from outreach.models import Contact, Message

    def lines(name: str) -> list[str]:
        path = FOLDER / name
        return path.read_text().splitlines() if path.exists() else []

    return {
        "messages": [list(row) for row in Message.objects.order_by("pk").values_list("channel", "status", "reason")],
        "contacts": sorted(Contact.objects.values_list("outcome", flat=True)),
        "effects": len(lines("effects")),
        "calls": len(lines("calls")),
    }


def main() -> None:
    """Do what the words say."""
    import riskops  # noqa: F401  (puts collections/ on the path)

    word, *rest = sys.argv[1:]
    import django
    from django.utils import timezone

    if word == "celery":
        # Before anything takes the clock for its own.
        noon = datetime(2025, 3, 12, 4, tzinfo=UTC)
        timezone.now = lambda: noon
    django.setup()
    answer: Any = None
    if word == "prepare":
        answer = prepare()
    else:
        use_the_provider()
        put_points()
        if word == "celery":
            work_for_celery(rest)
        elif word == "ring":
            answer = ring()
        elif word == "wait":
            answer = wait_until_sent()
        elif word == "send":
            works(0)
        elif word == "doubt":
            resolve(float(rest[0]))
        elif word == "recover":
            recover(float(rest[0]))
            answer = told()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
