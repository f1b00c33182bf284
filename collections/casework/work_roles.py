"""What the casework's pages and API can do, and who may."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, Role, event, operation

_WORKERS = (Role.ANALYST, Role.TEAM_LEAD, Role.LEGAL)
_LEADS = (Role.TEAM_LEAD, Role.MANAGER)

# The worklist.
VIEW_WORK = operation("work.view", _("see queues and worklist"), *READERS)
NEXT_WORK = operation("work.next", _("take the next account"), *_WORKERS)
CLAIM_WORK = operation("work.claim", _("claim a chosen account"), *_WORKERS)
RENEW_WORK = operation("work.renew", _("keep an account in hand"), *_WORKERS)
RELEASE_WORK = operation("work.release", _("release an account"), *_WORKERS)
RECORD_OUTCOME = operation("work.outcome", _("record an outcome"), *_WORKERS)
SNOOZE_WORK = operation("work.snooze", _("snooze an account, wake it"), *_WORKERS)
SKIP_WORK = operation("work.skip", _("skip an account with a reason"), *_WORKERS)
ESCALATE_WORK = operation("work.escalate", _("escalate an account"), *_WORKERS)
ASSIGN_WORK = operation("work.assign", _("assign accounts: analysts to themselves only"), *_WORKERS, Role.MANAGER)
SHARE_OUT_WORK = operation("work.share_out", _("assign a queue by load"), *_LEADS)
BOOST_WORK = operation("work.boost", _("boost an account in its queue"), *_LEADS)
UNDO_WORK = operation("work.undo", _("undo what was done in the worklist"), *_WORKERS, Role.MANAGER)
WRITE_NOTE = operation("work_note.write", _("write the note on an account"), *_WORKERS)
BULK_WORK = operation("work.bulk", _("act on many accounts at once"), *_WORKERS, Role.MANAGER)
VIEW_SKIPS = operation(
    "work_skips.view", _("read what was skipped and why, and what came back from people who are away"), *_LEADS, Role.COMPLIANCE
)
SAVE_VIEW = operation("view.save", _("save views of the worklist"), *_WORKERS, Role.APPROVER, Role.MANAGER, Role.ADMINISTRATOR)
MANAGE_QUEUES = operation("queue.manage", _("set up queues and their lists"), *_LEADS, Role.ADMINISTRATOR)
SET_PRIORITY = operation("priority.set", _("set the weights of the priority"), Role.MANAGER)

# What happens to an account in its queue without anybody asking for it, as its line in the audit trail says.
HAND_BACK = event("work.hand_back", _("back to its queue: who had it is away"))

# Cases: what follows from other operations.
MOVE_CASE = event("case.move", _("case moved to another stage"))

# Promises to pay.
VIEW_PROMISES = operation("promise.view", _("see promises to pay"), *READERS)
TAKE_PROMISE = operation("promise.take", _("take a promise to pay"), *_WORKERS)
OVERRIDE_PROMISE = operation("promise.override", _("take a promise after too many broken ones"), *_LEADS)
CANCEL_PROMISE = operation("promise.cancel", _("cancel a promise to pay"), *_WORKERS)
SET_PROMISE_TERMS = operation("promise_terms.set", _("set the terms of promises"), Role.MANAGER)

# Cases: what people do in them.
VIEW_CASES = operation("case.view", _("see collection cases"), *READERS)
RECORD_CASE_OUTCOME = operation("case.outcome", _("record an outcome in a case"), *_WORKERS)
SET_NEXT_ACTION = operation("case.next_action", _("set the next action of a case"), *_WORKERS)
OWN_CASE = operation("case.own", _("give a case its owner"), *_WORKERS, Role.MANAGER)
RECORD_LATENESS_REASON = operation("case.reason", _("record why a customer is late"), *_WORKERS)
CONFIRM_RIGHT_PARTY = operation("case.right_party", _("confirm that it was the customer"), *_WORKERS)
ADD_CASE_CONTACT = operation("case_contact.add", _("add a contact person"), *_WORKERS)
REFUSE_CASE_CONTACT = operation("case_contact.refuse", _("note that a contact person refuses"), *_WORKERS)
BOOK_CASE_COST = operation("case_cost.book", _("book a cost on a case"), *_WORKERS)
SET_CASE_FIGURES = operation("case_figures.set", _("set the figures of cases"), Role.MANAGER)
EDIT_OUTCOME_CODES = operation("outcome_code.edit", _("edit outcome codes"), *_LEADS, Role.ADMINISTRATOR)
EDIT_LATENESS_REASONS = operation("lateness_reason.edit", _("edit the list of reasons for lateness"), *_LEADS, Role.ADMINISTRATOR)
EDIT_PROMPTS = operation("case_prompt.edit", _("edit the script of cases"), *_LEADS, Role.ADMINISTRATOR)

# Vulnerable customers. Reading, reviewing and ending also take an examination in their care (casework/trained.py).
RECORD_VULNERABILITY = operation("vulnerability.record", _("flag a customer as vulnerable"), *_WORKERS)
VIEW_VULNERABILITY = operation(
    "vulnerability.view", _("read what is noted of vulnerable customers, being trained for it"), *_WORKERS, Role.COMPLIANCE
)
REVIEW_VULNERABILITY = operation(
    "vulnerability.review", _("review or end a flag of vulnerability, being trained for it"), *_WORKERS
)
#: What becomes of work that lies with people who are not trained, as its line in the audit trail says.
LEAVE_TO_TRAINED = event("work.leave_to_trained", _("back to its queue: trained staff only"))
