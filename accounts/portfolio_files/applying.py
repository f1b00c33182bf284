"""Staged rows into the book: a handful of set-based statements, inside the one transaction of an import.

Only rows that are new or different are written. Nothing is decided here: what must not be loaded has left staging before
(accounts/portfolio_files/checking.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from accounts.models import Product
from accounts.portfolio_files.checks import attributes_differ
from accounts.portfolio_files.formats import (
    ACCOUNTS,
    APPLICATIONS,
    BUILT_IN_PRODUCT,
    CUSTOMERS,
    INSTALLMENTS,
    PAYMENTS,
    PRODUCTS,
    FileFormat,
)
from accounts.portfolio_files.staging import columns_of
from accounts.rules.closed_accounts import CLOSED_ON
from riskops.shared.audit import Actor
from riskops.shared.money import minor_digits
from riskops.shared.request_context import current_request_id
from riskops.shared.sql import boolean, execute, fetch, is_postgresql

#: The tables that grow with the book, parents first.
LOADED_TABLES: Final = (
    "accounts_customer",
    "accounts_customernametoken",
    "accounts_creditaccount",
    "accounts_accountstate",
    "accounts_installment",
    "accounts_payment",
)


@dataclass(frozen=True, slots=True)
class Written:
    """Rows of one file that came into the book, and rows of the book that were changed."""

    added: int
    changed: int


@dataclass(frozen=True, slots=True)
class Trail:
    """Who changes the book, for the audit trail of the set-based steps."""

    actor: Actor
    reason: str
    #: Accounts whose limit or closing day the files changed: the platform is told at the end, when no more locks are taken.
    platform_told: list[int] = field(default_factory=list)


def apply_products(trail: Trail) -> Written:
    """Insert new products, and rename those that have a new name or new attributes."""
    columns = columns_of(PRODUCTS.stage)
    added = changed = 0
    for row in fetch(f"SELECT * FROM {PRODUCTS.stage} ORDER BY line"):
        fields = dict(zip(columns, row, strict=True))
        del fields["line"]
        fields["attributes"] = _loaded(fields["attributes"])
        book = Product.objects.filter(product_code=fields["product_code"]).first()
        if book is None:
            Product.objects.create(minor_digits=minor_digits(fields["currency"]), **fields)
            added += 1
        elif (book.name, book.attributes) != (fields["name"], fields["attributes"]):
            before, after = {"name": book.name}, {"name": fields["name"]}
            book.name, book.attributes, book.content_hash = fields["name"], fields["attributes"], fields["content_hash"]
            book.save(update_fields=["name", "attributes", "content_hash"])
            _audit_one(trail, "product", book.product_code, before, after)
            changed += 1
    # Products that came are known by their number from here on.
    execute(
        "UPDATE stage_terms SET product_id = "
        "(SELECT p.id FROM accounts_product AS p WHERE p.product_code = stage_terms.product_code)"
    )
    return Written(added, changed)


def _add_built_in_product() -> None:
    """Put the built-in product into the book if an account of the delivery is the first to name it."""
    named = f"SELECT 1 FROM {ACCOUNTS.stage} WHERE product_code = '{BUILT_IN_PRODUCT}' LIMIT 1"
    if Product.objects.filter(product_code=BUILT_IN_PRODUCT).exists() or not fetch(named):
        return
    product = Product.objects.create(product_code=BUILT_IN_PRODUCT, content_hash=0)
    execute(f"UPDATE stage_terms SET product_id = {product.pk:d} WHERE product_code = '{BUILT_IN_PRODUCT}'")


def _lock_changed_customers() -> None:
    """Lock the customers that are to change, in id order, as whoever sends a group of messages does: an UPDATE has no order."""
    if is_postgresql():
        execute(
            f"SELECT 1 FROM accounts_customer AS b JOIN {CUSTOMERS.stage} AS s ON s.customer_no = b.customer_no "
            "WHERE s.person IS NOT NULL AND b.content_hash <> s.content_hash ORDER BY b.id FOR NO KEY UPDATE OF b"
        )


def apply_customers(trail: Trail) -> Written:
    """Insert new customers and replace changed ones, with the indexes of their names."""
    written = [name for name in columns_of(CUSTOMERS.stage) if name not in ("line", "customer_no", "attributes")]
    _audit_set(
        trail,
        "customer.update",
        "customer",
        subject="s.customer_no",
        # Which fields changed is inside the encrypted value; that they did is what the trail keeps.
        after='\'{"fields": "personal data or contact settings"}\'',
        rows=f"{CUSTOMERS.stage} AS s JOIN accounts_customer AS b ON b.customer_no = s.customer_no "
        "WHERE s.person IS NOT NULL AND b.content_hash <> s.content_hash",
    )
    _lock_changed_customers()
    execute(
        "DELETE FROM accounts_customernametoken WHERE customer_id IN (SELECT b.id FROM accounts_customer AS b "
        f"JOIN {CUSTOMERS.stage} AS s ON s.customer_no = b.customer_no WHERE s.person IS NOT NULL)"
    )
    assignments = ", ".join(f"{name} = s.{name}" for name in written)
    changed = execute(
        f"UPDATE accounts_customer SET {assignments}, attributes = {_json('s.attributes')} FROM {CUSTOMERS.stage} AS s "
        "WHERE s.customer_no = accounts_customer.customer_no AND s.person IS NOT NULL "
        "AND accounts_customer.content_hash <> s.content_hash"
    )
    columns = ", ".join(written)
    added = execute(
        f"INSERT INTO accounts_customer (customer_no, {columns}, attributes) "
        f"SELECT s.customer_no, {', '.join(f's.{name}' for name in written)}, {_json('s.attributes')} "
        f"FROM {CUSTOMERS.stage} AS s WHERE s.person IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM accounts_customer AS b WHERE b.customer_no = s.customer_no) ORDER BY s.line"
    )
    execute(
        "INSERT INTO accounts_customernametoken (customer_id, token_index) "
        "SELECT DISTINCT b.id, n.token_index FROM stage_name_tokens AS n "
        "JOIN accounts_customer AS b ON b.customer_no = n.customer_no "
        # A name that was refused as a double of another row left its tokens behind.
        f"JOIN {CUSTOMERS.stage} AS s ON s.customer_no = n.customer_no WHERE s.person IS NOT NULL"
    )
    return Written(added, changed)


def apply_accounts(trail: Trail) -> Written:
    """Insert new accounts, and change the limits (and attributes) of those the book holds."""
    _add_built_in_product()
    in_file = "s.credit_limit / 10 / t.divisor"
    limit = _limit_that_holds(in_file)
    differs = f"b.content_hash <> s.content_hash AND (b.credit_limit_minor <> {limit} OR {attributes_differ('b', 's')})"
    joined = (
        f"{ACCOUNTS.stage} AS s JOIN accounts_creditaccount AS b ON b.account_no = s.account_no "
        "JOIN stage_terms AS t ON t.product_id = b.product_id "
        "LEFT JOIN accounts_decision AS d ON d.account_id = b.id AND d.status = 'effective' "
        "AND d.action IN ('lower_limit', 'raise_limit')"
    )
    _audit_set(
        trail,
        "account.keep_limit",
        "account",
        subject="b.account_no",
        account_id="b.id",
        before=_json_object("credit_limit_minor", "b.credit_limit_minor"),
        after=_json_object("credit_limit_minor", limit, "file_limit_minor", in_file, "decision", "d.reference"),
        rows=f"{joined} WHERE b.content_hash <> s.content_hash AND {limit} <> {in_file}",
    )
    _audit_set(
        trail,
        "account.change_limit",
        "account",
        subject="b.account_no",
        account_id="b.id",
        before=_json_object("credit_limit_minor", "b.credit_limit_minor"),
        after=_json_object("credit_limit_minor", limit),
        rows=f"{joined} WHERE b.content_hash <> s.content_hash AND b.credit_limit_minor <> {limit}",
    )
    closes, closed = _closing_day("s.attributes"), _closing_day("b.attributes")
    closing_differs = f"b.content_hash <> s.content_hash AND {closes} IS DISTINCT FROM {closed}"
    _audit_set(
        trail,
        "account.change_closing",
        "account",
        subject="b.account_no",
        account_id="b.id",
        before=_json_object("closed_on", closed),
        after=_json_object("closed_on", closes),
        rows=f"{joined} WHERE {closing_differs}",
    )
    moved = fetch(
        f"SELECT b.id FROM {joined} WHERE b.content_hash <> s.content_hash AND b.credit_limit_minor <> {limit} "
        f"UNION SELECT b.id FROM {joined} WHERE {closing_differs}"
    )
    trail.platform_told.extend(account_id for (account_id,) in moved)
    changed = execute(
        f"UPDATE accounts_creditaccount SET credit_limit_minor = n.limit_minor, attributes = {_json('n.attributes')}, "
        f"content_hash = n.content_hash FROM (SELECT b.id, b.credit_limit_minor AS was, {limit} AS limit_minor, "
        f"s.attributes, s.content_hash FROM {joined} "
        # A decision that took effect while this statement waited for its row is not overwritten: the next delivery looks again.
        f"WHERE {differs}) AS n WHERE n.id = accounts_creditaccount.id AND n.was = accounts_creditaccount.credit_limit_minor"
    )
    if changed:
        # The states' copy; blank ones of new accounts take theirs in add_missing_states.
        execute(
            "UPDATE accounts_accountstate SET credit_limit_minor = n.credit_limit_minor FROM "
            f"(SELECT b.id, b.credit_limit_minor FROM {ACCOUNTS.stage} AS s "
            "JOIN accounts_creditaccount AS b ON b.account_no = s.account_no) AS n WHERE n.id = accounts_accountstate.account_id "
            "AND accounts_accountstate.credit_limit_minor <> n.credit_limit_minor"
        )
    added = execute(
        "INSERT INTO accounts_creditaccount "
        "(account_no, customer_id, product_id, opened_on, credit_limit_minor, attributes, content_hash) "
        f"SELECT s.account_no, c.id, t.product_id, s.opened_on, {in_file}, {_json('s.attributes')}, s.content_hash "
        f"FROM {ACCOUNTS.stage} AS s JOIN accounts_customer AS c ON c.customer_no = s.customer_no "
        "JOIN stage_terms AS t ON t.product_code = s.product_code "
        # By number, so that the rows of neighbouring accounts lie side by side whatever the order of the file.
        "WHERE NOT EXISTS (SELECT 1 FROM accounts_creditaccount AS b WHERE b.account_no = s.account_no) ORDER BY s.account_no"
    )
    return Written(added, changed)


def _closing_day(attributes: str) -> str:
    """Return SQL of what attributes say of the day an account closes, as text."""
    if is_postgresql():
        return f"(CAST({attributes} AS jsonb) ->> '{CLOSED_ON}')"
    return f"json_extract({attributes}, '$.{CLOSED_ON}')"


def _limit_that_holds(in_file: str) -> str:
    """Return the limit an account gets, as SQL, beside the limit decision in force on it (`d`), if there is one.

    A lowered limit is a ceiling that only a decision raises; a file that repeats the limit from before a decision is one that
    has not heard of it. See docs/decisions/limits-of-files-and-decisions.md.
    """
    return (
        f"(CASE WHEN d.action = 'lower_limit' AND {in_file} >= d.limit_after_minor THEN b.credit_limit_minor "
        f"WHEN d.action = 'raise_limit' AND {in_file} = d.limit_before_minor THEN b.credit_limit_minor ELSE {in_file} END)"
    )


def apply_installments(trail: Trail) -> Written:
    """Change the instalments that stage_changed_installments lists, and insert new ones, wholly unpaid."""
    amounts = [f"{name}_minor" for name in INSTALLMENTS.amounts]
    compared = ("booked_on", "due_date", *amounts)
    _audit_set(
        trail,
        "installment.change",
        "installment",
        subject="a.account_no || ' ' || i.order_no || ' ' || CAST(i.sequence AS text)",
        account_id="c.account_id",
        before=_json_object(*(part for name in compared for part in (name, f"i.{name}"))),
        after=_json_object(*(part for name in compared for part in (name, f"c.{name}"))),
        rows="stage_changed_installments AS c JOIN accounts_installment AS i ON i.id = c.installment_id "
        "JOIN accounts_creditaccount AS a ON a.id = c.account_id",
    )
    unpaid = ", ".join(f"{name}_unpaid_minor = c.{name}_minor" for name in INSTALLMENTS.amounts)
    changed = execute(
        f"UPDATE accounts_installment SET {', '.join(f'{name} = c.{name}' for name in compared)}, {unpaid}, "
        f"attributes = {_json('c.attributes', empty='NULL')}, content_hash = c.content_hash "
        "FROM stage_changed_installments AS c WHERE c.installment_id = accounts_installment.id"
    )
    minor = ", ".join(f"s.{name} / 10 / t.divisor" for name in INSTALLMENTS.amounts)
    is_new = (
        "WHERE NOT EXISTS (SELECT 1 FROM accounts_installment AS i "
        "WHERE i.account_id = a.id AND i.order_no = s.order_no AND i.sequence = s.sequence)"
    )
    added = execute(
        "INSERT INTO accounts_installment "
        f"(account_id, product_id, order_no, sequence, booked_on, due_date, {', '.join(amounts)}, "
        "principal_unpaid_minor, interest_unpaid_minor, fee_unpaid_minor, accrued_micro, penalty_settled_minor, is_open, "
        "attributes, content_hash) "
        f"SELECT a.id, a.product_id, s.order_no, s.sequence, COALESCE(s.booked_on, a.opened_on), s.due_date, {minor}, {minor}, "
        f"0, 0, {boolean(True)}, {_json('s.attributes', empty='NULL')}, s.content_hash "
        f"FROM {INSTALLMENTS.stage} AS s JOIN accounts_creditaccount AS a ON a.account_no = s.account_no "
        "JOIN stage_terms AS t ON t.product_id = a.product_id "
        f"{is_new if _has_rows('accounts_installment') else ''} ORDER BY a.id"
    )
    return Written(added, changed)


def apply_payments(trail: Trail) -> Written:
    """Insert new payments, then the reversals among them; change the channel of known ones."""
    rows = (
        f"{PAYMENTS.stage} AS s JOIN accounts_payment AS b ON b.payment_no = s.payment_no "
        "WHERE b.content_hash <> s.content_hash AND b.channel <> s.channel"
    )
    _audit_set(
        trail,
        "payment.change_channel",
        "payment",
        subject="b.payment_no",
        account_id="b.account_id",
        before=_json_object("channel", "b.channel"),
        after=_json_object("channel", "s.channel"),
        rows=rows,
    )
    changed = execute(
        "UPDATE accounts_payment SET channel = n.channel, content_hash = n.content_hash "
        f"FROM (SELECT b.id, s.channel, s.content_hash FROM {rows}) AS n WHERE n.id = accounts_payment.id"
    )
    # In this order: a reversal points to its payment's row.
    added = _insert_payments("s.reverses = ''", "NULL", "")
    if fetch(f"SELECT 1 FROM {PAYMENTS.stage} WHERE reverses <> '' LIMIT 1"):
        added += _insert_payments("s.reverses <> ''", "o.id", "JOIN accounts_payment AS o ON o.payment_no = s.reverses")
    return Written(added, changed)


def _insert_payments(which: str, reverses: str, joined: str) -> int:
    is_new = ""
    if _has_rows("accounts_payment"):
        is_new = "AND NOT EXISTS (SELECT 1 FROM accounts_payment AS b WHERE b.payment_no = s.payment_no)"
    return execute(
        "INSERT INTO accounts_payment (payment_no, account_id, paid_on, amount_minor, channel, order_no, sequence, reverses_id, "
        "is_posted, recorded_at, attributes, content_hash) "
        f"SELECT s.payment_no, a.id, s.paid_on, s.amount / 10 / t.divisor, s.channel, s.order_no, s.sequence, {reverses}, "
        f"{boolean(False)}, {_now()}, {_json('s.attributes', empty='NULL')}, s.content_hash "
        f"FROM {PAYMENTS.stage} AS s JOIN accounts_creditaccount AS a ON a.account_no = s.account_no "
        f"JOIN stage_terms AS t ON t.product_id = a.product_id {joined} WHERE {which} {is_new} ORDER BY a.id"
    )


def would_write(form: FileFormat) -> dict[str, int]:
    """Return how many of the staged rows of a file are new, changed and unchanged, without writing any."""
    counted = _differences()[form.name]
    (staged, known, changed) = fetch(
        f"SELECT COUNT(*), COUNT(b.id), COALESCE(SUM(CASE WHEN {counted.differs} THEN 1 ELSE 0 END), 0) "
        f"FROM {form.stage} AS s {counted.joined}"
    )[0]
    return {"added": staged - known, "changed": int(changed), "unchanged": known - int(changed)}


class _Difference(NamedTuple):
    """SQL of how staged rows `s` meet the book `b`, and of whether a known one would be changed."""

    joined: str
    differs: str


def _differences() -> dict[str, _Difference]:
    return {
        PRODUCTS.name: _Difference(
            "LEFT JOIN accounts_product AS b ON b.product_code = s.product_code",
            f"b.content_hash <> s.content_hash AND (b.name <> s.name OR {attributes_differ('b', 's')})",
        ),
        CUSTOMERS.name: _Difference(
            "LEFT JOIN accounts_customer AS b ON b.customer_no = s.customer_no", "b.content_hash <> s.content_hash"
        ),
        ACCOUNTS.name: _Difference(
            "LEFT JOIN accounts_creditaccount AS b ON b.account_no = s.account_no "
            "LEFT JOIN stage_terms AS t ON t.product_code = s.product_code",
            "b.content_hash <> s.content_hash AND (b.credit_limit_minor <> s.credit_limit / 10 / t.divisor "
            f"OR {attributes_differ('b', 's')})",
        ),
        INSTALLMENTS.name: _Difference(
            "LEFT JOIN accounts_creditaccount AS a ON a.account_no = s.account_no LEFT JOIN accounts_installment AS b "
            "ON b.account_id = a.id AND b.order_no = s.order_no AND b.sequence = s.sequence "
            "LEFT JOIN stage_changed_installments AS c ON c.line = s.line",
            "c.line IS NOT NULL",
        ),
        APPLICATIONS.name: _Difference(
            "LEFT JOIN accounts_application AS b ON b.application_no = s.application_no", "b.content_hash <> s.content_hash"
        ),
        PAYMENTS.name: _Difference(
            "LEFT JOIN accounts_payment AS b ON b.payment_no = s.payment_no",
            "b.content_hash <> s.content_hash AND b.channel <> s.channel",
        ),
    }


def _audit_one(trail: Trail, subject_type: str, key: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    from riskops.shared.audit import record

    record(
        actor=trail.actor,
        action=f"{subject_type}.update",
        subject_type=subject_type,
        subject_key=key,
        before=before,
        after=after,
        reason=trail.reason,
    )


def _audit_set(
    trail: Trail,
    action: str,
    subject_type: str,
    *,
    subject: str,
    rows: str,
    after: str,
    before: str = "NULL",
    account_id: str = "NULL",
) -> int:
    """Append a line to the trail for each of the rows; `subject`, `before`, `after` and `account_id` are SQL over them."""
    cast = "::jsonb" if is_postgresql() else ""
    # %% because the statement takes parameters.
    now = _now().replace("%", "%%")
    columns = "at, actor_name, actor_id, action, subject_type, subject_key, account_id, before, after, reason, request_id, run_id"
    return execute(
        f"INSERT INTO shared_auditentry ({columns}) SELECT {now}, %s, %s, %s, %s, {subject}, {account_id}, "
        f"{before}{cast}, {after}{cast}, %s, %s, NULL FROM {rows}",
        (trail.actor.name, trail.actor.user_id, action, subject_type, trail.reason, current_request_id()),
    )


def _json_object(*parts: str) -> str:
    """Return SQL of a JSON object, as text: name, expression, name, expression …"""
    function = "jsonb_build_object" if is_postgresql() else "json_object"
    pairs = ", ".join(f"'{name}', {expression}" for name, expression in zip(parts[::2], parts[1::2], strict=True))
    return f"{function}({pairs})"


def _json(expression: str, *, empty: str = "'{}'") -> str:
    """Return SQL of a staged JSON text as the book keeps it."""
    cast = "::jsonb" if is_postgresql() else ""
    return f"COALESCE({expression}, {empty}){cast}"


def _loaded(text: str | None) -> dict[str, Any]:
    import json

    return json.loads(text) if text else {}


def _now() -> str:
    # As Django writes moments on SQLite: UTC, without a zone.
    return "statement_timestamp()" if is_postgresql() else "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


def _has_rows(table: str) -> bool:
    return bool(fetch(f"SELECT 1 FROM {table} LIMIT 1"))
