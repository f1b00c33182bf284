"""The parts of docs/ that are made from the code: who may do what, the commands, the metrics, the facts of rules, the keys.

python -m tools.documents write     bring them up to date (make docs)
python -m tools.documents check     say what is out of date; exit 1
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- made from the code by `make docs`: begin -->", "<!-- end -->"
#: What every Django command understands; not repeated for each.
DJANGO_OPTIONS = {
    *("help", "version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks")
}


def main(arguments: list[str]) -> int:
    """Write or check the documents."""
    if arguments not in (["write"], ["check"]):
        print(__doc__, file=sys.stderr)
        return 2
    start_django()
    stale = [path for path, made in DOCUMENTS.items() if _bring_up_to_date(ROOT / path, made(), write=arguments == ["write"])]
    if arguments == ["check"] and stale:
        print(f"out of date: {', '.join(stale)}; run `make docs`")
        return 1
    return 0


def start_django() -> None:
    """Load the site in English, so that its words come out the same wherever this runs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")
    import django

    import riskops  # noqa: F401  (puts collections/ on the path)

    django.setup()
    from django.utils import translation

    translation.activate("en")


def _bring_up_to_date(path: Path, made: str, *, write: bool) -> bool:
    """Return whether the part between the marks differs from what the code says; write it if asked to."""
    content = path.read_text(encoding="utf-8")
    before, _, rest = content.partition(BEGIN)
    _, _, after = rest.partition(END)
    fresh = f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"
    if write and fresh != content:
        path.write_text(fresh, encoding="utf-8")
    return fresh != content


def roles_document() -> str:
    """Return the table of operations by role, and that of pages and endpoints by operation."""
    from riskops.shared.roles import OPERATIONS, Role

    lines = [
        f"| operation | what | {' | '.join(role.value for role in Role)} |",
        f"| --- | --- |{' :-: |' * len(Role)}",
    ]
    for operation in sorted(OPERATIONS.values(), key=lambda entry: entry.name):
        marks = " | ".join("●" if role in operation.roles else "" for role in Role)
        lines.append(f"| `{operation.name}` | {operation.label} | {marks} |")
    return "\n".join([*lines, "", *_doors_section()])


def _doors_section() -> list[str]:
    from tools.doors import OPEN_DOORS, doors_document

    return [
        "## Pages and endpoints",
        "",
        "Every address of the site, and the operation it asks for. Which accounts are behind it is a second question: "
        "[scope](decisions/scope-by-product.md).",
        "",
        doors_document(OPEN_DOORS),
    ]


def commands_document() -> str:
    """Return a section for each command of our own apps, with its arguments."""
    return "\n\n".join(section for name in own_commands() for section in [_command_section(name)])


def own_commands() -> list[str]:
    """Return the names of the commands that our own apps bring, in order."""
    from django.apps import apps
    from django.core.management import get_commands

    own = {
        config.name for config in apps.get_app_configs() if Path(config.path).is_relative_to(ROOT) and ".venv" not in config.path
    }
    return sorted(name for name, app in get_commands().items() if app in own)


def _command_section(name: str) -> str:
    from django.core.management import get_commands, load_command_class

    app = get_commands()[name]
    command = load_command_class(str(app), name)
    parser = command.create_parser("manage.py", name)
    lines = [f"## {name}", "", command.help or ""]
    arguments = [line for action in parser._actions if action.dest not in DJANGO_OPTIONS for line in _argument_line(action)]
    if arguments:
        lines += ["", "| argument | meaning |", "| --- | --- |", *arguments]
    return "\n".join(lines).rstrip()


def _argument_line(action: argparse.Action) -> Iterator[str]:
    value = "" if action.nargs == 0 else f" {action.metavar or _choices(action) or action.dest.upper()}"
    name = f"{action.option_strings[0]}{value}" if action.option_strings else str(action.metavar or action.dest.upper())
    meaning = action.help or ""
    if action.option_strings and action.required:
        meaning = f"{meaning} (required)".strip()
    cells = [cell.replace("|", "\\|") for cell in (f"`{name}`", meaning)]
    yield f"| {cells[0]} | {cells[1]} |"


def _choices(action: argparse.Action) -> str:
    return "{" + ",".join(map(str, action.choices)) + "}" if action.choices else ""


def metrics_document() -> str:
    """Return the definitions of the registry of metrics."""
    from dashboards.metrics.document import metrics_document as made

    return made()


def facts_document() -> str:
    """Return the table of the facts that rules may compare."""
    from django.utils import translation

    from accounts.facts import ACCOUNT_FACTS

    with translation.override("zh-hans"):
        chinese = {fact.name: str(fact.label) for fact in ACCOUNT_FACTS}
    lines = ["| fact | name | 中文 | kind | unit | may be absent | meaning |", "| --- | --- | --- | --- | --- | :-: | --- |"]
    for fact in ACCOUNT_FACTS:
        values = f" ({', '.join(fact.choices)})" if isinstance(fact.choices, tuple) and fact.choices else ""
        lines.append(
            f"| `{fact.name}` | {fact.label} | {chinese[fact.name]} | {fact.kind} | {fact.unit} | "
            f"{'●' if fact.is_nullable else ''} | {fact.about}{values} |"
        )
    return "\n".join(lines)


def keys_document(language: str) -> str:
    """Return the table of the keys, a section for each place they hold in, and the outcomes of the keys 1 to 9."""
    from django.utils import translation

    from casework.outcomes import OUTCOMES
    from riskops.site.keys import KEY_TABLE, NO_KEYS

    heads = {"en": ("key", "what it does", "The outcomes"), "zh-hans": ("按键", "作用", "处理结果")}[language]
    lines: list[str] = []
    with translation.override(language):
        for group in KEY_TABLE:
            lines += [f"### {group.label}", "", f"| {heads[0]} | {heads[1]} |", "| --- | --- |"]
            for key in group.keys:
                caps = " ".join(cap if cap in NO_KEYS else f"<kbd>{cap}</kbd>" for cap in key.caps)
                lines.append(f"| {caps} | {key.label} |")
            lines.append("")
        outcomes = ", ".join(f"<kbd>{outcome.key}</kbd> {outcome.label}" for outcome in OUTCOMES)
    mark = ": " if language == "en" else "："
    return "\n".join([*lines, f"{heads[2]}{mark}{outcomes}"])


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/roles.md": roles_document,
    "docs/commands.md": commands_document,
    "docs/metrics.md": metrics_document,
    "docs/rules.md": facts_document,
    "docs/analyst-guide.md": lambda: keys_document("en"),
    "docs/analyst-guide.zh.md": lambda: keys_document("zh-hans"),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
