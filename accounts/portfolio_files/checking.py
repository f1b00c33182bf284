"""Staged rows against each other and against the book, set by set: no check runs row by row.

Every check is a condition on a file's rows joined with what they speak of. One statement finds the rows that break any of
them; only if there are such rows is each check asked for its part. What is bad leaves the file's staging table and is noted
in stage_refused, where the rows of the files after it find that their parent was refused. The checks themselves:
accounts/portfolio_files/checks.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from accounts.models import Product
from accounts.portfolio_files import formats
from accounts.portfolio_files.checks import (
    Check,
    account_checks,
    application_checks,
    attributes_differ,
    changed_payment_checks,
    installment_checks,
    payment_checks,
    plain,
    plain_text,
    reversal_checks,
    second_reversal_checks,
)
from accounts.portfolio_files.formats import ACCOUNTS, APPLICATIONS, CUSTOMERS, INSTALLMENTS, PAYMENTS, PRODUCTS, FileFormat
from accounts.portfolio_files.log import ProblemLog
from accounts.portfolio_files.problems import Problem
from accounts.portfolio_files.staging import columns_of, write_rows
from accounts.queries.conduct_figures import conduct_figures
from accounts.rules.conduct_figures import ConductCode
from accounts.rules.yearly_cost import is_over_line, simple_yearly_ppm
from riskops.shared.money import minor_digits, plain_amount
from riskops.shared.sql import boolean, date_literal, execute, fetch, is_postgresql


@dataclass(slots=True)
class Checker:
    """The checks of one delivery.

    :param reports_dependants: say of every row whose parent was refused that it was; else only count the parents
    """

    log: ProblemLog
    business_date: date | None
    reports_dependants: bool
    present: frozenset[str] = frozenset()
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def run(self, step: Callable[[str], None]) -> None:
        """Check everything, parents first; `step` is told the file that is being checked."""
        # Each row whose parent is missing asks whether it was refused: with many of both, a look at all of them takes hours.
        execute("CREATE INDEX stage_refused_key ON stage_refused (file, key_1, key_2, key_3)")
        checks: dict[FileFormat, Callable[[], None]] = {
            PRODUCTS: self._products,
            CUSTOMERS: lambda: None,
            ACCOUNTS: lambda: self._check(ACCOUNTS, *account_checks()),
            INSTALLMENTS: self._installments,
            PAYMENTS: self._payments,
            APPLICATIONS: lambda: self._check(APPLICATIONS, *application_checks(self.business_date)),
        }
        for form, check in checks.items():
            if form.name in self.present:
                step(form.name)
                self._repeats(form)
                check()
                self._drop_refused(form)
            if form is PRODUCTS:
                self._fill_terms()
            if form is ACCOUNTS:
                self._fill_directory()

    # -- the machinery

    def _check(self, form: FileFormat, joined: str, checks: Sequence[Check]) -> None:
        """Refuse the rows that break any of the checks, with a problem for each check they break."""
        table = f"{form.stage} AS s {joined}"
        execute("DELETE FROM stage_suspects")
        any_of = " OR ".join(f"({check.condition})" for check in checks)
        if not execute(f"INSERT INTO stage_suspects SELECT s.line FROM {table} WHERE {any_of}"):
            return
        if is_postgresql():
            execute("ANALYZE stage_suspects")
        for check in checks:
            self._report(form, table, check)

    def _report(self, form: FileFormat, table: str, check: Check) -> None:
        is_root = not check.code.startswith("refused_")
        where = f"WHERE s.line IN (SELECT line FROM stage_suspects) AND ({check.condition})"
        found = execute(
            f"INSERT INTO stage_refused SELECT '{form.name}', s.line, {_keys(form)}, {boolean(is_root)} FROM {table} {where}"
        )
        if not found or not (is_root or self.reports_dependants):
            return
        room = min(found, self.log.room(is_error=True))
        params = "".join(f", {expression}" for expression in check.params.values())
        rows = fetch(f"SELECT s.line, {check.value}{params} FROM {table} {where} ORDER BY s.line LIMIT {room:d}")
        for line, value, *parameters in rows:
            shown = "" if value is None else check.shown(value)
            told = {name: plain(parameter) for name, parameter in zip(check.params, parameters, strict=True)}
            self.log.add(Problem(check.code, form.name, line, check.column, shown, told))
        self.log.count(True, found - len(rows))

    def _drop_refused(self, form: FileFormat) -> None:
        named = f"FROM stage_refused WHERE file = '{form.name}'"
        if fetch(f"SELECT 1 {named} LIMIT 1"):
            if is_postgresql():
                # Without its size the planner looks through all of it for each row of the files to come.
                execute("ANALYZE stage_refused")
            execute(f"DELETE FROM {form.stage} WHERE line IN (SELECT line {named})")
            if is_postgresql():
                execute(f"ANALYZE {form.stage}")

    # -- one file by itself

    def _repeats(self, form: FileFormat) -> None:
        """Drop further copies of a row with a warning; refuse keys that came with different content."""
        keys = ", ".join(form.key)
        if is_postgresql():
            execute(f"ANALYZE {form.stage}")
        else:
            # PostgreSQL hashes; SQLite needs an order, for this and for every join to come.
            execute(f"CREATE INDEX {form.stage}_key ON {form.stage} ({keys})")
        execute("DELETE FROM stage_groups")
        # The three key columns of a group are the texts of the file's key, the last ones empty.
        found = execute(
            f"INSERT INTO stage_groups SELECT {_keys(form)}, MIN(s.line), MAX(s.line), {boolean(False)} "
            f"FROM {form.stage} AS s GROUP BY {keys} HAVING COUNT(*) > 1"
        )
        if not found:
            return
        same_key = _same_key(form)
        differing = " OR ".join(f"MIN({content}) <> MAX({content})" for content in _contents(form))
        execute(
            f"UPDATE stage_groups SET differs = {boolean(True)} WHERE first_line IN ("
            f"SELECT g.first_line FROM {form.stage} AS s JOIN stage_groups AS g ON {same_key} "
            f"GROUP BY g.first_line HAVING {differing})"
        )
        self._check(
            form,
            f"JOIN stage_groups AS g ON {same_key}",
            [
                Check(
                    "duplicate_key",
                    form.key[-1],
                    "g.differs",
                    _key_text(form),
                    {
                        "key": _key_text(form),
                        "other": "CASE WHEN s.line = g.first_line THEN g.last_line ELSE g.first_line END",
                        "columns": f"'{keys}'",
                    },
                )
            ],
        )
        self._drop_copies(form, same_key)

    def _drop_copies(self, form: FileFormat, same_key: str) -> None:
        copies = f"FROM {form.stage} AS s JOIN stage_groups AS g ON {same_key} WHERE NOT g.differs AND s.line <> g.first_line"
        found = execute(f"INSERT INTO stage_repeats SELECT '{form.name}', s.line {copies}")
        rows = fetch(f"SELECT s.line, g.first_line {copies} ORDER BY s.line LIMIT {self.log.room(is_error=False):d}")
        for line, first in rows:
            self.log.add(Problem("duplicate_row", form.name, line, params={"first": first}, is_error=False))
        self.log.count(False, found - len(rows))
        execute(f"DELETE FROM {form.stage} WHERE line IN (SELECT line FROM stage_repeats WHERE file = '{form.name}')")

    # -- products

    def _products(self) -> None:
        """Refuse products that the book holds with other terms. There are few of them, so they are compared one by one."""
        columns = columns_of(PRODUCTS.stage)
        line_bp = conduct_figures()[ConductCode.YEARLY_COST_LINE]
        for row in fetch(f"SELECT * FROM {PRODUCTS.stage} ORDER BY line"):
            staged = dict(zip(columns, row, strict=True))
            book = Product.objects.filter(product_code=staged["product_code"]).first()
            if book is None:
                self._warn_of_yearly_cost(staged, line_bp)
                continue
            changed = [name for name in columns[3:-2] if staged[name] != getattr(book, name)]
            for name in changed:
                value, params = _product_value(name, staged[name]), {"book": _product_value(name, getattr(book, name))}
                column = "penalty_cap_percent" if name == "penalty_cap_bp" else name
                problem = Problem("product_changed", PRODUCTS.name, staged["line"], column, value, {"column": column, **params})
                self.log.add(problem)
            if changed:
                write_rows("stage_refused", [(PRODUCTS.name, staged["line"], book.product_code, "", "", True)])

    def _warn_of_yearly_cost(self, staged: dict[str, Any], line_bp: int) -> None:
        """Say of a new product that lateness costs more a year than the line; it is loaded all the same."""
        rate = staged["penalty_rate_ppm"]
        if is_over_line(rate, line_bp):
            yearly = f"{simple_yearly_ppm(rate) / 10_000:.2f}"
            params = {"rate": rate, "yearly": yearly, "line": f"{line_bp / 100:.2f}"}
            place = (PRODUCTS.name, staged["line"], "penalty_rate_ppm", str(rate))
            self.log.add(Problem("yearly_cost_over_line", *place, params, is_error=False))

    def _fill_terms(self) -> None:
        """Gather the terms of all products: those of the book, those that come, and the built-in one."""
        terms: dict[str, tuple[int | None, str, int, bool, int | None]] = {}
        for product in Product.objects.all():
            on_interest = product.penalty_base == Product.PenaltyBase.PRINCIPAL_INTEREST
            terms[product.product_code] = (
                product.pk, product.currency, product.penalty_rate_ppm, on_interest, product.penalty_cap_bp
            )  # fmt: skip
        names = "product_code, currency, penalty_rate_ppm, penalty_base, penalty_cap_bp"
        for code, currency, rate, base, cap in fetch(f"SELECT {names} FROM {PRODUCTS.stage}"):
            terms.setdefault(code, (None, currency, rate, base == Product.PenaltyBase.PRINCIPAL_INTEREST, cap))
        refused = f"file = '{PRODUCTS.name}' AND key_1 = '{formats.BUILT_IN_PRODUCT}'"
        if not fetch(f"SELECT 1 FROM stage_refused WHERE {refused} LIMIT 1"):
            built_in = Product()
            terms.setdefault(
                formats.BUILT_IN_PRODUCT,
                (None, built_in.currency, built_in.penalty_rate_ppm, False, built_in.penalty_cap_bp),
            )
        rows = []
        for code, (pk, currency, rate, on_interest, cap) in terms.items():
            digits = minor_digits(currency)
            rows.append((code, pk, currency, digits, 10 ** (4 - digits), rate, on_interest, cap))
        write_rows("stage_terms", rows)

    # -- the accounts that are spoken of

    def _fill_directory(self) -> None:
        """Gather the accounts that instalments and payments speak of: those that come, then those of the book."""
        terms = "t.currency, t.digits, t.divisor, t.rate_ppm, t.on_interest, t.cap_bp"
        execute(
            f"INSERT INTO stage_directory SELECT s.account_no, b.id, s.opened_on, {terms} FROM {ACCOUNTS.stage} AS s "
            "JOIN stage_terms AS t ON t.product_code = s.product_code "
            "LEFT JOIN accounts_creditaccount AS b ON b.account_no = s.account_no"
        )
        execute("CREATE INDEX stage_directory_key ON stage_directory (account_no)")
        named = " UNION ".join(f"SELECT account_no FROM {form.stage}" for form in (INSTALLMENTS, PAYMENTS))
        execute(
            f"INSERT INTO stage_directory SELECT b.account_no, b.id, b.opened_on, {terms} FROM ({named}) AS n "
            "JOIN accounts_creditaccount AS b ON b.account_no = n.account_no "
            "JOIN stage_terms AS t ON t.product_id = b.product_id "
            "WHERE NOT EXISTS (SELECT 1 FROM stage_directory AS d WHERE d.account_no = n.account_no)"
        )
        if is_postgresql():
            execute("ANALYZE stage_directory")

    # -- instalments

    def _installments(self) -> None:
        self._check(INSTALLMENTS, *installment_checks())
        self._drop_refused(INSTALLMENTS)
        if fetch("SELECT 1 FROM stage_directory WHERE account_id IS NOT NULL LIMIT 1"):
            find_changed_installments()
            self.refuse_frozen()

    def refuse_frozen(self) -> int:
        """Refuse changes of instalments that may change no more; return their number."""
        closed = f"i.due_date <= {date_literal(self.business_date)}" if self.business_date else boolean(False)
        paid = (
            "(i.principal_unpaid_minor <> i.principal_minor OR i.interest_unpaid_minor <> i.interest_minor "
            "OR i.fee_unpaid_minor <> i.fee_minor OR i.penalty_settled_minor > 0 OR i.schedule_change_id IS NOT NULL)"
        )
        frozen = (
            f"FROM stage_changed_installments AS c JOIN accounts_installment AS i ON i.id = c.installment_id "
            f"JOIN {INSTALLMENTS.stage} AS s ON s.line = c.line JOIN stage_directory AS d ON d.account_no = s.account_no "
            f"WHERE ({closed} OR {paid})"
        )
        key = _keys(INSTALLMENTS)
        found = execute(f"INSERT INTO stage_refused SELECT '{INSTALLMENTS.name}', s.line, {key}, {boolean(True)} {frozen}")
        if not found:
            return 0
        compared = ("booked_on", "due_date", "principal_minor", "interest_minor", "fee_minor", "attributes")
        new, old = (", ".join(f"{alias}.{name}" for name in compared) for alias in ("c", "i"))
        rows = fetch(
            f"SELECT c.line, d.digits, {closed}, i.due_date, {new}, {old} {frozen} "
            f"ORDER BY c.line LIMIT {self.log.room(is_error=True):d}"
        )
        for line, digits, was_due, due_date, *values in rows:
            name, said, book = _first_difference(compared, values[: len(compared)], values[len(compared) :], digits)
            params = {"column": name, "book": book}
            code = "installment_frozen_paid"
            if was_due:
                code = "installment_frozen_due"
                params |= {"due_date": plain(due_date), "business_date": plain(self.business_date)}
            self.log.add(Problem(code, INSTALLMENTS.name, line, name, said, params))
        self.log.count(True, found - len(rows))
        self._drop_refused(INSTALLMENTS)
        execute(f"DELETE FROM stage_changed_installments WHERE line NOT IN (SELECT line FROM {INSTALLMENTS.stage})")
        return found

    # -- payments

    def _payments(self) -> None:
        self._check(PAYMENTS, *payment_checks())
        self._drop_refused(PAYMENTS)
        if fetch("SELECT 1 FROM accounts_payment LIMIT 1"):
            self._check(PAYMENTS, *changed_payment_checks())
            self._drop_refused(PAYMENTS)
        if fetch(f"SELECT 1 FROM {PAYMENTS.stage} WHERE reverses <> '' LIMIT 1"):
            self._reversals()

    def _reversals(self) -> None:
        """Check reversals against what they undo, wherever it is: in the delivery, or in the book."""
        # Partial, or SQLite would use it for all the payments that reverse nothing, once for each account of the book.
        execute(f"CREATE INDEX stage_payments_reverses ON {PAYMENTS.stage} (reverses) WHERE reverses <> ''")
        self._check(PAYMENTS, *reversal_checks())
        # Only now: a reversal that is bad by itself is no reason to refuse another one of the same payment.
        self._drop_refused(PAYMENTS)
        self._check(PAYMENTS, *second_reversal_checks())


def find_changed_installments() -> None:
    """Note the instalments of the book that the delivery says differently."""
    execute("DELETE FROM stage_changed_installments")
    booked = "COALESCE(s.booked_on, d.opened_on)"
    amounts = {name: f"s.{name} / 10 / d.divisor" for name in INSTALLMENTS.amounts}
    differs = " OR ".join(
        [
            f"i.booked_on <> {booked}",
            "i.due_date <> s.due_date",
            *(f"i.{name}_minor <> {amount}" for name, amount in amounts.items()),
            attributes_differ("i", "s"),
        ]
    )
    execute(
        f"INSERT INTO stage_changed_installments SELECT s.line, i.id, i.account_id, {booked}, s.due_date, "
        f"{', '.join(amounts.values())}, s.attributes, s.content_hash, i.booked_on "
        f"FROM {INSTALLMENTS.stage} AS s JOIN stage_directory AS d ON d.account_no = s.account_no "
        "JOIN accounts_installment AS i ON i.account_id = d.account_id AND i.order_no = s.order_no AND i.sequence = s.sequence "
        f"WHERE i.content_hash <> s.content_hash AND ({differs})"
    )


def _keys(form: FileFormat) -> str:
    """Return SQL of the three key columns of a row, as text."""
    keys = [f"CAST(s.{name} AS text)" if name == "sequence" else f"s.{name}" for name in form.key]
    return ", ".join(keys + ["''"] * (3 - len(keys)))


def _key_text(form: FileFormat) -> str:
    return " || ' ' || ".join(f"CAST(s.{name} AS text)" for name in form.key)


def _same_key(form: FileFormat) -> str:
    texts = [f"CAST(s.{name} AS text)" if name == "sequence" else f"s.{name}" for name in form.key]
    return " AND ".join(f"{text} = g.key_{number}" for number, text in enumerate(texts, start=1))


def _contents(form: FileFormat) -> list[str]:
    """Return SQL of what makes two rows of one key the same: values, not spellings (`1.5` is `1.50`)."""
    if form in (CUSTOMERS, APPLICATIONS):
        return ["s.content_hash"]
    columns = [name for name in columns_of(form.stage) if name not in ("line", "content_hash", *form.key)]
    return [f"s.{name} / 10" if name in form.amounts else f"COALESCE(CAST(s.{name} AS text), '')" for name in columns]


def _product_value(name: str, value: Any) -> str:
    if name == "penalty_cap_bp":
        return "" if value is None else plain_amount(value, digits=2)
    return str(value)


def _first_difference(names: Sequence[str], new: Sequence[Any], old: Sequence[Any], digits: int) -> tuple[str, str, str]:
    """Return the first column in which two rows differ, as the file calls it, with both values."""
    for name, said, book in zip(names, new, old, strict=True):
        if str(said) != str(book):
            if name.endswith("_minor"):
                return name.removesuffix("_minor"), plain_amount(said, digits=digits), plain_amount(book, digits=digits)
            return name, plain_text(said), plain_text(book)
    return names[-1], plain_text(new[-1]), plain_text(old[-1])
