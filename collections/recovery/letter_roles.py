"""What pages and API of letters and legal cases can do, and who may. docs/roles.md is made from this table."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, Role, event, operation

# Letters.
VIEW_LETTER = operation("letter.view", _("see lawyer letters and what they are expected to bring"), *READERS)
PROPOSE_LETTER = operation("letter.propose", _("propose a lawyer letter"), Role.ANALYST, Role.TEAM_LEAD, Role.LEGAL)
PROPOSE_LETTERS = operation(
    "letter.propose_due", _("propose today's lawyer letters by rule"), Role.TEAM_LEAD, Role.LEGAL, Role.MANAGER, Role.SERVICE
)
DECIDE_LETTER = operation("letter.decide", _("approve lawyer letters, or not"), Role.LEGAL)
SEND_LETTER = operation("letter.send", _("send a printed lawyer letter"), Role.LEGAL)
END_LETTER = operation("letter.end", _("record how a lawyer letter ended, with its evidence"), Role.LEGAL, Role.SERVICE)
STOP_LETTER = operation("letter.stop", _("stop a lawyer letter before it is sent"), Role.LEGAL, Role.TEAM_LEAD)
VERIFY_LETTER = operation("letter.verify", _("find out whether a letter is ours"), *READERS)
READ_LETTER = operation(
    "letter_document.reveal",
    _("read a lawyer letter as printed, and its evidence"),
    Role.LEGAL,
    Role.TEAM_LEAD,
    Role.MANAGER,
    Role.COMPLIANCE,
)
# What letters are made from.
VIEW_LETTER_TEMPLATE = operation("letter_template.view", _("see letter templates"), *READERS)
DRAFT_LETTER_TEMPLATE = operation("letter_template.draft", _("draft a letter template"), Role.LEGAL)
APPROVE_LETTER_TEMPLATE = operation("letter_template.approve", _("approve a letter template"), Role.LEGAL, Role.MANAGER)
VIEW_LETTER_POLICY = operation("letter_policy.view", _("see the figures of letters and legal stages"), *READERS)
DRAFT_LETTER_POLICY = operation("letter_policy.draft", _("draft figures of letters and legal stages"), Role.LEGAL, Role.MANAGER)
APPROVE_LETTER_POLICY = operation(
    "letter_policy.approve", _("approve figures of letters and legal stages"), Role.LEGAL, Role.MANAGER
)
# Legal cases and the limitation clock.
VIEW_LEGAL_CASE = operation("legal_case.view", _("see legal cases and the limitation clock"), *READERS)
OPEN_LEGAL_CASE = operation("legal_case.open", _("propose a legal case"), Role.LEGAL, Role.TEAM_LEAD)
DECIDE_LEGAL_CASE = operation("legal_case.decide", _("approve a legal case, or not"), Role.LEGAL, Role.MANAGER)
WORK_LEGAL_CASE = operation("legal_case.work", _("move a legal case on, book its costs, close it"), Role.LEGAL)
NOTE_LIMITATION = operation("limitation.note", _("note what restarts the limitation clock"), Role.LEGAL, Role.TEAM_LEAD)

# What becomes of a letter, as its lines in the audit trail say.
PRINT_LETTER = event("letter.print", _("lawyer letter printed"))
REJECT_LETTER = event("letter.reject", _("lawyer letter not approved"))
CLOSE_LEGAL_CASE = event("legal_case.close", _("legal case closed"))
