"""Who may work customers that are handled with care: people who hold an examination in it. Everybody else is passed by.

The mark is an `Examination` of the subject `vulnerable`, recorded by leads as every other, and over when it expires.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.models import Vulnerability
from casework.work_roles import RECORD_OUTCOME, VIEW_VULNERABILITY
from riskops.shared.people.conflicts import person_id
from riskops.shared.people.examinations import has_examination
from riskops.shared.people.models import Examination
from riskops.shared.people.refusals import PersonRefused
from riskops.shared.request_context import once_a_request
from riskops.shared.roles import OPERATIONS, Role, may

#: All that others are told of a customer who is vulnerable.
WITH_CARE: Final[Promise] = gettext_lazy("Handle with care: trained staff only")
#: Names that a refusal offers.
MOST_NAMED: Final = 3
SUBJECT: Final = Examination.Subject.VULNERABLE


class TrainedStaffOnly(PersonRefused):
    """The customer is handled with care, by people trained for it."""

    def __init__(self, takers: Collection[str]) -> None:
        if takers:
            others = _("%(people)s can take over.") % {"people": ", ".join(takers)}
        else:
            others = _("Nobody holds an examination in the care of vulnerable customers; ask a team lead to see to it.")
        super().__init__(_("%(care)s. %(others)s") % {"care": WITH_CARE, "others": others})


def is_trained(user: Any, *, on: date | None = None) -> bool:
    """Return whether a person (a user or an `Actor`) is trained for vulnerable customers on a day. Machines need no training."""
    day = on or timezone.localdate()
    number = getattr(user, "user_id", None) or getattr(user, "pk", None)
    return once_a_request(("trained", number, day), lambda: has_examination(user, subject=SUBJECT, on=day) is not False)


def trained_people(on: date) -> frozenset[int]:
    """Return the ids of the active people who are trained on a day."""
    return frozenset(_holders(on))


def _holders(on: date) -> QuerySet[Examination, int]:
    holding = Examination.objects.filter(subject=SUBJECT, passed_on__lte=on, expires_on__gt=on, user__is_active=True)
    return holding.values_list("user_id", flat=True)


def may_see_vulnerability(user: Any) -> bool:
    """Return whether a person may read what kind of vulnerability it is and what was noted: by role, and trained."""
    return may(user, VIEW_VULNERABILITY) and is_trained(user)


def standing_flag(customer_id: int) -> Vulnerability | None:
    """Return the flag of a customer that stands, None where none does."""
    return Vulnerability.objects.filter(customer_id=customer_id, ended_at=None).first()


def flagged(customer: str = "customer_id") -> Exists:
    """Return the condition that a customer is flagged, over rows that name them in a column."""
    return Exists(Vulnerability.objects.filter(customer_id=OuterRef(customer), ended_at=None))


def left_to_trained(user: Any, customer_id: int, *, on: date | None = None) -> bool:
    """Return whether a customer is handled with care and the person is not trained for it."""
    return standing_flag(customer_id) is not None and not is_trained(user, on=on)


def customers_left_to_trained(user: Any, customer_ids: Iterable[int], *, on: date) -> frozenset[int]:
    """Return those of some customers whom a person must leave to trained staff."""
    if is_trained(user, on=on):
        return frozenset()
    flags = Vulnerability.objects.filter(customer_id__in=set(customer_ids), ended_at=None)
    return frozenset(flags.values_list("customer_id", flat=True))


def why_left_to_trained(user: Any, customer_id: int, *, on: date | None = None) -> str:
    """Return why acts on a customer are not this person's, and whose they are; "" where they are."""
    return str(TrainedStaffOnly(takers(on or timezone.localdate()))) if left_to_trained(user, customer_id, on=on) else ""


def refuse_untrained(user: Any, customer_id: int, *, on: date | None = None) -> None:
    """Refuse work on a customer who is handled with care to whoever is not trained for it.

    A program has no training to hold: what comes by its account is the customer's own act in their app, or a rule's.

    :raises TrainedStaffOnly: says who is
    """
    if left_to_trained(user, customer_id, on=on) and not _is_program(user):
        raise TrainedStaffOnly(takers(on or timezone.localdate()))


def _is_program(user: Any) -> bool:
    number = person_id(user)
    return number is not None and get_user_model().objects.filter(pk=number, groups__name=Role.SERVICE.value).exists()


def takers(on: date) -> tuple[str, ...]:
    """Return the names of some who are trained and whose roles work accounts."""
    people = get_user_model().objects.filter(pk__in=_holders(on), groups__name__in=OPERATIONS[RECORD_OUTCOME].roles)
    # Named once, whoever holds two of the roles. Each page of such a customer asks: one query, as many rows as are named.
    named = people.distinct().order_by("username")[:MOST_NAMED]
    return tuple(person.get_full_name() or person.get_username() for person in named)
