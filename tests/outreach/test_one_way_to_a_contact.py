"""There is no second way: the gate alone writes the log of contacts, and a message leaves the house by a provider alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WRITERS = {"create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update", "save", "delete"}
#: Where the log may be written: the gate, its tables and their migrations; and what was made and is reported afterwards.
ALLOWED = {"collections/outreach/gate.py", "collections/outreach/reported.py"}


#: What messages leave the house by, and who may take it up: providers.
WAYS_OUT = ("smtplib", "httpx", "requests", "anymail", "django.core.mail", "urllib.request", "http.client", "aiosmtplib")
PROVIDERS = "collections/outreach/providers/"
#: Where a provider is handed a message: after the gate, and once more under the same key.
SENDERS = {"collections/outreach/operations/sending/dispatching.py", "collections/outreach/operations/sending/doubting.py"}


def product_code() -> list[Path]:
    """Return the modules of the product, migrations apart."""
    folders = ("riskops", "accounts", "collections", "dashboards", "tools")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def writes_of_the_log(source: str) -> list[int]:
    """Return the lines on which something is written through `Contact` or `Denial`, or one of them is made."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        text = ast.unparse(node.func)
        is_made = text in ("Contact", "Denial", "models.Contact", "models.Denial")
        is_written = text.split(".")[-1] in WRITERS and re.search(r"\b(Contact|Denial)\.objects", text)
        if is_made or is_written:
            lines.append(node.lineno)
    return lines


def test_only_the_gate_writes_the_log() -> None:
    found = {str(path.relative_to(ROOT)): writes_of_the_log(path.read_text()) for path in product_code()}
    assert {path for path, lines in found.items() if lines} == ALLOWED


def test_the_search_sees_a_planted_bypass() -> None:
    planted = (
        "Contact.objects.create(customer=c)",
        "Contact.objects.filter(pk=1).update(outcome='open')",
        "models.Contact(customer=c).save()",
        "Denial.objects.bulk_create(rows)",
    )
    assert all(writes_of_the_log(line) for line in planted)
    assert not writes_of_the_log("Contact.objects.filter(pk=1).count()")


def ways_out(source: str) -> list[int]:
    """Return the lines on which a library is taken up that carries messages out of the house."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        if any(name == way or name.startswith(f"{way}.") for name in names for way in WAYS_OUT):
            lines.append(node.lineno)
    return lines


def handings_over(source: str) -> list[int]:
    """Return the lines on which something is sent, or the means to send it is taken: `provider.send`, called or kept.

    A view of that name that an address leads to (`path("send/", letters.send)`) is none.
    """
    tree = ast.parse(source)
    paths = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "path"]
    views = {id(argument) for node in paths for argument in node.args[1:]}
    lines = []
    for node in ast.walk(tree):
        is_taken = isinstance(node, ast.Attribute) and node.attr == "send" and id(node) not in views
        is_named = isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "methodcaller", "operator.methodcaller")
        if is_taken or (is_named and any(isinstance(found, ast.Constant) and found.value == "send" for found in node.args)):
            lines.append(node.lineno)
    return lines


def test_only_providers_take_up_a_way_out() -> None:
    code = [path for path in product_code() if "tools" not in path.relative_to(ROOT).parts]
    found = {str(path.relative_to(ROOT)) for path in code if ways_out(path.read_text())}
    assert found and all(path.startswith(PROVIDERS) for path in found)


def test_only_the_dispatcher_and_who_asks_after_it_hand_a_message_over() -> None:
    found = {str(path.relative_to(ROOT)) for path in product_code() if handings_over(path.read_text())}
    assert found == SENDERS


def test_the_search_sees_a_planted_way_out() -> None:
    planted = (
        "import httpx",
        "import urllib.request as web",
        "from smtplib import SMTP",
        "from django.core import mail",
        "from django.core.mail import send_mail",
        "import_module('anymail.backends.mailgun')",
    )
    assert all(ways_out(line) for line in planted)
    assert not ways_out("from django.core import signing")


def test_the_search_sees_a_planted_handing_over() -> None:
    planted = (
        "registry.provider_named('http-sms').send(outgoing)",
        "hand_over = provider.send",
        "getattr(provider, 'send')(outgoing)",
        "list(map(methodcaller('send', outgoing), providers))",
    )
    assert all(handings_over(line) for line in planted)
    assert not handings_over("signal.send_robust(sender=Message)")
