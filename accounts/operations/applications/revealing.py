"""An applicant's personal data shown in clear, on purpose and for a reason that is kept."""

from __future__ import annotations

from django.db import transaction

from accounts.models import Application
from accounts.operations.applications.refusals import ApplicationUnknown
from accounts.operations.revealing import SHORTEST_REASON, RevealReasonTooShort
from accounts.roles import REVEAL_PERSON
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.personal import PERSON_FIELDS


@transaction.atomic
def reveal_applicant(*, actor: Actor, application_id: int, reason: str) -> dict[str, str]:
    """Return the personal fields of an applicant in clear, and write down who saw them and why.

    :raises ApplicationUnknown: no such application
    :raises ConflictDeclared: whoever asks has a conflict with the applicant
    :raises RevealReasonTooShort: no reason worth the name
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise RevealReasonTooShort
    application = Application.objects.filter(pk=application_id).first()
    if application is None:
        raise ApplicationUnknown(application_id)
    if application.customer_id is not None:
        refuse_conflict(actor, application.customer_id)
    shown = {name: application.person.get(name, "") for name in PERSON_FIELDS}
    record(
        actor=actor,
        action=REVEAL_PERSON,
        subject_type="application",
        subject_key=application.application_no,
        # Which fields, never what was in them.
        after={"fields": [name for name, value in shown.items() if value]},
        reason=reason.strip(),
    )
    return shown
