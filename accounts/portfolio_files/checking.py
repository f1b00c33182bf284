"""Staged rows against each other and against the book, set by set: no check runs row by row.

Every check is a condition on a file's rows joined with what they speak of. One statement finds the rows that break any of
them; only if there are such rows is each check asked for its part. What is bad leaves the file's staging table and is noted
in stage_refused, where the rows of the files after it find that their parent was refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from accounts.models import Product
from accounts.portfolio_files import formats
from accounts.portfolio_files.cells import packed_text
from accounts.portfolio_files.formats import ACCOUNTS, APPLICATIONS, CUSTOMERS, INSTALLMENTS, PAYMENTS, PRODUCTS, FileFormat
from accounts.portfolio_files.log import ProblemLog
from accounts.portfolio_files.problems import Problem
from accounts.portfolio_files.staging import columns_of, write_rows
from riskops.shared.day import LAST_DAY
from riskops.shared.money import minor_digits, plain_amount
from riskops.shared.sql import boolean, date_literal, days_between, execute, fetch, is_postgresql

#: What 63 bits hold, a little less: compared with a product that is a float on SQLite.
_MOST_MICRO: Final = "9200000000000000000"


class Check(NamedTuple):
    """A rule that rows can break.

    :param condition: SQL over `s` (the staged row) and what is joined to it; true for a bad row
    :param value: SQL of the value to show, in the way that `shown` says
    :param params: SQL of each parameter of the message
    """

    code: str
    column: str
    condition: str
    value: str = "''"
    params: Mapping[str, str] = {}
    shown: Callable[[Any], str] = str


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
        checks = {
            PRODUCTS: self._products,
            CUSTOMERS: lambda: None,
            ACCOUNTS: self._accounts,
            INSTALLMENTS: self._installments,
            PAYMENTS: self._payments,
            APPLICATIONS: self._applications,
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
            told = {name: _plain(parameter) for name, parameter in zip(check.params, parameters, strict=True)}
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
        for row in fetch(f"SELECT * FROM {PRODUCTS.stage} ORDER BY line"):
            staged = dict(zip(columns, row, strict=True))
            book = Product.objects.filter(product_code=staged["product_code"]).first()
            if book is None:
                continue
            changed = [name for name in columns[3:-2] if staged[name] != getattr(book, name)]
            for name in changed:
                value, params = _product_value(name, staged[name]), {"book": _product_value(name, getattr(book, name))}
                column = "penalty_cap_percent" if name == "penalty_cap_bp" else name
                problem = Problem("product_changed", PRODUCTS.name, staged["line"], column, value, {"column": column, **params})
                self.log.add(problem)
            if changed:
                write_rows("stage_refused", [(PRODUCTS.name, staged["line"], book.product_code, "", "", True)])

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

    # -- accounts

    def _accounts(self) -> None:
        book = (
            "LEFT JOIN stage_terms AS t ON t.product_code = s.product_code "
            f"LEFT JOIN {CUSTOMERS.stage} AS sc ON sc.customer_no = s.customer_no "
            "LEFT JOIN accounts_customer AS c ON c.customer_no = s.customer_no "
            "LEFT JOIN accounts_creditaccount AS b ON b.account_no = s.account_no "
            "LEFT JOIN accounts_customer AS bc ON bc.id = b.customer_id "
            "LEFT JOIN accounts_product AS bp ON bp.id = b.product_id"
        )
        no_customer, no_product = "sc.customer_no IS NULL AND c.id IS NULL", "t.product_code IS NULL"
        changed = ("customer_no", "bc.customer_no"), ("product_code", "bp.product_code"), ("opened_on", "b.opened_on")
        self._check(
            ACCOUNTS,
            book,
            [
                *_parent(CUSTOMERS, "customer", no_customer, "s.customer_no"),
                *_parent(PRODUCTS, "product", no_product, "s.product_code"),
                _too_many_decimals("credit_limit", "t"),
                *(
                    Check(
                        "account_changed",
                        name,
                        f"{old} <> s.{name}",
                        f"s.{name}",
                        {"column": f"'{name}'", "book": old},
                        _plain_text,
                    )
                    for name, old in changed
                ),
            ],
        )

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
        no_account = "d.account_no IS NULL"
        base = "CASE WHEN d.on_interest THEN s.principal / 10 + s.interest / 10 ELSE s.principal / 10 END"
        # 1.0 makes it a number that cannot overflow on either database.
        grows_to = f"({base}) / d.divisor * 1.0 * d.rate_ppm * {days_between(date_literal(LAST_DAY), 's.due_date')}"
        cap = "s.principal / 10 / d.divisor * 1.0 * d.cap_bp * 100"
        self._check(
            INSTALLMENTS,
            _DIRECTORY,
            [
                *_parent(ACCOUNTS, "account", no_account, "s.account_no"),
                *(_too_many_decimals(name, "d") for name in INSTALLMENTS.amounts),
                Check(
                    "booked_default_after_due",
                    "due_date",
                    "s.booked_on IS NULL AND d.opened_on > s.due_date",
                    "s.due_date",
                    {"due_date": "s.due_date", "opened_on": "d.opened_on"},
                    _plain_text,
                ),
                Check(
                    "penalty_overflow",
                    "principal",
                    f"d.rate_ppm > 0 AND ({grows_to} > {_MOST_MICRO} OR (d.cap_bp IS NOT NULL AND {cap} > {_MOST_MICRO}))",
                    "s.principal",
                    shown=packed_text,
                ),
            ],
        )
        self._drop_refused(INSTALLMENTS)
        if fetch("SELECT 1 FROM stage_directory WHERE account_id IS NOT NULL LIMIT 1"):
            find_changed_installments()
            self.refuse_frozen()

    def refuse_frozen(self) -> int:
        """Refuse changes of instalments that may change no more; return their number."""
        closed = f"i.due_date <= {date_literal(self.business_date)}" if self.business_date else boolean(False)
        paid = (
            "(i.principal_unpaid_minor <> i.principal_minor OR i.interest_unpaid_minor <> i.interest_minor "
            "OR i.fee_unpaid_minor <> i.fee_minor OR i.penalty_settled_minor > 0)"
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
                params |= {"due_date": _plain(due_date), "business_date": _plain(self.business_date)}
            self.log.add(Problem(code, INSTALLMENTS.name, line, name, said, params))
        self.log.count(True, found - len(rows))
        self._drop_refused(INSTALLMENTS)
        execute(f"DELETE FROM stage_changed_installments WHERE line NOT IN (SELECT line FROM {INSTALLMENTS.stage})")
        return found

    # -- payments

    def _payments(self) -> None:
        no_account = "d.account_no IS NULL"
        self._check(
            PAYMENTS,
            _DIRECTORY,
            [
                *_parent(ACCOUNTS, "account", no_account, "s.account_no"),
                _too_many_decimals("amount", "d"),
                Check(
                    "paid_before_opening",
                    "paid_on",
                    "s.paid_on < d.opened_on",
                    "s.paid_on",
                    {"paid_on": "s.paid_on", "opened_on": "d.opened_on"},
                    _plain_text,
                ),
                *self._directed_at_refused(),
            ],
        )
        self._drop_refused(PAYMENTS)
        if fetch("SELECT 1 FROM accounts_payment LIMIT 1"):
            self._changed_payments()
            self._drop_refused(PAYMENTS)
        if fetch(f"SELECT 1 FROM {PAYMENTS.stage} WHERE reverses <> '' LIMIT 1"):
            self._reversals()

    def _directed_at_refused(self) -> list[Check]:
        """A payment directed at an instalment that was refused waits for it; one that nobody has ever heard of does not."""
        if not fetch(f"SELECT 1 FROM stage_refused WHERE file = '{INSTALLMENTS.name}' AND key_1 IS NOT NULL LIMIT 1"):
            return []
        same = "s.account_no = {0}.account_no AND s.order_no = {0}.order_no AND s.sequence = {0}.sequence"
        condition = (
            f"s.order_no <> '' AND EXISTS (SELECT 1 FROM stage_refused AS r WHERE r.file = '{INSTALLMENTS.name}' "
            "AND r.key_1 = s.account_no AND r.key_2 = s.order_no AND r.key_3 = CAST(s.sequence AS text)) "
            f"AND NOT EXISTS (SELECT 1 FROM {INSTALLMENTS.stage} AS si WHERE {same.format('si')}) "
            "AND NOT EXISTS (SELECT 1 FROM accounts_installment AS i WHERE i.account_id = d.account_id "
            "AND i.order_no = s.order_no AND i.sequence = s.sequence)"
        )
        named = "s.account_no || ' ' || s.order_no || ' ' || CAST(s.sequence AS text)"
        return [Check("refused_installment", "order_no", condition, "s.order_no", {"key": named})]

    def _changed_payments(self) -> None:
        joined = (
            "JOIN accounts_payment AS b ON b.payment_no = s.payment_no AND b.content_hash <> s.content_hash "
            "JOIN accounts_creditaccount AS ba ON ba.id = b.account_id "
            "JOIN stage_terms AS t ON t.product_id = ba.product_id LEFT JOIN accounts_payment AS r ON r.id = b.reverses_id"
        )
        amount = "b.amount_minor * t.divisor"
        compared = {
            "account_no": ("s.account_no", "ba.account_no"),
            "paid_on": ("s.paid_on", "b.paid_on"),
            "order_no": ("s.order_no", "b.order_no"),
            "sequence": ("COALESCE(s.sequence, 0)", "COALESCE(b.sequence, 0)"),
            "reverses": ("s.reverses", "COALESCE(r.payment_no, '')"),
        }
        checks = [
            Check("payment_changed", name, f"{new} <> {old}", new, {"column": f"'{name}'", "book": old}, _plain_text)
            for name, (new, old) in compared.items()
        ]
        checks.append(
            Check(
                "payment_changed",
                "amount",
                f"s.amount / 10 <> {amount}",
                "s.amount",
                {"column": "'amount'", "book": _amount_sql("b.amount_minor", "t.digits")},
                packed_text,
            )
        )
        checks.append(
            Check(
                "payment_changed",
                f"{formats.ATTRIBUTE_PREFIX}…",
                attributes_differ("b", "s"),
                "s.attributes",
                {"column": f"'{formats.ATTRIBUTE_PREFIX}…'", "book": "COALESCE(CAST(b.attributes AS text), '')"},
            )
        )
        self._check(PAYMENTS, joined, checks)

    def _reversals(self) -> None:
        """Check reversals against what they undo, wherever it is: in the delivery, or in the book."""
        joined = (
            f"LEFT JOIN {PAYMENTS.stage} AS o ON o.payment_no = s.reverses AND s.reverses <> '' "
            "LEFT JOIN stage_directory AS od ON od.account_no = o.account_no "
            "LEFT JOIN accounts_payment AS b ON b.payment_no = s.reverses AND s.reverses <> '' "
            "LEFT JOIN accounts_creditaccount AS ba ON ba.id = b.account_id "
            "LEFT JOIN stage_terms AS t ON t.product_id = ba.product_id "
            "LEFT JOIN accounts_payment AS br ON br.reverses_id = b.id"
        )
        account, paid_on = "COALESCE(o.account_no, ba.account_no)", "COALESCE(o.paid_on, b.paid_on)"
        units = "COALESCE(o.amount / 10, b.amount_minor * t.divisor)"
        amount = (
            f"CASE WHEN o.line IS NULL THEN {_amount_sql('b.amount_minor', 't.digits')} "
            f"ELSE {_amount_sql('o.amount / 10 / od.divisor', 'od.digits')} END"
        )
        twins = (
            f" LEFT JOIN (SELECT reverses, MIN(line) AS first_line, MAX(line) AS last_line FROM {PAYMENTS.stage} "
            "WHERE reverses <> '' GROUP BY reverses HAVING COUNT(*) > 1) AS tw ON tw.reverses = s.reverses"
        )
        undone = {"reverses": "s.reverses"}
        # Partial, or SQLite would use it for all the payments that reverse nothing, once for each account of the book.
        execute(f"CREATE INDEX stage_payments_reverses ON {PAYMENTS.stage} (reverses) WHERE reverses <> ''")
        missing = "s.reverses <> '' AND o.line IS NULL AND b.id IS NULL"
        checks = [
            *_parent(PAYMENTS, "payment", missing, "s.reverses", column="reverses"),
            Check("reversal_of_reversal", "reverses", "o.reverses <> '' OR b.reverses_id IS NOT NULL", "s.reverses", undone),
            Check(
                "reversed_already",
                "reverses",
                "br.payment_no <> s.payment_no",
                "s.reverses",
                {**undone, "other": "br.payment_no"},
            ),
            Check(
                "reversal_other_account", "account_no", f"s.account_no <> {account}", "s.account_no", {**undone, "other": account}
            ),
            Check(
                "reversal_other_amount",
                "amount",
                f"s.amount / 10 <> {units}",
                "s.amount",
                {**undone, "other": amount},
                packed_text,
            ),
            Check(
                "reversal_too_early", "paid_on", f"s.paid_on < {paid_on}", "s.paid_on", {**undone, "other": paid_on}, _plain_text
            ),
        ]
        self._check(PAYMENTS, joined, checks)
        # Only now: a reversal that is bad by itself is no reason to refuse another one of the same payment.
        self._drop_refused(PAYMENTS)
        twice = "tw.first_line IS NOT NULL AND br.id IS NULL"
        other = {**undone, "other": "CASE WHEN s.line = tw.first_line THEN tw.last_line ELSE tw.first_line END"}
        self._check(PAYMENTS, joined + twins, [Check("reversed_twice", "reverses", twice, "s.reverses", other)])

    # -- applications

    def _applications(self) -> None:
        """Check who applies, for what and on which texts; a person has one open application at a time, here and in the book."""
        joined = (
            "LEFT JOIN stage_terms AS t ON t.product_code = s.product_code "
            "LEFT JOIN accounts_application AS b ON b.application_no = s.application_no "
            "LEFT JOIN accounts_customer AS c ON c.customer_no = s.customer_no AND s.customer_no <> ''"
        )
        open_day = self.business_date + timedelta(days=1) if self.business_date else LAST_DAY
        is_new = "b.id IS NULL"
        # A person is known by the identity they apply with, by the customer they are sent as, or by the customer of that
        # identity: a look-up by index for each, which one condition with OR would not be.
        rivals = [
            "FROM accounts_application AS o WHERE o.status IN ('received', 'proposed', 'in_approval') "
            f"AND o.application_no <> s.application_no AND {same}"
            for same in (
                "o.national_id_index = s.national_id_index",
                "o.customer_id = c.id",
                "o.customer_id IN (SELECT k.id FROM accounts_customer AS k WHERE k.national_id_index = s.national_id_index)",
            )
        ]
        twins = (
            f"FROM {APPLICATIONS.stage} AS x WHERE x.line <> s.line AND (x.national_id_index = s.national_id_index "
            "OR (x.customer_no = s.customer_no AND x.customer_no <> '')) AND NOT EXISTS "
            "(SELECT 1 FROM accounts_application AS xb WHERE xb.application_no = x.application_no)"
        )
        checks = [
            *_parent(PRODUCTS, "product", "t.product_code IS NULL", "s.product_code"),
            *(_too_many_decimals(name, "t") for name in ("requested_limit", "declared_income", "bureau_debt")),
            Check("application_changed", "application_no", "b.content_hash <> s.content_hash", "s.application_no"),
            Check(
                "application_open",
                "application_no",
                f"{is_new} AND ({' OR '.join(f'EXISTS (SELECT 1 {rival})' for rival in rivals)})",
                "s.application_no",
                {"other": f"COALESCE({', '.join(f'(SELECT MIN(o.application_no) {rival})' for rival in rivals)})"},
            ),
            Check(
                "application_twice",
                "application_no",
                f"{is_new} AND EXISTS (SELECT 1 {twins})",
                "s.application_no",
                {"other": f"(SELECT MIN(x.line) {twins})"},
            ),
            Check(
                "application_other_person",
                "customer_no",
                f"{is_new} AND c.national_id_index <> s.national_id_index",
                "s.customer_no",
                {"key": "s.customer_no"},
            ),
        ]
        for kind in ("agreement", "disclosure"):
            version = (
                f"FROM accounts_agreementversion AS v WHERE v.kind = '{kind}' AND v.code = s.{kind} "
                "AND (v.product_id IS NULL OR v.product_id = t.product_id)"
            )
            named = f"{is_new} AND s.{kind} <> ''"
            checks += [
                Check(
                    "unknown_agreement", kind, f"{named} AND NOT EXISTS (SELECT 1 {version})", f"s.{kind}", {"key": f"s.{kind}"}
                ),
                Check(
                    "accepted_out_of_time",
                    "accepted_on",
                    f"{named} AND EXISTS (SELECT 1 {version} AND (v.published_on > s.accepted_on "
                    f"OR s.accepted_on > {date_literal(open_day)}))",
                    "s.accepted_on",
                    {"open_day": date_literal(open_day)},
                    _plain_text,
                ),
            ]
        if self.business_date is None:
            checks.append(Check("application_without_day", "application_no", is_new, "s.application_no"))
        self._check(APPLICATIONS, joined, checks)


#: A control character, which no key and no text of one line can start with.
_AMOUNT_MARK: Final = "\x01"
#: What a row of instalments or payments needs to know of its account.
_DIRECTORY: Final = "LEFT JOIN stage_directory AS d ON d.account_no = s.account_no"


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


def attributes_differ(book: str, staged: str) -> str:
    """Return SQL for whether the attributes of a row of the book differ from those of a staged row (none: null or empty)."""
    if is_postgresql():
        return f"COALESCE({book}.attributes, '{{}}'::jsonb) <> COALESCE({staged}.attributes::jsonb, '{{}}'::jsonb)"
    return f"json(COALESCE({book}.attributes, '{{}}')) <> json(COALESCE({staged}.attributes, '{{}}'))"


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


def _parent(form: FileFormat, word: str, missing: str, key: str, *, column: str | None = None) -> list[Check]:
    """Return the two checks of a parent that is not there: refused in this delivery, or unknown."""
    refused = f"EXISTS (SELECT 1 FROM stage_refused AS r WHERE r.file = '{form.name}' AND r.key_1 = {key})"
    column = column or form.key[0]
    return [
        Check(f"refused_{word}", column, f"{missing} AND {refused}", key, {"key": key}),
        Check(f"unknown_{word}", column, f"{missing} AND NOT {refused}", key, {"key": key}),
    ]


def _too_many_decimals(name: str, terms: str) -> Check:
    return Check(
        "amount_decimals",
        name,
        f"s.{name} % 10 > {terms}.digits",
        f"s.{name}",
        {"found": f"s.{name} % 10", "limit": f"{terms}.digits", "currency": f"{terms}.currency"},
        packed_text,
    )


def _amount_sql(minor: str, digits: str) -> str:
    """Return SQL of an amount as "mark minor/digits"; `_plain` writes it out."""
    return f"'{_AMOUNT_MARK}' || CAST({minor} AS text) || '/' || CAST({digits} AS text)"


def _plain(value: Any) -> Any:
    """Return a value of the database as messages show it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_AMOUNT_MARK):
        minor, digits = value[1:].split("/")
        return plain_amount(int(minor), digits=int(digits))
    return value


def _plain_text(value: Any) -> str:
    return str(_plain(value))


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
            return name, _plain_text(said), _plain_text(book)
    return names[-1], _plain_text(new[-1]), _plain_text(old[-1])
