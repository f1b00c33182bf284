"""What can be wrong with staged rows, file by file: conditions on a file's rows joined with what they speak of.

How rows that break them are found and refused: accounts/portfolio_files/checking.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from accounts.portfolio_files import formats
from accounts.portfolio_files.cells import packed_text
from accounts.portfolio_files.formats import ACCOUNTS, APPLICATIONS, CUSTOMERS, INSTALLMENTS, PAYMENTS, PRODUCTS, FileFormat
from riskops.shared.day import LAST_DAY
from riskops.shared.money import plain_amount
from riskops.shared.sql import date_literal, days_between, fetch, is_postgresql

#: What 63 bits hold, a little less: compared with a product that is a float on SQLite.
_MOST_MICRO: Final = "9200000000000000000"
#: A control character, which no key and no text of one line can start with.
_AMOUNT_MARK: Final = "\x01"
#: What a row of instalments or payments needs to know of its account.
_DIRECTORY: Final = "LEFT JOIN stage_directory AS d ON d.account_no = s.account_no"
#: What a reversal undoes: a payment of the delivery, or of the book.
_REVERSED: Final = (
    f"LEFT JOIN {PAYMENTS.stage} AS o ON o.payment_no = s.reverses AND s.reverses <> '' "
    "LEFT JOIN stage_directory AS od ON od.account_no = o.account_no "
    "LEFT JOIN accounts_payment AS b ON b.payment_no = s.reverses AND s.reverses <> '' "
    "LEFT JOIN accounts_creditaccount AS ba ON ba.id = b.account_id "
    "LEFT JOIN stage_terms AS t ON t.product_id = ba.product_id "
    "LEFT JOIN accounts_payment AS br ON br.reverses_id = b.id"
)
_UNDONE: Final = {"reverses": "s.reverses"}


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


#: SQL of what the rows of a file are joined with, and the checks over that.
RowChecks = tuple[str, list[Check]]


def account_checks() -> RowChecks:
    """Return what accounts are joined with, and the checks of them."""
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
    return book, [
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
                plain_text,
            )
            for name, old in changed
        ),
    ]


def installment_checks() -> RowChecks:
    """Return what instalments are joined with, and the checks of them by themselves."""
    no_account = "d.account_no IS NULL"
    base = "CASE WHEN d.on_interest THEN s.principal / 10 + s.interest / 10 ELSE s.principal / 10 END"
    # 1.0 makes it a number that cannot overflow on either database.
    grows_to = f"({base}) / d.divisor * 1.0 * d.rate_ppm * {days_between(date_literal(LAST_DAY), 's.due_date')}"
    cap = "s.principal / 10 / d.divisor * 1.0 * d.cap_bp * 100"
    return _DIRECTORY, [
        *_parent(ACCOUNTS, "account", no_account, "s.account_no"),
        *(_too_many_decimals(name, "d") for name in INSTALLMENTS.amounts),
        Check(
            "booked_default_after_due",
            "due_date",
            "s.booked_on IS NULL AND d.opened_on > s.due_date",
            "s.due_date",
            {"due_date": "s.due_date", "opened_on": "d.opened_on"},
            plain_text,
        ),
        Check(
            "penalty_overflow",
            "principal",
            f"d.rate_ppm > 0 AND ({grows_to} > {_MOST_MICRO} OR (d.cap_bp IS NOT NULL AND {cap} > {_MOST_MICRO}))",
            "s.principal",
            shown=packed_text,
        ),
    ]


def payment_checks() -> RowChecks:
    """Return what payments are joined with, and the checks of them by themselves."""
    no_account = "d.account_no IS NULL"
    return _DIRECTORY, [
        *_parent(ACCOUNTS, "account", no_account, "s.account_no"),
        _too_many_decimals("amount", "d"),
        Check(
            "paid_before_opening",
            "paid_on",
            "s.paid_on < d.opened_on",
            "s.paid_on",
            {"paid_on": "s.paid_on", "opened_on": "d.opened_on"},
            plain_text,
        ),
        *_directed_at_refused(),
    ]


def _directed_at_refused() -> list[Check]:
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


def changed_payment_checks() -> RowChecks:
    """Return what payments that the book holds with other content are joined with, and the checks of what differs."""
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
        Check("payment_changed", name, f"{new} <> {old}", new, {"column": f"'{name}'", "book": old}, plain_text)
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
    return joined, checks


def reversal_checks() -> RowChecks:
    """Return what reversals are joined with, and the checks of each against the payment it undoes."""
    account, paid_on = "COALESCE(o.account_no, ba.account_no)", "COALESCE(o.paid_on, b.paid_on)"
    units = "COALESCE(o.amount / 10, b.amount_minor * t.divisor)"
    amount = (
        f"CASE WHEN o.line IS NULL THEN {_amount_sql('b.amount_minor', 't.digits')} "
        f"ELSE {_amount_sql('o.amount / 10 / od.divisor', 'od.digits')} END"
    )
    missing = "s.reverses <> '' AND o.line IS NULL AND b.id IS NULL"
    return _REVERSED, [
        *_parent(PAYMENTS, "payment", missing, "s.reverses", column="reverses"),
        Check("reversal_of_reversal", "reverses", "o.reverses <> '' OR b.reverses_id IS NOT NULL", "s.reverses", _UNDONE),
        Check(
            "reversed_already",
            "reverses",
            "br.payment_no <> s.payment_no",
            "s.reverses",
            {**_UNDONE, "other": "br.payment_no"},
        ),
        Check(
            "reversal_other_account", "account_no", f"s.account_no <> {account}", "s.account_no", {**_UNDONE, "other": account}
        ),
        Check(
            "reversal_other_amount",
            "amount",
            f"s.amount / 10 <> {units}",
            "s.amount",
            {**_UNDONE, "other": amount},
            packed_text,
        ),
        Check("reversal_too_early", "paid_on", f"s.paid_on < {paid_on}", "s.paid_on", {**_UNDONE, "other": paid_on}, plain_text),
    ]


def second_reversal_checks() -> RowChecks:
    """Return what reversals are joined with, and the check that no other one of the delivery undoes the same payment."""
    twins = (
        f" LEFT JOIN (SELECT reverses, MIN(line) AS first_line, MAX(line) AS last_line FROM {PAYMENTS.stage} "
        "WHERE reverses <> '' GROUP BY reverses HAVING COUNT(*) > 1) AS tw ON tw.reverses = s.reverses"
    )
    twice = "tw.first_line IS NOT NULL AND br.id IS NULL"
    other = {**_UNDONE, "other": "CASE WHEN s.line = tw.first_line THEN tw.last_line ELSE tw.first_line END"}
    return _REVERSED + twins, [Check("reversed_twice", "reverses", twice, "s.reverses", other)]


def application_checks(business_date: date | None) -> RowChecks:
    """Return what applications are joined with, and the checks of who applies, for what and on which texts.

    A person has one open application at a time, here and in the book.
    """
    joined = (
        "LEFT JOIN stage_terms AS t ON t.product_code = s.product_code "
        "LEFT JOIN accounts_application AS b ON b.application_no = s.application_no "
        "LEFT JOIN accounts_customer AS c ON c.customer_no = s.customer_no AND s.customer_no <> ''"
    )
    open_day = business_date + timedelta(days=1) if business_date else LAST_DAY
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
            Check("unknown_agreement", kind, f"{named} AND NOT EXISTS (SELECT 1 {version})", f"s.{kind}", {"key": f"s.{kind}"}),
            Check(
                "accepted_out_of_time",
                "accepted_on",
                f"{named} AND EXISTS (SELECT 1 {version} AND (v.published_on > s.accepted_on "
                f"OR s.accepted_on > {date_literal(open_day)}))",
                "s.accepted_on",
                {"open_day": date_literal(open_day)},
                plain_text,
            ),
        ]
    if business_date is None:
        checks.append(Check("application_without_day", "application_no", is_new, "s.application_no"))
    return joined, checks


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
    """Return SQL of an amount as "mark minor/digits"; `plain` writes it out."""
    return f"'{_AMOUNT_MARK}' || CAST({minor} AS text) || '/' || CAST({digits} AS text)"


def attributes_differ(book: str, staged: str) -> str:
    """Return SQL for whether the attributes of a row of the book differ from those of a staged row (none: null or empty)."""
    if is_postgresql():
        return f"COALESCE({book}.attributes, '{{}}'::jsonb) <> COALESCE({staged}.attributes::jsonb, '{{}}'::jsonb)"
    return f"json(COALESCE({book}.attributes, '{{}}')) <> json(COALESCE({staged}.attributes, '{{}}'))"


def plain(value: Any) -> Any:
    """Return a value of the database as messages show it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_AMOUNT_MARK):
        minor, digits = value[1:].split("/")
        return plain_amount(int(minor), digits=int(digits))
    return value


def plain_text(value: Any) -> str:
    """Return a value of the database as messages show it, as text."""
    return str(plain(value))
