"""What an undoing of a proposal rule's decisions would do: each application sorted out, the figures, who must agree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Application, ApplicationAppeal, Decision, Installment
from accounts.operations.applications.receiving import open_day
from accounts.operations.deciding import refusals
from accounts.operations.deciding.standing import Standing, read_standings
from accounts.operations.deciding.weighing import Asked, Tables, authority_lines
from accounts.rules.application_undoing import DONE_FATES, REASONS, Decided, Fate, Line, fate, follows, limit_left
from accounts.rules.applications import OPEN_STATUSES, ApplicationStatus
from accounts.rules.authority import authority
from accounts.rules.decisions import LIMIT_ACTIONS, Action, Scope, Status

#: What the version had a part in. Withdrawn and run out, nobody was told anything.
_CONCERNED: Final = (*OPEN_STATUSES, ApplicationStatus.GRANTED, ApplicationStatus.REFUSED)
#: Encrypted, or large, and not asked for.
_NOT_READ: Final = ("person", "attributes", "facts", "inputs", "decision_inputs", "verdict", "terms")


@dataclass(frozen=True, slots=True)
class Sorted:
    """An application with what becomes of it, and how its account stands if it was granted."""

    application: Application
    fate: Fate
    standing: Standing | None

    def asks(self, reason: str) -> list[Asked]:
        """Return the decisions that undo a grant: use suspended on a line never used, the limit lowered to what is left."""
        if self.standing is None or self.fate not in (Fate.STOPPED, Fate.LOWERED):
            return []
        asked = []
        if self.fate == Fate.STOPPED:
            asked.append(Asked(Action.SUSPEND_USE, REASONS[Action.SUSPEND_USE], note=reason, scope=Scope.ALL))
        left = limit_left(self.application.limit_before_minor, owed_minor=self.standing.owed_minor)
        if left < self.standing.limit_minor:
            asked.append(Asked(Action.LOWER_LIMIT, REASONS[Action.LOWER_LIMIT], note=reason, new_limit_minor=left))
        return asked


def concerned(version_id: int, day: date | None) -> QuerySet[Application]:
    """Return the applications that a version proposed something for; of a day, those decided on it."""
    found = Application.objects.filter(proposal_rule_id=version_id, status__in=_CONCERNED)
    return found.filter(ended_on=day) if day else found


def customers_of(version_id: int, day: date | None) -> QuerySet[Any]:
    return concerned(version_id, day).filter(customer__isnull=False).values_list("customer_id", flat=True)


def sorted_out(
    version_id: int, day: date | None, *, held: Container[int] | None = None, standings: Mapping[int, Standing] | None = None
) -> list[Sorted]:
    """Return what becomes of each application.

    :param held: those that the caller holds, where it may change them: what was decided while it waited for the rest is left out
    :param standings: the accounts of those granted, where the caller holds them; else they are read
    """
    others = Application.objects.exclude(pk=OuterRef("pk"))
    same_person = Q(customer_id=OuterRef("customer_id")) | Q(national_id_index=OuterRef("national_id_index"))
    decisions = Decision.objects.filter(
        account_id=OuterRef("account_id"), status__in=[Status.PROPOSED, Status.SCHEDULED, Status.EFFECTIVE]
    ).exclude(action=Action.LIFT)
    found = list(
        concerned(version_id, day)
        .select_related("product", "reason")
        .defer(*_NOT_READ)
        .annotate(
            is_appealed=Exists(ApplicationAppeal.objects.filter(application_id=OuterRef("pk"))),
            has_applied_since=Exists(others.filter(same_person, pk__gt=OuterRef("pk"))),
            is_granted_anew=Exists(
                others.filter(
                    account_id=OuterRef("account_id"), status=ApplicationStatus.GRANTED, decided_at__gt=OuterRef("decided_at")
                )
            ),
            is_used=Exists(Installment.objects.filter(account_id=OuterRef("account_id"))),
            has_decision=Exists(decisions),
            has_limit_decision=Exists(decisions.filter(action__in=LIMIT_ACTIONS)),
        )
        .order_by("pk")
    )
    if held is not None:
        found = [one for one in found if one.pk in held]
    if standings is None:
        standings = read_standings(one.account_id for one in found if one.account_id is not None)
    today = open_day()
    return [_sorted(one, standings.get(one.account_id or 0), today) for one in found]


def _sorted(application: Any, standing: Standing | None, today: date) -> Sorted:
    line = None
    is_granted = application.status == ApplicationStatus.GRANTED
    if standing is not None:
        was_there = application.limit_before_minor is not None
        line = Line(
            limit_minor=standing.limit_minor,
            owed_minor=standing.owed_minor,
            is_used=application.is_used,
            is_ended=standing.is_written_off or (standing.closed_on is not None and standing.closed_on <= today),
            is_decided_about=application.has_limit_decision if was_there else application.has_decision,
        )
    decided = Decided(
        status=application.status,
        follows=follows(
            application.proposal,
            outcome=application.outcome,
            limit_minor=application.granted_limit_minor,
            reason_code=application.reason.code if application.reason else "",
        ),
        is_appealed=application.is_appealed,
        is_superseded=application.is_granted_anew if is_granted else application.has_applied_since,
        was_reopened=application.reopened_on is not None,
        granted_limit_minor=application.granted_limit_minor,
        limit_before_minor=application.limit_before_minor,
        line=line,
    )
    return Sorted(application, fate(decided), standing)


def preview(version_id: int, day: date | None, roles: Collection[str]) -> dict[str, Any]:
    """Return what the undoing would do, asked for with these roles, as `ApplicationUndo.preview` keeps it; nothing is written.

    :raises AuthorityMissing, ReasonCodeUnknown: the decisions on accounts could not be proposed by the roles
    """
    found = sorted_out(version_id, day)
    if not any(one.fate in DONE_FATES for one in found):
        return {}
    return {
        "fates": dict(Counter(one.fate.value for one in found)),
        "money": _money(found),
        "asked_roles": sorted(roles),
        "needs_approval_by": _approvers(found, roles),
    }


def _money(found: Sequence[Sorted]) -> list[dict[str, Any]]:
    """Return what was granted and refused as the rule proposed, a row a currency; amounts in its minor units."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        row = sums[one.application.product.currency]
        if one.fate == Fate.OWN_DECISION:
            continue
        if one.application.status == ApplicationStatus.GRANTED and one.standing is not None:
            is_used = one.application.is_used  # type: ignore[attr-defined]  # annotated by sorted_out
            row.update(granted=1, used=int(is_used), owed_minor=one.standing.owed_minor)
            row.update(limits_minor=one.application.granted_limit_minor or 0)
        elif one.application.status == ApplicationStatus.REFUSED:
            row.update(refused=1, requested_minor=one.application.requested_limit_minor)
    names = ("granted", "used", "limits_minor", "owed_minor", "refused", "requested_minor")
    return [{"currency": currency, **{name: row[name] for name in names}} for currency, row in sorted(sums.items())]


def _approvers(found: Sequence[Sorted], roles: Collection[str]) -> list[str]:
    """Return the roles that the matrix asks of the second person; empty: whoever may approve an undoing."""
    lines = {action: authority_lines(action) for action in REASONS}
    for action, code in REASONS.items():
        if Tables.of(action, code).reason is None:
            raise refusals.ReasonCodeUnknown(code, action)
    wanted: set[str] = set()
    for one in found:
        for asked in one.asks(""):
            assert one.standing is not None
            limit = one.standing.limit_minor
            amount = limit if asked.new_limit_minor is None else limit - asked.new_limit_minor
            currency, digits = one.standing.currency, one.standing.minor_digits
            said = authority(
                lines[Action(asked.action)],
                action=asked.action,
                currency=currency,
                minor_digits=digits,
                amount_minor=amount,
                roles=roles,
            )
            if not said.is_known:
                raise refusals.AuthorityMissing(asked.action, amount, currency)
            wanted.update(said.approver_roles)
    return sorted(wanted)
