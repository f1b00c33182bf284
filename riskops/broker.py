"""Celery's filesystem transport, made to outlive its folder.

kombu's own lists the folder each second and takes its absence for the end of the world: the worker dies, and a process that
had declared its queue before the folder went never does so again, so that its messages go nowhere, without a word. Here
the folder and what was declared in it come back with the next use, and a message is never seen half-written. Messages that
were in the folder are lost; the run ledger does not need them.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from queue import Empty
from time import monotonic_ns
from typing import Any

from kombu.transport import filesystem
from kombu.utils import json

# kombu comes half typed; as Any it can be built upon.
_Channel: Any = filesystem.Channel
_Transport: Any = filesystem.Transport
_dumps: Any = json.dumps


class FolderChannel(_Channel):
    """A channel that makes its folders anew when they are gone."""

    def _make_folders(self) -> None:
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            os.makedirs(folder, exist_ok=True)

    def get_table(self, exchange: str) -> list[Any]:
        """Return the queues bound to an exchange, declaring again those this process knows of if nobody is known there."""
        table: list[Any] = super().get_table(exchange)
        if not table:
            for binding in list(self.state.bindings):
                if binding.exchange == exchange:
                    self._queue_bind(exchange, binding.routing_key, "", binding.queue)
            table = super().get_table(exchange)
        return table

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        self._make_folders()
        super()._queue_bind(exchange, routing_key, pattern, queue)

    def _put(self, queue: str, message: Any, **_kwargs: Any) -> None:
        self._make_folders()
        name = f"{monotonic_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        # Readers look for the whole name, so none takes it before it has one.
        unfinished = Path(self.data_folder_out) / f".{name}"
        unfinished.write_text(_dumps(message))
        unfinished.rename(Path(self.data_folder_out) / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        self._make_folders()
        try:
            return super()._get(queue)
        except FileNotFoundError:
            raise Empty from None

    def _size(self, queue: str) -> int:
        self._make_folders()
        return int(super()._size(queue))

    def _purge(self, queue: str) -> int:
        self._make_folders()
        return int(super()._purge(queue))


class FolderTransport(_Transport):
    """What `filesystem://` stands for on this site (riskops/celery.py)."""

    Channel = FolderChannel
