"""What loaded rows mean for the states of their accounts: blank ones for new accounts, which stand at a day they touch."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.models import AccountState
from accounts.portfolio_files.formats import ACCOUNTS
from riskops.shared.sql import boolean, date_literal, execute, fetch, is_postgresql


def add_missing_states() -> int:
    """Give every account of the delivery that has no state row a blank one; return how many."""
    defaults = {
        field.attname: field.get_default()
        for field in AccountState._meta.concrete_fields
        if field.attname not in ("account_id", "product_id", "opened_on", "credit_limit_minor")
    }
    values = ", ".join(_literal(value) for value in defaults.values())
    return execute(
        f"INSERT INTO accounts_accountstate (account_id, product_id, opened_on, credit_limit_minor, {', '.join(defaults)}) "
        f"SELECT a.id, a.product_id, a.opened_on, a.credit_limit_minor, {values} FROM {ACCOUNTS.stage} AS s "
        "JOIN accounts_creditaccount AS a ON a.account_no = s.account_no "
        "WHERE NOT EXISTS (SELECT 1 FROM accounts_accountstate AS x WHERE x.account_id = a.id) ORDER BY a.id"
    )


def carry_refusals() -> int:
    """Let the accounts of the delivery follow what their customers said before: no decision that no person takes (PIPL 24).

    Said of one account it holds for all of the customer's, those that are opened later too. Return how many were given it.
    """
    refusing = (
        "SELECT o.customer_id FROM accounts_accountsignals AS y JOIN accounts_creditaccount AS o ON o.id = y.account_id "
        f"WHERE y.refuses_automated_decisions = {boolean(True)}"
    )
    return execute(
        "INSERT INTO accounts_accountsignals (account_id, refuses_automated_decisions) "
        f"SELECT a.id, {boolean(True)} FROM {ACCOUNTS.stage} AS s JOIN accounts_creditaccount AS a "
        f"ON a.account_no = s.account_no WHERE a.customer_id IN ({refusing}) "
        "AND NOT EXISTS (SELECT 1 FROM accounts_accountsignals AS x "
        f"WHERE x.account_id = a.id AND x.refuses_automated_decisions = {boolean(True)}) "
        f"ORDER BY a.id ON CONFLICT (account_id) DO UPDATE SET refuses_automated_decisions = {boolean(True)}"
    )


def lock_states_of_changes() -> None:
    """Lock the states of the accounts whose instalments are to be changed, in id order: postings on them wait, or are over."""
    if is_postgresql():
        execute(
            "SELECT 1 FROM accounts_accountstate WHERE account_id IN (SELECT account_id FROM stage_changed_installments) "
            "ORDER BY account_id FOR UPDATE"
        )


def find_touched(*, open_day: date, business_date: date, first_new_payment: int, first_new_installment: int) -> list[int]:
    """Return the accounts that stand at a day which entries of this import belong to, in id order.

    Those are entries of closed days, and entries of the open day on accounts that a posting brought there already; new
    accounts opened by a closed day too, since the state of every account is that of the last closed day.

    :param first_new_payment: the smallest id that this import may have given to a payment; likewise for instalments
    """
    closed, opened = date_literal(business_date), date_literal(open_day)
    new_payment, new_installment = f"id >= {first_new_payment:d}", f"id >= {first_new_installment:d}"
    execute("DELETE FROM stage_touched")
    execute(
        f"INSERT INTO stage_touched SELECT account_id FROM accounts_payment WHERE {new_payment} AND paid_on <= {opened} "
        f"UNION SELECT account_id FROM accounts_installment WHERE {new_installment} AND booked_on <= {opened} "
        f"UNION SELECT account_id FROM stage_changed_installments WHERE booked_on <= {opened} OR old_booked_on <= {opened}"
    )
    if is_postgresql():
        # A posting of the open day on one of them either waits for this import, or is seen by the query below.
        execute(
            "SELECT 1 FROM accounts_accountstate WHERE account_id IN (SELECT account_id FROM stage_touched) "
            "ORDER BY account_id FOR UPDATE"
        )
    entries = (
        f"EXISTS (SELECT 1 FROM accounts_payment AS p WHERE p.{new_payment} AND p.account_id = n.account_id "
        "AND p.paid_on <= {day})",
        f"EXISTS (SELECT 1 FROM accounts_installment AS i WHERE i.{new_installment} AND i.account_id = n.account_id "
        "AND i.booked_on <= {day})",
        "EXISTS (SELECT 1 FROM stage_changed_installments AS c WHERE c.account_id = n.account_id "
        "AND (c.booked_on <= {day} OR c.old_booked_on <= {day}))",
    )
    # `ahead_on` stays behind when the close passes it: the later of the two days counts.
    stands_at = f"(CASE WHEN x.ahead_on > {closed} THEN x.ahead_on ELSE {closed} END)"
    any_of = " OR ".join(entry.format(day=stands_at) for entry in entries)
    rows = fetch(
        "SELECT n.account_id FROM stage_touched AS n LEFT JOIN accounts_accountstate AS x ON x.account_id = n.account_id "
        f"WHERE {any_of} "
        f"UNION SELECT a.id FROM {ACCOUNTS.stage} AS s JOIN accounts_creditaccount AS a ON a.account_no = s.account_no "
        f"LEFT JOIN accounts_accountstate AS x ON x.account_id = a.id WHERE x.account_id IS NULL AND a.opened_on <= {closed} "
        "ORDER BY 1"
    )
    return [account_id for (account_id,) in rows]


def forget_days_expected(first_new_installment: int) -> None:
    """Let the next aging look at the accounts whose instalments this import added or changed."""
    execute(
        "UPDATE accounts_accountstate SET moves_on = NULL WHERE moves_on IS NOT NULL AND account_id IN ("
        f"SELECT account_id FROM accounts_installment WHERE id >= {first_new_installment:d} "
        "UNION SELECT account_id FROM stage_changed_installments)"
    )


def next_ids() -> tuple[int, int]:
    """Return the ids above every payment's and every instalment's so far."""
    (payments,), (installments,) = (
        fetch(f"SELECT COALESCE(MAX(id), 0) + 1 FROM {table}")[0] for table in ("accounts_payment", "accounts_installment")
    )
    return payments, installments


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return boolean(value)
    return str(value) if isinstance(value, int) else f"'{value}'"
