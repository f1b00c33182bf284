"""The posting of a day's payments for a range of accounts.

Most payments of a day are plain: undirected, on an account without waiting credit from which nothing was refunded. Those
are allocated in one statement:
what is owed stands end to end in the order of rule 5, the day's payments stand end to end in payment_no order, and what
overlaps is the allocation. Everything else goes through the rebuild from the entries, account by account.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from accounts.bulk import expressions
from accounts.bulk.signals import note_payments
from accounts.models import Product
from accounts.rules.terms import COMPONENT_BY_NAME, Component
from riskops.shared.sql import boolean, date_literal, execute, fetch

#: Brings accounts to a day from their entries: (account ids, day).
Rebuild = Callable[[Sequence[int], date], int]


def post_day(*, as_of: date, first_account_id: int, last_account_id: int, rebuild: Rebuild) -> int:
    """Post everything dated up to the day that still waits, for the range; return the number of accounts touched."""
    within = f"BETWEEN {first_account_id:d} AND {last_account_id:d}"
    intricate = _accounts_to_rebuild(as_of, within)
    rebuilt = rebuild(intricate, as_of) if intricate else 0
    allocated = _allocate_plain_payments(as_of, within)
    if allocated:
        _settle_installments(as_of, within)
    touched = _keep_credit(as_of, within)
    note_payments(as_of=as_of, within=within)
    execute(
        f"UPDATE accounts_payment SET is_posted = {boolean(True)} "
        f"WHERE account_id {within} AND NOT is_posted AND paid_on = {date_literal(as_of)}"
    )
    return rebuilt + touched


def _accounts_to_rebuild(as_of: date, within: str) -> list[int]:
    """Return the accounts whose day is more than plain payments, in id order."""
    day = date_literal(as_of)
    # CROSS JOIN keeps SQLite to the order written, and a plus keeps a column out of its choice of index; neither means
    # anything to PostgreSQL.
    rows = fetch(f"""
        SELECT account_id FROM accounts_payment WHERE +account_id {within} AND NOT is_posted AND paid_on < {day}
        UNION
        SELECT w.account_id FROM accounts_payment AS w CROSS JOIN accounts_accountstate AS s
        WHERE w.account_id {within} AND NOT w.is_posted AND w.paid_on = {day} AND s.account_id = w.account_id
          AND (w.reverses_id IS NOT NULL OR w.order_no <> '' OR s.credit_balance_minor > 0 OR s.ahead_on = {day}
               OR EXISTS (SELECT 1 FROM accounts_refund AS r WHERE r.account_id = w.account_id))
        UNION
        SELECT s.account_id FROM accounts_accountstate AS s CROSS JOIN accounts_installment AS i
        JOIN accounts_product AS p ON p.id = i.product_id
        WHERE s.account_id {within} AND s.credit_balance_minor > 0 AND i.account_id = s.account_id AND i.is_open
          AND ((p.prepayment = 'hold' AND i.due_date = {day}) OR (p.prepayment <> 'hold' AND i.booked_on = {day}))""")
    # Sorted here: asked for the order, SQLite reads all payments ever made by the index that has it.
    return sorted(account_id for (account_id,) in rows)


def _ranks() -> str:
    """Return the components in each product's allocation order, as the rows of a VALUES list."""
    rows = [
        f"({product_id}, {int(COMPONENT_BY_NAME[name])}, {rank})"
        for product_id, order in Product.objects.values_list("pk", "allocation_order")
        for rank, name in enumerate(order.split(","))
    ]
    return ", ".join(rows)


def _allocate_plain_payments(as_of: date, within: str) -> int:
    """Insert the allocations of the payments that still wait for the day; return their number."""
    day = date_literal(as_of)
    ranks = _ranks()
    if not ranks:
        return 0
    owed = (
        f"CASE r.component WHEN {Component.PENALTY} THEN {expressions.penalty_due(as_of)}"
        f" WHEN {Component.FEE} THEN i.fee_unpaid_minor WHEN {Component.INTEREST} THEN i.interest_unpaid_minor"
        f" ELSE i.principal_unpaid_minor END"
    )
    return execute(f"""
        INSERT INTO accounts_allocation (account_id, payment_id, installment_id, component, amount_minor, allocated_on)
        WITH ranks(product_id, component, place) AS (VALUES {ranks}),
        waiting AS (
            SELECT account_id, id AS payment_id, amount_minor,
                   SUM(amount_minor) OVER (PARTITION BY account_id ORDER BY payment_no) AS paid_to
            FROM accounts_payment
            WHERE account_id {within} AND NOT is_posted AND paid_on = {day}
        ),
        parts AS (
            SELECT w.account_id, w.payment_id, w.paid_to, w.paid_to - w.amount_minor AS paid_from,
                   i.id AS installment_id, i.due_date, i.order_no, i.sequence, r.component, r.place, {owed} AS owed
            FROM waiting AS w CROSS JOIN accounts_installment AS i
            JOIN accounts_product AS p ON p.id = i.product_id
            JOIN ranks AS r ON r.product_id = i.product_id
            WHERE i.account_id = w.account_id AND i.is_open AND i.booked_on <= {day}
              AND (i.due_date <= {day} OR p.prepayment <> 'hold')
        ),
        owed AS (
            SELECT account_id, payment_id, paid_from, paid_to, installment_id, component, owed,
                   SUM(owed) OVER (PARTITION BY payment_id ORDER BY due_date, order_no, sequence, place) AS owed_to
            FROM parts WHERE owed > 0
        ),
        shares AS (
            SELECT account_id, payment_id, installment_id, component,
                   (CASE WHEN owed_to < paid_to THEN owed_to ELSE paid_to END)
                   - (CASE WHEN owed_to - owed > paid_from THEN owed_to - owed ELSE paid_from END) AS amount_minor
            FROM owed WHERE owed_to > paid_from AND owed_to - owed < paid_to
        )
        SELECT account_id, payment_id, installment_id, component, amount_minor, {day} FROM shares""")


def _settle_installments(as_of: date, within: str) -> int:
    """Take what was just allocated off the instalments, and carry their penalty accrual to the day."""
    day = date_literal(as_of)
    paid = ", ".join(
        f"SUM(CASE WHEN a.component = {component:d} THEN a.amount_minor ELSE 0 END) AS {component.name.lower()}"
        for component in Component
    )
    left = f"({expressions.UNPAID} - t.fee - t.interest - t.principal)"
    accrues = f"({expressions.days_since_accrual(as_of)} > 0)"
    return execute(f"""
        UPDATE accounts_installment AS o SET
            principal_unpaid_minor = n.principal_unpaid, interest_unpaid_minor = n.interest_unpaid,
            fee_unpaid_minor = n.fee_unpaid, penalty_settled_minor = n.penalty_settled,
            accrued_micro = n.accrued_micro, accrued_through = n.accrued_through, is_open = n.is_open
        FROM (
            SELECT i.id,
                   i.principal_unpaid_minor - t.principal AS principal_unpaid,
                   i.interest_unpaid_minor - t.interest AS interest_unpaid,
                   i.fee_unpaid_minor - t.fee AS fee_unpaid,
                   i.penalty_settled_minor + t.penalty AS penalty_settled,
                   CASE WHEN {left} = 0 AND {expressions.days_late(as_of)} <= p.grace_days THEN 0
                        ELSE {expressions.accrued_micro(as_of)} END AS accrued_micro,
                   CASE WHEN {accrues} THEN {day} ELSE i.accrued_through END AS accrued_through,
                   ({left} > 0 OR {expressions.penalty_due(as_of)} > t.penalty) AS is_open
            FROM accounts_installment AS i
            JOIN accounts_product AS p ON p.id = i.product_id
            JOIN (
                SELECT a.installment_id, {paid}
                FROM accounts_payment AS w CROSS JOIN accounts_allocation AS a
                WHERE w.account_id {within} AND NOT w.is_posted AND w.paid_on = {day}
                  AND a.account_id = w.account_id AND a.payment_id = w.id
                GROUP BY a.installment_id
            ) AS t ON t.installment_id = i.id
        ) AS n
        WHERE o.id = n.id""")


def _keep_credit(as_of: date, within: str) -> int:
    """Keep what the day's payments left over as credit; return the number of accounts that paid."""
    day = date_literal(as_of)
    return execute(f"""
        UPDATE accounts_accountstate AS s SET
            credit_balance_minor = n.paid - n.allocated,
            moves_on = NULL,
            has_booked = (s.has_booked OR n.allocated > 0)
        FROM (
            SELECT w.account_id, SUM(w.amount_minor) AS paid, SUM(w.allocated_minor) AS allocated
            FROM (
                SELECT w.account_id, w.amount_minor,
                       (SELECT COALESCE(SUM(a.amount_minor), 0) FROM accounts_allocation AS a
                        WHERE a.account_id = w.account_id AND a.payment_id = w.id) AS allocated_minor
                FROM accounts_payment AS w
                WHERE w.account_id {within} AND NOT w.is_posted AND w.paid_on = {day}
            ) AS w
            GROUP BY w.account_id
        ) AS n
        WHERE s.account_id = n.account_id""")
