"""The texts of the interface: collect them, compile them, and say which are not translated yet. No gettext needed.

    python -m tools.messages update     new texts into the .po files, texts that are gone marked as such
    python -m tools.messages compile    .po → .mo where the .mo is older (part of the set-up)
    python -m tools.messages check      every text translated, placeholders kept; exit 1 with the list otherwise

Each app keeps its texts in its own `locale/` folder, with those of `templates/<app>/`; what belongs to no app is the shell's.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "zh_Hans"
TEMPLATE_SUFFIXES = {".html", ".txt"}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
#: `%(name)s`, `%s`, `{name}`: what a translation must keep.
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sdf]|%[sd]|\{[a-z_0-9.:%,-]*\}")

MessageId = tuple[str, ...] | str


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with a `locale/` of its own, and the sources whose texts it keeps."""

    folder: Path
    sources: tuple[Path, ...]

    @property
    def po_path(self) -> Path:
        return self.folder / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


HOMES = (
    Home(ROOT / "riskops" / "shared", (ROOT / "riskops" / "shared",)),
    Home(ROOT / "accounts", (ROOT / "accounts", ROOT / "templates" / "accounts")),
    Home(ROOT / "collections" / "casework", (ROOT / "collections" / "casework", ROOT / "templates" / "casework")),
    Home(ROOT / "collections" / "outreach", (ROOT / "collections" / "outreach", ROOT / "templates" / "outreach")),
    Home(ROOT / "collections" / "recovery", (ROOT / "collections" / "recovery", ROOT / "templates" / "recovery")),
    Home(ROOT / "dashboards", (ROOT / "dashboards", ROOT / "templates" / "dashboards")),
    # Last: it takes what the others leave.
    Home(ROOT / "riskops" / "site", (ROOT / "riskops", ROOT / "templates")),
)


def main(arguments: list[str]) -> int:
    """Run one of the three commands."""
    commands = {"update": update, "compile": compile_all, "check": check}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    return commands[arguments[0]]()


def sources_of(home: Home) -> list[Path]:
    """Return the files whose texts a home keeps, in order of their paths."""
    found = []
    for folder in home.sources:
        for path in sorted(folder.rglob("*")):
            if path.suffix != ".py" and not (path.suffix in TEMPLATE_SUFFIXES and "templates" in path.parts):
                continue
            if "migrations" not in path.parts and _home_of(path) is home:
                found.append(path)
    return found


def _home_of(path: Path) -> Home:
    return next(home for home in HOMES if any(path.is_relative_to(folder) for folder in home.sources))


def extracted(home: Home) -> Catalog:
    """Return the texts marked in a home's sources, each with the files it stands in (no line numbers: they only make noise)."""
    catalog = Catalog(locale=LANGUAGE, project="riskops", charset="utf-8")
    for path in sources_of(home):
        for line, message_id, comments, context in _texts_in(path):
            catalog.add(
                message_id,
                None,
                [(path.relative_to(ROOT).as_posix(), line)],
                auto_comments=[comment.strip() for comment in comments],
                context=context,
            )
    return catalog


def _texts_in(path: Path) -> Iterator[tuple[int, MessageId, list[str], str | None]]:
    """Yield line, text, comments for the translator and context of every text marked in a file."""
    content = path.read_text(encoding="utf-8")
    if path.suffix in TEMPLATE_SUFFIXES:
        content = _template_as_python(content, path)
    yield from extract("python", io.BytesIO(content.encode()), KEYWORDS, ["Translators:"])


def _template_as_python(content: str, path: Path) -> str:
    """Return a template's texts as calls, one line for each of the template's (so that line numbers hold)."""
    from django.utils.translation.template import templatize

    calls = re.compile(r"(?:n?p?gettext|_)\(.*")
    lines = (calls.search(line) for line in templatize(content, origin=str(path)).split("\n"))
    # Only from the first call on, and never past the last bracket: the rest is the template blanked out.
    return "\n".join(re.sub(r"\)[^)]*$", ")", line.group()) if line else "" for line in lines)


def read_catalog(path: Path) -> Catalog:
    """Return the catalogue of a .po file, an empty one if there is no file."""
    if not path.exists():
        return Catalog(locale=LANGUAGE, project="riskops", charset="utf-8")
    with path.open("rb") as handle:
        return read_po(handle, locale=LANGUAGE, abort_invalid=True)


def update() -> int:
    """Bring the texts of the sources into the .po files; translations stay, texts that are gone become `#~` lines."""
    _configure_django()
    for home in HOMES:
        texts = extracted(home)
        catalog = read_catalog(home.po_path)
        if not len(texts) and not len(catalog):
            continue
        catalog.update(texts, no_fuzzy_matching=True)
        buffer = io.BytesIO()
        write_po(buffer, catalog, width=120, sort_by_file=True, include_lineno=False, omit_header=False)
        content = re.sub(rb'"(POT-Creation-Date|PO-Revision-Date|Generated-By)[^"]*"\n', b"", buffer.getvalue())
        if not home.po_path.exists() or home.po_path.read_bytes() != content:
            home.po_path.parent.mkdir(parents=True, exist_ok=True)
            home.po_path.write_bytes(content)
            print(f"{home.po_path.relative_to(ROOT)}: {len(catalog)} texts, {len(_untranslated(catalog))} without a translation")
    return 0


def compile_all() -> int:
    """Compile each .po file that is newer than its .mo file. A broken one is named and stops the set-up."""
    for path in sorted(ROOT.glob("*/locale/*/LC_MESSAGES/*.po")) + sorted(ROOT.glob("*/*/locale/*/LC_MESSAGES/*.po")):
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= path.stat().st_mtime_ns:
            continue
        partial = target.with_suffix(".mo.part")
        with partial.open("wb") as handle:
            write_mo(handle, read_catalog(path))
        partial.replace(target)
    return 0


def check() -> int:
    """Say which texts are not in a catalogue, not translated, or lost a placeholder."""
    complaints = list(complaints_about_catalogues())
    print("\n".join(complaints) if complaints else "every text is translated")
    return 1 if complaints else 0


def complaints_about_catalogues() -> Iterator[str]:
    """Yield a line for everything wrong with the translations."""
    _configure_django()
    translated: dict[tuple[str | None, str], tuple[str, Path]] = {}
    for home in HOMES:
        catalog = read_catalog(home.po_path)
        where = home.po_path.relative_to(ROOT)
        for text in extracted(home):
            if not text.id:
                continue
            found = catalog.get(text.id, text.context)
            place = f"{text.locations[0][0]}: {text.id!r}"
            if found is None or not _is_translated(found):
                yield f"{place} has no translation in {where}"
            elif missing := _lost_placeholders(found):
                yield f"{place}: its translation in {where} lost {', '.join(sorted(missing))}"
            elif isinstance(found.id, str) and isinstance(found.string, str):
                # Django takes the first app's translation for all: two of one text would make one of them a lie.
                first, first_path = translated.setdefault((text.context, found.id), (found.string, where))
                if first != found.string:
                    yield f"{place} is {found.string!r} in {where} but {first!r} in {first_path}"


def _untranslated(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id and not _is_translated(message)]


def _is_translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return not message.fuzzy and all(strings)


def _lost_placeholders(message: Message) -> set[str]:
    """Return the placeholders of the text that a translation of it lacks. A plural may leave out the number's."""
    ids = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    wanted = set(PLACEHOLDER.findall(ids[-1]))
    return {placeholder for string in strings for placeholder in wanted - set(PLACEHOLDER.findall(string or ""))}


def _configure_django() -> None:
    """Give `templatize` the one setting it reads, without opening the site."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(USE_I18N=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
