"""One action on many items: first what would be refused and why, then a report of what was done to each."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from casework.blocks import block_label
from casework.models import BulkAction, WorkItem
from casework.operations import working
from casework.operations.acting import Asked
from casework.operations.claiming import claims_of, hand_of
from casework.operations.work_refusals import SelectionMalformed, WorkRefusal
from casework.trained import WITH_CARE, customers_left_to_trained
from casework.work_roles import ASSIGN_WORK, BOOST_WORK, BULK_WORK, SNOOZE_WORK
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.people.examinations import has_examination
from riskops.shared.people.refusals import PersonRefused
from riskops.shared.scope import Scope

#: Items that one action takes.
MOST_ITEMS: Final = 1_000
#: Items that share a transaction with their lines of the report; so many are held at once.
_STRETCH: Final = 20
#: The row of the role table that each action also needs.
ACTIONS: Final = {"snooze": SNOOZE_WORK, "assign": ASSIGN_WORK, "boost": BOOST_WORK}


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would meet: how many items are selected, how many it may go to, and why not to the others."""

    selected: tuple[int, ...]
    free: int
    blocked: tuple[tuple[str, int], ...]


def preview_bulk(*, actor: Actor, scope: Scope, action: str, item_ids: Sequence[int], now: datetime, today: date) -> Preview:
    """Return how many of the selected items an action may go to, and for the others the reasons with their numbers.

    :raises SelectionMalformed: nothing, or too much, is selected
    """
    ids = _checked(item_ids)
    items = list(scope.accounts(WorkItem.objects.filter(pk__in=ids)).only("pk", "customer_id", "status", "blocked_by"))
    claims = claims_of({item.customer_id for item in items}, now)
    conflicted = conflicted_customers(actor, on=today)
    with_care = customers_left_to_trained(actor, (item.customer_id for item in items), on=today)
    is_unfit = action == "snooze" and has_examination(actor, on=today) is False
    reasons: Counter[str] = Counter()
    for item in items:
        claim = claims.get(item.customer_id)
        if item.customer_id in conflicted:
            reasons[_("a conflict of interest of yours")] += 1
        elif claim is not None and claim.user_id != actor.user_id:
            reasons[_("somebody else has it in hand")] += 1
        elif item.status not in (WorkItem.Status.OPEN, WorkItem.Status.SNOOZED):
            reasons[_("not open in this queue")] += 1
        elif is_unfit and claim is None:
            reasons[_("you hold no examination, which taking work needs")] += 1
        elif item.customer_id in with_care and action == "snooze":
            reasons[str(WITH_CARE)] += 1
        elif item.blocked_by and action == "assign":
            reasons[str(block_label(item.blocked_by))] += 1
    if missing := len(ids) - len(items):
        reasons[_("not in the worklist")] += missing
    return Preview(tuple(ids), len(ids) - sum(reasons.values()), tuple(reasons.most_common()))


def run_bulk(
    *,
    actor: Actor,
    scope: Scope,
    action: str,
    item_ids: Sequence[int],
    parameters: dict[str, Any],
    reference: str,
    now: datetime,
) -> BulkAction:
    """Do an action to each item by itself, and return the report. The same reference again returns the first report.

    What is refused for one item leaves the others alone. A form sent twice, at once or after a crash, does nothing twice: the
    report grows with each few items in their own transaction, and whoever comes with the reference goes on where it ends.

    :param reference: of the form; it stands for this action on these items of this person only, since a form that was gone back
        to may be sent with another selection. "": for what is never sent again
    :raises SelectionMalformed: nothing, too much, or an action there is none of
    """
    ids = _checked(item_ids)
    if action not in ACTIONS:
        raise SelectionMalformed(len(ids), MOST_ITEMS)
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in parameters.items()}
    asked = [hand_of(actor), reference or secrets.token_hex(16), action, plain, ids]
    bulk, _is_new = BulkAction.objects.get_or_create(
        reference=hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:40],
        defaults={"user_id": hand_of(actor), "action": action, "parameters": plain, "made_at": now},
    )
    for _turn in range(0, len(ids), _STRETCH):
        with transaction.atomic():
            bulk = BulkAction.objects.select_for_update().get(pk=bulk.pk)
            left = ids[len(bulk.report) :]
            if not left:
                break
            bulk.report += _act_on(left[:_STRETCH], actor=actor, scope=scope, action=action, parameters=parameters, now=now)
            bulk.save(update_fields=["report"])
            if len(bulk.report) == len(ids):
                _record(bulk, actor, plain)
    return bulk


def _act_on(
    item_ids: Sequence[int], *, actor: Actor, scope: Scope, action: str, parameters: dict[str, Any], now: datetime
) -> list[list[Any]]:
    """Do an action to a few items and return their lines of the report."""
    items = scope.accounts(WorkItem.objects.filter(pk__in=item_ids))
    found = {pk: (version, account_no) for pk, version, account_no in items.values_list("pk", "version", "account__account_no")}
    lines: list[list[Any]] = []
    for item_id in item_ids:
        version, account_no = found.get(item_id, (0, str(item_id)))
        asked = Asked(actor=actor, scope=scope, item_id=item_id, version=version, now=now)
        try:
            with transaction.atomic():
                made = getattr(working, action)(asked, **parameters)
        except (WorkRefusal, PersonRefused) as refusal:
            lines.append([account_no, False, str(refusal), None])
        else:
            lines.append([account_no, True, "", made.pk])
    return lines


def _record(bulk: BulkAction, actor: Actor, plain: dict[str, Any]) -> None:
    done = sum(1 for line in bulk.report if line[1])
    record(
        actor=actor,
        action=BULK_WORK,
        subject_type="bulk action",
        subject_key=str(bulk.pk),
        after={"action": bulk.action, **plain, "done": done, "refused": len(bulk.report) - done},
    )


def _checked(item_ids: Sequence[int]) -> list[int]:
    """Return the ids in order, each once.

    :raises SelectionMalformed: none, or too many
    """
    ids = sorted(set(item_ids))
    if not 1 <= len(ids) <= MOST_ITEMS:
        raise SelectionMalformed(len(ids), MOST_ITEMS)
    return ids
