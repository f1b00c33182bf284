"""Servers that stand for vendors, on free ports: they answer what a test tells them to, or misbehave."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The JSON that was sent."""
        return json.loads(self.body)


Behaviour = Callable[["Handler"], None]


def answers(status: int, data: Any) -> Behaviour:
    """Answer with a status and JSON; bytes are answered as they are."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()

    def behave(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def never_answers(handler: Handler) -> None:
    """Take the request and say nothing until the test is over."""
    handler.vendor.is_over.wait()
    handler.close_connection = True


def closes(handler: Handler) -> None:
    """Take the request and close."""
    handler.close_connection = True


def answers_no_http(handler: Handler) -> None:
    """Answer something that is no HTTP."""
    handler.wfile.write(b"what?\r\n\r\n")
    handler.close_connection = True


def drips(handler: Handler) -> None:
    """Begin to answer and send a byte now and then, each in time, without an end."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.vendor.is_over.wait(0.02):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def stops_half_way(handler: Handler) -> None:
    """Promise more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"reference": "r1"')
    handler.close_connection = True


def answers_too_much(handler: Handler) -> None:
    """Answer a megabyte."""
    answers(200, b" " * 1_000_000)(handler)


class Handler(BaseHTTPRequestHandler):
    """Notes each request and does what the vendor is told to do next, the last for good."""

    protocol_version = "HTTP/1.1"
    vendor: HttpVendor

    def handle(self) -> None:
        """Serve a connection; a client that goes away is what some of the tests are about."""
        with suppress(BrokenPipeError, ConnectionResetError):
            super().handle()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.vendor.asked.append(Asked(self.command, self.path, headers, body))
        script = self.vendor.script
        behave = script.pop(0) if len(script) > 1 else script[0]
        behave(self)

    do_GET = do_POST = _serve

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@dataclass
class HttpVendor:
    """A vendor with an address; `script` is what it does, one request after the other."""

    url: str = ""
    script: list[Behaviour] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    is_over: Event = field(default_factory=Event)


@contextmanager
def http_vendor() -> Iterator[HttpVendor]:
    """Run a vendor until the test is over."""
    vendor = HttpVendor()
    handler = type("OfVendor", (Handler,), {"vendor": vendor})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        vendor.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def nobody_listens() -> str:
    """Return the address of a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"
