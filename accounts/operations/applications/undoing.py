"""What a proposal rule decided, undone: lines never used stopped, limits put back, refusals open again (see rule_undoing.py).

People decided, as the rule proposed; where they decided otherwise, or somebody has since, nothing is undone. Accounts are
changed by decisions like any other: proposed by whoever asked for the undoing and approved by the second person, under the
matrix, with notice, buffer and appeal. Source: docs/decisions/undoing-what-a-proposal-rule-decided.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Application, ApplicationUndo, Decision, DecisionNotice
from accounts.operations.applications.holding import (
    SEND_BACK,
    clear_decision,
    found_application,
    kept_refusal,
    note_application,
    refuse_conflicted,
    save_decided,
)
from accounts.operations.applications.proposal_rules import PROPOSAL_RULES
from accounts.operations.applications.proposing import propose_applications
from accounts.operations.applications.receiving import open_day, recognised
from accounts.operations.applications.refusals import CustomerUnknown
from accounts.operations.applications.undoing_preview import (
    Sorted,
    concerned,
    customers_of,
    preview,
    sorted_out,
)
from accounts.operations.deciding import refusals
from accounts.operations.deciding.standing import Standing, Today, hold_all
from accounts.operations.deciding.taking_effect import schedule
from accounts.operations.deciding.texts import LANGUAGES
from accounts.operations.deciding.weighing import Tables, weigh
from accounts.operations.deciding.writing import Writes, add_decisions
from accounts.operations.rule_refusals import UndoRefused
from accounts.operations.rule_undoing import UndoKind
from accounts.roles import APPROVE_APPLICATION_UNDO, ASK_APPLICATION_UNDO, PROPOSE_DECISION
from accounts.rules.application_undoing import DONE_FATES, REASONS, Fate
from accounts.rules.applications import ApplicationStatus
from accounts.rules.authority import may_approve
from accounts.rules.decisions import ENGINE_VERSION, Action, Status
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import conflicted_customers

REOPEN: Final = "application.reopen"
UNDO_GRANT: Final = "application.undo"
PASS_OVER: Final = "application.pass_over"


def _undo(actor: Actor, roles: Collection[str], undo: ApplicationUndo) -> dict[str, Any]:
    """Undo it in one transaction, by how everything stands now.

    :raises NotAnApprover, AuthorityMissing: the matrix wants somebody else for one of the decisions on accounts
    """
    found = concerned(undo.rule_version_id, undo.decided_on)
    held = dict(found.select_for_update().order_by("pk").values_list("pk", "account_id"))
    days, standings = hold_all((account_id for account_id in held.values() if account_id is not None), with_facts=True)
    today = open_day()
    result: dict[str, list[str]] = defaultdict(list)
    grants: list[Sorted] = []
    to_propose: list[int] = []
    for one in sorted_out(undo.rule_version_id, undo.decided_on, held=held, standings=standings):
        end = one.fate
        if end == Fate.REOPENED:
            end = _reopen(one.application.pk, actor=actor, undo=undo, today=today)
        elif end == Fate.PROPOSED_ANEW:
            _send_back(one.application.pk, actor=actor, undo=undo)
        elif end in (Fate.STOPPED, Fate.LOWERED):
            grants.append(one)
        if end in (Fate.REOPENED, Fate.PROPOSED_ANEW):
            to_propose.append(one.application.pk)
        elif end not in (*DONE_FATES, Fate.OWN_DECISION):
            _pass_over(one.application, end, actor=actor, undo=undo)
        result[end.value].append(one.application.application_no)
    propose_applications(to_propose, actor=actor, today=today)
    # Last: what changes a limit is announced after every other lock.
    _decide(grants, actor=actor, roles=roles, undo=undo, days=days)
    done = sum(len(result.get(name.value, ())) for name in DONE_FATES)
    return {"result": dict(result), "undone": done}


def _decide(
    grants: Sequence[Sorted], *, actor: Actor, roles: Collection[str], undo: ApplicationUndo, days: Mapping[int, Today]
) -> None:
    """Take the decisions on the accounts, proposed by whoever asked and approved by the actor, and put in force what is due."""
    if not grants:
        return
    tables = {action: Tables.of(action, code) for action, code in REASONS.items()}
    made: list[tuple[Decision, Standing]] = []
    for one in grants:
        assert one.standing is not None
        references = []
        for asked in one.asks(undo.reason):
            weighed = weigh(
                asked,
                one.standing,
                roles=undo.preview["asked_roles"],
                today=days[one.standing.account_id],
                tables=tables[Action(asked.action)],
            )
            needed = weighed.needs_approval_by
            if needed and not may_approve(roles=roles, approver_roles=needed, is_proposer=False):
                raise refusals.NotAnApprover(str(undo.rule_version), needed)
            decision = Decision(
                reference=f"undo-{undo.pk}-{one.application.pk}-{asked.action}",
                account_id=one.standing.account_id,
                status=Status.PROPOSED,
                proposed_by_id=undo.asked_by_id,
                proposed_by_name=undo.asked_by_name,
                judged_by_id=actor.user_id,
                judged_by_name=actor.name,
                judged_at=timezone.now(),
                engine_version=ENGINE_VERSION,
                **weighed.fields,
            )
            made.append((decision, one.standing))
            references.append(decision.reference)
        more = {"undoing": undo.pk, "decisions": references}
        note_application(one.application, UNDO_GRANT, actor, was=one.application.status, reason=undo.reason, more=more)
    add_decisions([decision for decision, _standing in made])
    day = next(iter(days.values())).open_day
    proposals = Writes(Actor(undo.asked_by_name, undo.asked_by_id), day)
    writes = Writes(actor, day)
    for decision, standing in made:
        more = {"needs_approval_by": decision.needs_approval_by, "rule": str(undo.rule_version)}
        proposals.note(decision, PROPOSE_DECISION, standing, decision.note, more=more)
        schedule(decision, standing, writes, today=days[standing.account_id])
    proposals.write()
    writes.write()


def _reopen(application_id: int, *, actor: Actor, undo: ApplicationUndo, today: date) -> Fate:
    """Let a refused application wait for an analyst again, and tell the applicant; the refusal is kept as it stood."""
    application = found_application(application_id)
    application.undone_refusal = kept_refusal(application)
    clear_decision(application)
    application.reopened_on = today
    if application.customer_id is None:
        try:
            # Who has become a customer since is that one: a line is opened for one person once.
            application.customer = recognised(application.person, application.customer_no)
        except CustomerUnknown:
            application.customer = None
        _refuse_conflict(application, actor=actor, undo=undo)
    try:
        with transaction.atomic():
            save_decided(application, "reopened_on", "undone_refusal")
    except IntegrityError:
        # Somebody took in another application of the person in between.
        return Fate.APPLIED_SINCE
    texts = {}
    for language, code in LANGUAGES.items():
        with translation.override(code):
            texts[f"text_{language}"] = _(
                "Application %(number)s: our refusal was wrong and is undone. Somebody looks at your application again; you need "
                "not do anything, and we tell you what comes of it."
            ) % {"number": f"…{application.application_no[-4:]}"}
    DecisionNotice.objects.create(application=application, kind=DecisionNotice.Kind.CORRECTED, dated=today, **texts)
    more = {"undoing": undo.pk}
    note_application(application, REOPEN, actor, was=ApplicationStatus.REFUSED, reason=undo.reason, more=more)
    return Fate.REOPENED


def _refuse_conflict(application: Application, *, actor: Actor, undo: ApplicationUndo) -> None:
    """Refuse the undoing where one of the two people has a conflict with the customer whom an applicant turns out to be.

    :raises ConflictDeclared: the second person has
    :raises UndoRefused: whoever asked has
    """
    refuse_conflicted(application, actor)
    asker = Actor(undo.asked_by_name, undo.asked_by_id)
    if application.customer_id in conflicted_customers(asker):
        raise UndoRefused(
            _(
                "%(name)s, who asked for it, has a conflict of interest with one of the customers; refuse this undoing and let "
                "somebody else ask for it."
            )
            % {"name": undo.asked_by_name}
        )


def _send_back(application_id: int, *, actor: Actor, undo: ApplicationUndo) -> None:
    """Let what waits for its second person go back to the analysts; what nobody has decided only gets another proposal."""
    application = found_application(application_id)
    if application.status == ApplicationStatus.IN_APPROVAL:
        clear_decision(application)
        save_decided(application)
        was = ApplicationStatus.IN_APPROVAL
        note_application(application, SEND_BACK, actor, was=was, reason=undo.reason, more={"undoing": undo.pk})


def _pass_over(application: Application, why: Fate, *, actor: Actor, undo: ApplicationUndo) -> None:
    more = {"undoing": undo.pk, "why": why.value}
    note_application(application, PASS_OVER, actor, was=application.status, reason=undo.reason, more=more)


APPLICATION_UNDOINGS: Final = UndoKind(
    model=ApplicationUndo,
    rules=PROPOSAL_RULES,
    ask_operation=ASK_APPLICATION_UNDO,
    approve_operation=APPROVE_APPLICATION_UNDO,
    day="decided_on",
    preview=preview,
    customers=customers_of,
    undo=_undo,
    nothing=gettext_lazy("Nothing that this rule version decided is left to undo."),
)
