"""A delivery opened: a folder, a zip of one, or a workbook, each as files of records.

Nothing is unpacked to disk, and nothing is trusted: sizes and ratios are bounded before a byte is read.
"""

from __future__ import annotations

import codecs
import hashlib
import lzma
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, Final, NamedTuple

from accounts.portfolio_files.formats import FORMAT_BY_NAME, KNOWN_FILES, MANIFEST
from accounts.portfolio_files.problems import Problem

_CHUNK: Final = 1 << 20
MOST_MEMBERS: Final = 1_000
#: Real portfolio files pack 5 to 40 times; a bomb packs a thousand times.
MOST_RATIO: Final = 200
#: Below this size a ratio says nothing: a small file of repeated rows packs well.
_RATIO_FROM: Final = 10 << 20
#: A workbook's shared texts are held in memory by its reader.
MOST_WORKBOOK_BYTES: Final = 512 << 20
#: What zipfile and its ways of packing raise over an archive that is damaged or of a kind they do not know.
_UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


class UnusableSource(Exception):
    """The path is no folder, zip or workbook: nothing to import, whatever it holds."""


class DeliveryRefused(Exception):
    """The delivery as a whole cannot be read; says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over the bytes of a CSV file found."""

    size: int
    lines: int
    digest: bytes
    is_utf8: bool
    head: bytes


class DeliveredFile:
    """One CSV file of a delivery. `open` may be called again and again; it gives the file from its start."""

    def __init__(self, name: str, source: Callable[[], IO[bytes]]) -> None:
        self.name = name
        self.open = source
        self._scan: Scan | None = None

    @property
    def scan(self) -> Scan:
        """Size, fingerprint, and whether it is UTF-8: every byte is read, once.

        :raises DeliveryRefused: the archive around it is damaged
        """
        if self._scan is None:
            try:
                self._scan = self._scanned()
            except (*_UNREADABLE, OSError) as fault:
                if isinstance(fault, OSError) and fault.errno is not None:
                    # The disk or its permissions; of damaged data bz2 says it without a number.
                    raise
                raise DeliveryRefused(Problem("zip_damaged", self.name, params={"detail": str(fault)})) from fault
        return self._scan

    def _scanned(self) -> Scan:
        digest = hashlib.sha256()
        decoder = codecs.getincrementaldecoder("utf-8")()
        size, lines, head, is_utf8 = 0, 0, b"", True
        with self.open() as source:
            while chunk := source.read(_CHUNK):
                head = head or chunk[:4096]
                size += len(chunk)
                lines += chunk.count(b"\n")
                digest.update(chunk)
                # Pure ASCII needs no decoding, unless a character was cut in two by the chunk's edge.
                if is_utf8 and not (chunk.isascii() and decoder.getstate()[0] == b""):
                    is_utf8 = _decodes(decoder, chunk, final=False)
        return Scan(size, lines, digest.digest(), is_utf8 and _decodes(decoder, b"", final=True), head)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


class SheetFile(NamedTuple):
    """One sheet of a workbook that stands for a file. `cells` gives its rows from the first one, again and again."""

    name: str
    cells: Callable[[], Iterator[Sequence[Any]]]


@dataclass(slots=True)
class Delivery:
    """An open delivery; use it as a context manager. Files are in the order in which they are loaded."""

    name: str
    files: dict[str, DeliveredFile | SheetFile]
    manifest: DeliveredFile | SheetFile | None
    warnings: list[Problem]
    fingerprint: Callable[[], str]
    closing: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Delivery:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closing.close()


def open_delivery(path: Path, *, name: str = "", most_bytes: int) -> Delivery:
    """Open a folder, a .zip or an .xlsx.

    :param name: what people call it, where the path is only where an upload was put
    :raises UnusableSource: there is no such path, or it is of no known kind
    :raises DeliveryRefused: an archive that cannot or must not be read
    """
    name = name or path.name
    if path.is_dir():
        return _folder(path, name)
    if not path.is_file():
        raise UnusableSource(f"there is no {path}")
    kind = path.suffix.lower()
    if kind == ".zip":
        return _archive(path, name, most_bytes)
    if kind == ".xlsx":
        from accounts.portfolio_files.workbook import open_workbook

        _check_archive(path, name, min(most_bytes, MOST_WORKBOOK_BYTES))
        return open_workbook(path, name)
    raise UnusableSource(f"{name} is no folder, .zip or .xlsx")


def collected(
    name: str,
    found: Mapping[str, DeliveredFile | SheetFile],
    others: Iterable[str],
    fingerprint: Callable[[], str],
    closing: ExitStack,
) -> Delivery:
    """Return the delivery of the files found, with a warning for each of the others.

    :raises DeliveryRefused: none was found
    """
    warnings = [Problem("passed_over", other, params={"known": KNOWN_FILES}, is_error=False) for other in sorted(others)]
    files = {file: found[file] for file in FORMAT_BY_NAME if file in found}
    if not files:
        closing.close()
        raise DeliveryRefused(Problem("no_files", name, params={"known": KNOWN_FILES}))
    return Delivery(name, files, found.get(MANIFEST), warnings, fingerprint, closing)


def _fingerprint(found: Mapping[str, DeliveredFile]) -> str:
    """Return the fingerprint of the files' contents, whatever their packing and order."""
    whole = hashlib.sha256()
    for name in sorted(found):
        whole.update(name.encode() + b"\0" + found[name].scan.digest)
    return whole.hexdigest()


def _is_ours(name: str) -> bool:
    return name in FORMAT_BY_NAME or name == MANIFEST


def _folder(path: Path, name: str) -> Delivery:
    entries = sorted(path.iterdir())
    found = {
        entry.name: DeliveredFile(entry.name, _opener(entry)) for entry in entries if _is_ours(entry.name) and entry.is_file()
    }
    others = [entry.name for entry in entries if entry.name not in found]
    return collected(name, found, others, lambda: _fingerprint(found), ExitStack())


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


def _check_archive(path: Path, name: str, most_bytes: int) -> None:
    """Refuse an archive that is damaged, hostile or too large, by its directory alone.

    :raises DeliveryRefused: with the reason
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (*_UNREADABLE, OSError, ValueError) as fault:
        raise DeliveryRefused(Problem("zip_damaged", name, params={"detail": str(fault)})) from fault
    if len(members) > MOST_MEMBERS:
        raise DeliveryRefused(Problem("zip_members", name, params={"members": len(members), "limit": MOST_MEMBERS}))
    for member in members:
        _check_member(member, name)
    size = sum(member.file_size for member in members)
    if size > most_bytes:
        raise DeliveryRefused(Problem("zip_too_large", name, params={"size": size, "limit": most_bytes}))


def _check_member(member: zipfile.ZipInfo, archive: str) -> None:
    path = PurePosixPath(member.filename)
    # `orig_filename` is as it stands in the archive: ZipFile cuts names at a NUL and turns backslashes on some systems.
    raw = member.orig_filename
    if path.is_absolute() or ".." in path.parts or "\\" in raw or "\0" in raw or ":" in raw.split("/")[0]:
        raise DeliveryRefused(Problem("zip_path", archive, value=raw[:200]))
    if stat.S_ISLNK(member.external_attr >> 16):
        raise DeliveryRefused(Problem("zip_link", archive, value=raw[:200]))
    if member.flag_bits & 0x1:
        raise DeliveryRefused(Problem("zip_encrypted", archive, value=raw[:200]))
    if member.file_size > _RATIO_FROM and member.file_size > MOST_RATIO * max(1, member.compress_size):
        ratio = member.file_size // max(1, member.compress_size)
        raise DeliveryRefused(Problem("zip_ratio", archive, value=raw[:200], params={"ratio": ratio, "limit": MOST_RATIO}))


def _archive(path: Path, name: str, most_bytes: int) -> Delivery:
    _check_archive(path, name, most_bytes)
    closing = ExitStack()
    archive = closing.enter_context(zipfile.ZipFile(path))
    found: dict[str, DeliveredFile] = {}
    places: dict[str, str] = {}
    others: list[str] = []
    for member in archive.infolist():
        # What a Mac adds to every archive is not worth a warning.
        if member.is_dir() or member.filename.startswith("__MACOSX/"):
            continue
        base = PurePosixPath(member.filename).name
        if not _is_ours(base):
            others.append(member.filename)
            continue
        if base in found:
            closing.close()
            raise DeliveryRefused(Problem("file_twice", base, params={"first": places[base], "second": member.filename}))
        found[base] = DeliveredFile(base, _member_opener(archive, member))
        places[base] = member.filename
    return collected(name, found, others, lambda: _fingerprint(found), closing)


def _member_opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(member)
