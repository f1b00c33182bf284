"""One import: read, staged, checked, loaded in one transaction, or not at all. See docs/import.md.

Reading, staging and checking take no lock on the book. Loading is one transaction that holds the day still (no close can
start) and ends with the import's own row saying that it is done, so that a killed import has either happened or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.utils import IntegrityError
from django.utils import timezone

from accounts.events import tell_facts_changed
from accounts.models import ImportIssue, PortfolioImport
from accounts.operations.applications.loading import load_applications
from accounts.operations.deciding.restrictions import announce
from accounts.operations.import_reporting import REBUILD_STEP, STORED_ISSUES, ImportOutcome, Progress, issue
from accounts.operations.rebuilding import rebuild_where_they_stand
from accounts.operations.refusals import LedgerRefusal
from accounts.portfolio_files import applying, states
from accounts.portfolio_files.checking import Checker
from accounts.portfolio_files.delivery import DeliveredFile, Delivery, DeliveryRefused, open_delivery
from accounts.portfolio_files.first_load import bare_while_loading
from accounts.portfolio_files.formats import APPLICATIONS, CUSTOMERS, FORMAT_BY_NAME, FileFormat
from accounts.portfolio_files.log import ProblemLog
from accounts.portfolio_files.manifest import ManifestLine, compare_totals, read_manifest, total_text
from accounts.portfolio_files.persons import stage_applications, stage_customers
from accounts.portfolio_files.problems import Problem
from accounts.portfolio_files.quarantine import write_quarantine
from accounts.portfolio_files.reading import FileRefused, FileTotals, read_rows
from accounts.portfolio_files.staging import staging_area, write_rows
from accounts.roles import IMPORT_PORTFOLIO
from riskops.shared.audit import Actor, record
from riskops.shared.day import CloseIsRunning, book_state, hold_book
from riskops.shared.feeds import record_arrival
from riskops.shared.models import AuditEntry, Feed
from riskops.shared.sql import fetch

Status = PortfolioImport.Status
_REBUILT_AT_A_TIME: Final = 2_000
#: So many accounts get tier, queue and case at once, one by one; more wait for the close, which takes them by range.
MOST_TOLD: Final = 1_000
#: What people do to the book that no row of a file says: it cannot make an identical delivery mean anything new.
_LEAVES_FILES_ALONE: Final = (
    "payment.post",
    "payment.reverse",
    "installment.waive",
    "account.write_off",
    "account.export",
    "account.view",
    "book.verify",
    "close.",
    "customer.reveal",
    "people.",
    "portfolio.",
    "schedule.",
)


class _Refused(Exception):
    """Something is wrong and nothing is to be loaded; the log says what."""


@dataclass(slots=True)
class _Landing:
    """Takes what is read into staging (the sink of accounts/portfolio_files/reading.py)."""

    log: ProblemLog
    progress: Progress
    refused_rows: list[tuple[Any, ...]] = field(default_factory=list)

    def rows(self, file: FileFormat, rows: list[tuple[Any, ...]]) -> None:
        """Stage a batch."""
        if file is CUSTOMERS:
            stage_customers(rows)
        elif file is APPLICATIONS:
            stage_applications(rows)
        else:
            write_rows(file.stage, rows)
        self.progress.advance(len(rows))

    def refused(self, file: FileFormat, line: int, key: tuple[str, ...] | None) -> None:
        """Note a bad record."""
        keys = (*(key or ()), None, None, None)[:3]
        self.refused_rows.append((file.name, line, *keys, True))
        if len(self.refused_rows) >= 5_000:
            self.flush()

    def problem(self, problem: Problem) -> None:
        """Note a fault."""
        self.log.add(problem)

    def flush(self) -> None:
        """Stage what was noted as bad."""
        write_rows("stage_refused", self.refused_rows)
        self.refused_rows = []


class Run:
    """One import from its first byte to its last."""

    def __init__(self, row: PortfolioImport, actor: Actor, progress: Progress) -> None:
        self.row = row
        self.actor = actor
        self.progress = progress
        self.log = ProblemLog()
        self.manifest: dict[str, ManifestLine] = {}
        self.totals: dict[str, FileTotals] = {}
        self.written: dict[str, applying.Written] = {}
        self.sets_aside = row.on_error == PortfolioImport.OnError.QUARANTINE

    def run(self) -> ImportOutcome:
        """Run, and leave the row saying how it ended."""
        try:
            path = Path(self.row.stored_path)
            with open_delivery(path, name=self.row.source_name, most_bytes=settings.IMPORT_MAX_BYTES) as delivery:
                self._import(delivery)
        except DeliveryRefused as refusal:
            self._refuse([refusal.problem])
        except FileRefused as refusal:
            self._refuse(refusal.problems)
        except _Refused:
            self._refuse([])
        except (CloseIsRunning, IntegrityError, LedgerRefusal) as failure:
            self._fail(str(failure))
        except Exception as failure:
            self._fail(f"{type(failure).__name__}: {failure}")
            raise
        return ImportOutcome(self.row, self.log)

    def _import(self, delivery: Delivery) -> None:
        for warning in delivery.warnings:
            self.log.add(warning)
        self.progress.enter(Status.READING)
        self.row.fingerprint = delivery.fingerprint()
        # An estimate to measure progress by, until the records themselves are counted; nothing is known of a workbook.
        self.row.rows_total = sum(max(0, f.scan.lines - 1) for f in delivery.files.values() if isinstance(f, DeliveredFile))
        if delivery.manifest:
            self.manifest = read_manifest(delivery.manifest, self.log)
            if self.log.error_count:
                raise _Refused
        if self._is_in_the_book_already():
            self._conclude_unchanged()
            return
        with staging_area():
            self._read(delivery)
            checker = self._check(delivery)
            if self.log.error_count and not self.sets_aside:
                raise _Refused
            if self.row.is_dry_run:
                self._conclude_dry_run(delivery)
            else:
                self._load(delivery, checker)

    # -- the shortcut

    def _is_in_the_book_already(self) -> bool:
        """Whether the last import that changed anything was of the very same files, and the book has not moved under them."""
        last = _last_change()
        if last is None or last.fingerprint != self.row.fingerprint:
            return False
        if any(counts["refused"] for counts in last.counts.values()):
            return False
        entry = AuditEntry.objects.filter(action=IMPORT_PORTFOLIO, subject_type="import", subject_key=str(last.pk)).last()
        if entry is None:
            return False
        harmless = Q()
        for action in _LEAVES_FILES_ALONE:
            harmless |= Q(action__startswith=action)
        if AuditEntry.objects.filter(pk__gt=entry.pk).exclude(harmless).exists():
            return False
        self.row.counts = {
            name: {**counts, "added": 0, "changed": 0, "unchanged": counts["added"] + counts["changed"] + counts["unchanged"]}
            for name, counts in last.counts.items()
        }
        return True

    def _conclude_unchanged(self) -> None:
        self.row.rows_total = self.row.rows_done = sum(counts["rows"] for counts in self.row.counts.values())
        if self.row.is_dry_run:
            self._finish(Status.CHECKED)
            return
        with transaction.atomic():
            self._note_arrivals({name: counts["rows"] for name, counts in self.row.counts.items()})
            self._audit()
            self._finish(Status.APPLIED)

    # -- reading and checking

    def _read(self, delivery: Delivery) -> None:
        landing = _Landing(self.log, self.progress)
        for name, file in delivery.files.items():
            self.progress.enter(Status.READING, name)
            self.totals[name] = read_rows(file, FORMAT_BY_NAME[name], landing)
        landing.flush()
        self.row.rows_total = sum(totals.records for totals in self.totals.values())
        if delivery.manifest:
            before = self.log.error_count
            compare_totals(self.manifest, self.totals, self.log)
            if self.log.error_count > before:
                # Not the delivery that was sent: nothing of it is loaded, whatever is to be done with bad rows.
                raise _Refused

    def _check(self, delivery: Delivery) -> Checker:
        checker = Checker(
            log=self.log,
            business_date=book_state().business_date,
            reports_dependants=self.sets_aside,
            present=frozenset(delivery.files),
        )
        checker.run(lambda name: self.progress.enter(Status.CHECKING, name))
        return checker

    # -- loading

    def _load(self, delivery: Delivery, checker: Checker) -> None:
        self.progress.enter(Status.APPLYING)
        with transaction.atomic():
            position = hold_book()
            checker.business_date = position.business_date
            states.lock_states_of_changes()
            # The site may have posted on these instalments since they were checked.
            if checker.refuse_frozen() and not self.sets_aside:
                raise _Refused
            first_payment, first_installment = states.next_ids()
            with bare_while_loading(applying.LOADED_TABLES, rows=self.row.rows_total):
                trail = self._write_files()
                if not position.business_date:
                    states.add_missing_states()
            if position.business_date:
                states.forget_days_expected(first_installment)
                self._rebuild(position.business_date, first_payment, first_installment)
                states.add_missing_states()
            if "accounts.csv" in self.totals:
                states.carry_refusals()
            self._count()
            if self.sets_aside and self.log.error_count:
                self._set_aside(delivery)
            self._note_arrivals({name: totals.records for name, totals in self.totals.items()})
            self._audit()
            self._finish(Status.APPLIED)
            announce(trail.platform_told)

    def _write_files(self) -> applying.Trail:
        trail = applying.Trail(self.actor, f"import {self.row.pk} of {self.row.source_name}")
        steps = {
            "products.csv": applying.apply_products,
            "customers.csv": applying.apply_customers,
            "accounts.csv": applying.apply_accounts,
            "installments.csv": applying.apply_installments,
            "payments.csv": applying.apply_payments,
            "applications.csv": load_applications,
        }
        for name, apply in steps.items():
            if name in self.totals:
                self.progress.enter(Status.APPLYING, name)
                self.written[name] = apply(trail)
        return trail

    def _rebuild(self, business_date: date, first_payment: int, first_installment: int) -> None:
        touched = states.find_touched(
            open_day=business_date + timedelta(days=1),
            business_date=business_date,
            first_new_payment=first_payment,
            first_new_installment=first_installment,
        )
        for chunk in _chunks(touched, _REBUILT_AT_A_TIME):
            self.progress.enter(Status.APPLYING, REBUILD_STEP)
            rebuild_where_they_stand(chunk, business_date=business_date)
        if len(touched) <= MOST_TOLD:
            tell_facts_changed(touched)
        else:
            self.log.add(Problem("placed_at_close", "", params={"accounts": len(touched), "limit": MOST_TOLD}, is_error=False))

    def _conclude_dry_run(self, delivery: Delivery) -> None:
        self._count_dry()
        if self.sets_aside and self.log.error_count:
            self._set_aside(delivery)
        self._finish(Status.CHECKED if not self.log.error_count else Status.REFUSED)

    # -- the end

    def _count(self) -> None:
        refused, repeats = _staged_counts("stage_refused"), _staged_counts("stage_repeats")
        for name, totals in self.totals.items():
            written = self.written.get(name, applying.Written(0, 0))
            kept = totals.records - refused[name] - repeats[name]
            self.row.counts[name] = {
                "rows": totals.records,
                "added": written.added,
                "changed": written.changed,
                "unchanged": kept - written.added - written.changed,
                "refused": refused[name],
                "repeated": repeats[name],
            }

    def _count_dry(self) -> None:
        refused, repeats = _staged_counts("stage_refused"), _staged_counts("stage_repeats")
        for name, totals in self.totals.items():
            self.row.counts[name] = {
                "rows": totals.records,
                **applying.would_write(FORMAT_BY_NAME[name]),
                "refused": refused[name],
                "repeated": repeats[name],
            }

    def _set_aside(self, delivery: Delivery) -> None:
        folder = Path(settings.VAR_DIR) / "imports" / str(self.row.pk)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "quarantine.zip"
        write_quarantine(path, delivery, self.log)
        self.row.quarantine_path = str(path)

    def _note_arrivals(self, rows: dict[str, int]) -> None:
        """Record the feeds that came, for the day that the manifest says; without one nobody knows which day they are of.

        One of which rows were set aside has not come: among them may be the payment of somebody whom the close would dun.
        """
        for name, count in rows.items():
            said = self.manifest.get(name)
            refused = self.row.counts[name]["refused"]
            if said is None or not said.business_date:
                self._warn_if_expected(Problem("feed_without_day", name, is_error=False))
                continue
            if refused:
                params = {"refused": refused, "day": said.business_date}
                self._warn_if_expected(Problem("feed_not_whole", name, params=params, is_error=False))
                continue
            total = total_text(said.amount_units) if said.amount_units is not None else ""
            day = date.fromisoformat(said.business_date)
            record_arrival(file_name=name, business_date=day, rows=count, amount_total=total, import_id=self.row.pk)

    def _warn_if_expected(self, problem: Problem) -> None:
        if Feed.objects.filter(file_name=problem.file, is_expected=True).exists():
            self.log.add(problem)

    def _audit(self) -> None:
        record(
            actor=self.actor,
            action=IMPORT_PORTFOLIO,
            subject_type="import",
            subject_key=str(self.row.pk),
            after={"source": self.row.source_name, "on_error": self.row.on_error, "files": self.row.counts},
        )

    def _refuse(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            self.log.add(problem)
        for name, totals in self.totals.items():
            counts = {"rows": totals.records, "added": 0, "changed": 0, "unchanged": 0, "refused": totals.records, "repeated": 0}
            self.row.counts[name] = counts
        self.row.quarantine_path = ""
        self._finish(Status.REFUSED)

    def _fail(self, failure: str) -> None:
        self.row.failure = f"{failure}; nothing was loaded"
        self.row.counts, self.row.quarantine_path = {}, ""
        self._finish(Status.FAILED)

    def _finish(self, status: str) -> None:
        row = self.row
        row.status, row.step, row.finished_at = status, "", timezone.now()
        row.rows_done = max(row.rows_done, row.rows_total) if status in (Status.APPLIED, Status.CHECKED) else row.rows_done
        row.error_count, row.warning_count = self.log.error_count, self.log.warning_count
        row.save()
        kept = (self.log.errors + self.log.warnings)[:STORED_ISSUES]
        ImportIssue.objects.bulk_create([issue(row, problem) for problem in kept])


def _staged_counts(table: str) -> Counter[str]:
    """Return the number of records of each file in a table of lines."""
    return Counter(dict(fetch(f"SELECT file, COUNT(DISTINCT line) FROM {table} GROUP BY file")))


def _last_change() -> PortfolioImport | None:
    """Return the last import that changed the book."""
    for row in PortfolioImport.objects.filter(status=Status.APPLIED, is_dry_run=False).order_by("-pk").iterator(chunk_size=50):
        if any(counts["added"] or counts["changed"] for counts in row.counts.values()):
            return row
    return None


def _chunks(ids: Sequence[int], size: int) -> Iterator[list[int]]:
    rest = iter(ids)
    while chunk := list(islice(rest, size)):
        yield chunk
