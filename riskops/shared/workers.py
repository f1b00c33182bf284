"""Which process this is, and whether another one of this machine is gone."""

from __future__ import annotations

import os
import secrets
import socket
from typing import Final

# This process, told apart from one that had the same number before a restart.
_PROCESS_TOKEN: Final = secrets.token_hex(4)


def worker_name() -> str:
    """Return the name under which this process claims shards."""
    return f"{socket.gethostname()}:{os.getpid()}:{_PROCESS_TOKEN}"


def is_known_dead(worker: str) -> bool:
    """Return whether a worker's process is certainly gone: same machine, and no such process any more."""
    host, _, rest = worker.partition(":")
    number, _, token = rest.partition(":")
    if host != socket.gethostname() or not number.isdigit():
        return False
    if int(number) == os.getpid():
        return token != _PROCESS_TOKEN
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
