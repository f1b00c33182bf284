"""What the book's pages and API can do, and who may. docs/roles.md is made from these tables."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, Role, event, operation

VIEW_ACCOUNTS = operation("account.view", _("see accounts"), *READERS)
REVEAL_PERSON = operation("customer.reveal", _("reveal personal data"), Role.ANALYST, Role.TEAM_LEAD, Role.LEGAL, Role.COMPLIANCE)
POST_PAYMENT = operation("payment.post", _("post a payment"), Role.ANALYST, Role.TEAM_LEAD, Role.SERVICE)
REVERSE_PAYMENT = operation("payment.reverse", _("reverse a payment"), Role.TEAM_LEAD, Role.SERVICE)
WAIVE = operation("installment.waive", _("waive an amount"), Role.TEAM_LEAD, Role.APPROVER)
WRITE_OFF = operation("account.write_off", _("write off an account"), Role.APPROVER)
CANCEL_INSTALLMENT = operation("installment.cancel", _("cancel an instalment"), Role.TEAM_LEAD, Role.APPROVER)
REFUND_CREDIT = operation("account.refund", _("pay back a credit balance"), Role.APPROVER)
IMPORT_PORTFOLIO = operation("portfolio.import", _("import portfolio files"), Role.TEAM_LEAD, Role.ADMINISTRATOR, Role.SERVICE)
DOWNLOAD_QUARANTINE = operation(
    "portfolio.download_quarantine",
    _("download rows that an import set aside"),
    Role.TEAM_LEAD,
    Role.ADMINISTRATOR,
    Role.SERVICE,
)
LOAD_SAMPLE = operation("portfolio.load_sample", _("load the sample book into an empty book"), Role.ADMINISTRATOR)
EXPORT_ACCOUNTS = operation(
    "account.export", _("export accounts"), Role.TEAM_LEAD, Role.MANAGER, Role.COMPLIANCE, Role.ADMINISTRATOR, Role.SERVICE
)
VERIFY_BOOK = operation(
    "book.verify",
    _("check the book against its entries"),
    Role.TEAM_LEAD,
    Role.MANAGER,
    Role.COMPLIANCE,
    Role.ADMINISTRATOR,
    Role.SERVICE,
)
VIEW_PRODUCTS = operation("product.view", _("see products"), *READERS)
EDIT_CONDUCT_FIGURES = operation("conduct_figure.edit", _("edit the figures of conduct"), Role.MANAGER)
SIMULATE = operation("simulation.view", _("simulate repayment"), *READERS)
VIEW_DEBITS = operation("debit.view", _("see mandates and debits"), *READERS)
RECORD_MANDATE = operation("mandate.record", _("record a debit mandate"), Role.ANALYST, Role.TEAM_LEAD, Role.SERVICE)
REVOKE_MANDATE = operation("mandate.revoke", _("revoke a debit mandate"), Role.ANALYST, Role.TEAM_LEAD, Role.LEGAL, Role.SERVICE)
INSTRUCT_DEBIT = operation("debit.instruct", _("order a debit"), Role.ANALYST, Role.TEAM_LEAD, Role.SERVICE)
CANCEL_DEBIT = operation("debit.cancel", _("cancel a debit"), Role.ANALYST, Role.TEAM_LEAD, Role.LEGAL, Role.SERVICE)
SEND_DEBITS = operation(
    "debit.send", _("hand the day's debits to the provider"), Role.TEAM_LEAD, Role.ADMINISTRATOR, Role.SERVICE
)
TAKE_DEBIT_RESULTS = operation(
    "debit.take_results", _("take in the provider's results"), Role.TEAM_LEAD, Role.ADMINISTRATOR, Role.SERVICE
)
VIEW_DECISIONS = operation("decision.view", _("see decisions and restrictions"), *READERS)
PROPOSE_DECISION = operation(
    "decision.propose",
    _("propose or take a decision"),
    Role.ANALYST,
    Role.TEAM_LEAD,
    Role.APPROVER,
    Role.LEGAL,
    Role.SERVICE,
)
APPROVE_DECISION = operation(
    "decision.approve", _("approve or reject a decision"), Role.TEAM_LEAD, Role.APPROVER, Role.LEGAL, Role.MANAGER
)
CANCEL_DECISION = operation(
    "decision.cancel", _("cancel a decision not in force yet"), Role.ANALYST, Role.TEAM_LEAD, Role.APPROVER, Role.LEGAL
)
REVIEW_DECISION = operation(
    "decision.review", _("keep a decision in force after its review"), Role.TEAM_LEAD, Role.APPROVER, Role.LEGAL
)
RECORD_APPEAL = operation("decision.appeal", _("record an appeal"), Role.ANALYST, Role.TEAM_LEAD, Role.LEGAL, Role.SERVICE)
DECIDE_APPEAL = operation("decision.decide_appeal", _("decide an appeal"), Role.APPROVER, Role.LEGAL, Role.MANAGER)
SWITCH_DECISIONS = operation(
    "decision.switch", _("stop and restart automatic decisions"), Role.APPROVER, Role.MANAGER, Role.ADMINISTRATOR
)
PROPOSE_AUTHORITY = operation("authority.propose", _("propose a change of the authority matrix"), Role.MANAGER)
APPROVE_AUTHORITY = operation(
    "authority.approve", _("approve or reject a change of the authority matrix"), Role.APPROVER, Role.MANAGER
)
EDIT_TERMS = operation("decision_terms.edit", _("edit decision terms and the figures of decisions"), Role.MANAGER)
EDIT_REASONS = operation("reason_code.edit", _("edit reason codes"), Role.LEGAL, Role.MANAGER)
EDIT_SCOPE_VALUES = operation(
    "scope_value.edit", _("edit the channels and categories that a suspension may name"), Role.TEAM_LEAD, Role.ADMINISTRATOR
)
PUBLISH_AGREEMENT = operation("agreement.publish", _("publish an agreement version"), Role.LEGAL)
ACCEPT_AGREEMENT = operation("agreement.accept", _("record a customer's acceptance"), Role.ANALYST, Role.TEAM_LEAD, Role.SERVICE)
VIEW_APPLICATIONS = operation("application.view", _("see applications"), *READERS)
RECEIVE_APPLICATION = operation("application.receive", _("take in an application"), Role.ANALYST, Role.TEAM_LEAD, Role.SERVICE)
DECIDE_APPLICATION = operation(
    "application.decide", _("decide an application"), Role.ANALYST, Role.TEAM_LEAD, Role.APPROVER, Role.SERVICE
)
APPROVE_APPLICATION = operation(
    "application.approve",
    _("approve the decision on an application, or send it back"),
    Role.TEAM_LEAD,
    Role.APPROVER,
    Role.MANAGER,
)
WITHDRAW_APPLICATION = operation(
    "application.withdraw", _("record that an applicant withdrew"), Role.ANALYST, Role.TEAM_LEAD, Role.SERVICE
)
RECORD_APPLICATION_APPEAL = operation(
    "application.appeal",
    _("record an appeal against a refused application"),
    Role.ANALYST,
    Role.TEAM_LEAD,
    Role.LEGAL,
    Role.SERVICE,
)
DECIDE_APPLICATION_APPEAL = operation(
    "application.decide_appeal", _("look at a refused application again"), Role.ANALYST, Role.TEAM_LEAD, Role.APPROVER
)
ASK_APPLICATION_UNDO = operation(
    "application.ask_undo",
    _("ask to undo what a proposal rule decided"),
    Role.TEAM_LEAD,
    Role.APPROVER,
    Role.MANAGER,
)
APPROVE_APPLICATION_UNDO = operation(
    "application.approve_undo",
    _("approve the undoing of what a proposal rule decided"),
    Role.APPROVER,
    Role.MANAGER,
)
DRAFT_PROPOSAL_RULE = operation(
    "proposal_rule.draft", _("draft proposal rules and try them"), Role.TEAM_LEAD, Role.APPROVER, Role.MANAGER
)
APPROVE_PROPOSAL_RULE = operation("proposal_rule.approve", _("approve and end proposal rules"), Role.APPROVER, Role.MANAGER)
EDIT_CAPS = operation("lending_cap.edit", _("edit the caps on granting"), Role.MANAGER)
DRAFT_RULE = operation("decision_rule.draft", _("draft and dry run a decision rule"), Role.TEAM_LEAD, Role.APPROVER, Role.MANAGER)
APPROVE_RULE = operation("decision_rule.approve", _("take a decision rule live or retire it"), Role.APPROVER, Role.MANAGER)
ASK_UNDO = operation("decision.ask_undo", _("ask to undo a rule's decisions"), Role.TEAM_LEAD, Role.APPROVER, Role.MANAGER)
APPROVE_UNDO = operation("decision.approve_undo", _("approve the undoing of a rule's decisions"), Role.APPROVER, Role.MANAGER)
REFUSE_AUTOMATION = operation(
    "customer.refuse_automation",
    _("record that a customer refuses automated decisions"),
    Role.ANALYST,
    Role.TEAM_LEAD,
    Role.SERVICE,
)
VIEW_REVIEWS = operation("review.view", _("see reviews and their quality"), *READERS)
OPEN_REVIEW = operation(
    "review.open", _("open a review"), Role.ANALYST, Role.TEAM_LEAD, Role.APPROVER, Role.LEGAL, Role.MANAGER, Role.SERVICE
)
WORK_REVIEW = operation("review.work", _("work on reviews"), Role.ANALYST, Role.TEAM_LEAD, Role.APPROVER, Role.LEGAL)
ASSIGN_REVIEW = operation("review.assign", _("assign reviews to people"), Role.TEAM_LEAD, Role.MANAGER)
EDIT_SWEEP = operation("review_sweep.edit", _("set up review sweeps"), Role.TEAM_LEAD, Role.MANAGER)
DRAW_SAMPLE = operation("review_sample.draw", _("draw a quality sample of reviews"), Role.TEAM_LEAD, Role.MANAGER)
GRADE_REVIEW = operation("review.grade", _("grade a sampled review"), Role.TEAM_LEAD, Role.MANAGER, Role.COMPLIANCE)
EDIT_REVIEW_REASONS = operation("review_reason.edit", _("edit reason codes of reviews"), Role.TEAM_LEAD, Role.MANAGER)
WRITE_NOTE = operation(
    "note.write", _("write a note"), Role.ANALYST, Role.TEAM_LEAD, Role.APPROVER, Role.LEGAL, Role.MANAGER, Role.SERVICE
)
EXPLAIN_DECISION = operation(
    "decision.explain",
    _("record that a decision was explained to the customer"),
    Role.ANALYST,
    Role.TEAM_LEAD,
    Role.LEGAL,
)

# What becomes of a decision, as its lines in the audit trail say.
DECIDE = event("decision.decide", _("decided and noticed"))
TAKE_EFFECT = event("decision.take_effect", _("took effect"))
PUT_OFF = event("decision.put_off", _("put off: held back until its day had passed"))
event("decision.lifted", _("decision lifted"))
event("decision.expired", _("decision ran out"))
event("decision.replaced", _("decision replaced by a later one"))
event("decision.cancelled", _("decision cancelled before it took effect"))
event("decision.rejected", _("decision rejected"))
event("decision.undone", _("decision undone"))
event("decision.replay_alarm", _("verdict computed again differs"))
NOTICE_NOT_TAKEN = event("notice.not_taken", _("notice could not be taken into the outbox; it is tried again"))
# What becomes of a debit.
DEBIT_SENT = event("debit.sent", _("debit handed to the provider"))
DEBIT_FILE_FETCHED = event("debit.file_fetched", _("file of debits fetched, instruments in clear"))
DEBIT_TAKEN = event("debit.taken", _("debit taken"))
DEBIT_FAILED = event("debit.failed", _("debit failed"))
DEBIT_STOPPED = event("debit.stopped", _("debit stopped"))
# What becomes of a change of the matrix, and the lines of the time when it took one person.
AUTHORITY_REJECTED = event("authority.rejected", _("change of the authority matrix rejected"))
AUTHORITY_WITHDRAWN = event("authority.withdrawn", _("change of the authority matrix withdrawn"))
event("authority.edit", _("authority matrix or decision terms edited"))
# What becomes of an application.
event("application.propose", _("rules proposed"))
event("application.grant", _("application granted"))
event("application.refuse", _("application refused"))
event("application.send_back", _("application sent back"))
event("application.expire", _("application ran out"))
event("application.reopen", _("refusal undone, open again"))
event("application.undo", _("grant undone by decisions on the account"))
event("application.pass_over", _("passed over in an undoing"))
event("application.replay_alarm", _("verdict computed again differs"))
event("account.keep_limit", _("limit of a file not taken"))
event("account.change_closing", _("closing day changed by a file"))
# What agreements do to a schedule; who may agree is the agreement's own operation.
CHANGE_SCHEDULE = event("account.change_schedule", _("new schedule agreed"))
END_SCHEDULE = event("account.end_schedule", _("new schedule ended"))
