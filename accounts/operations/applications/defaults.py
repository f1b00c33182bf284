"""What a new site decides applications by: authority, terms, reasons, caps and a first set of proposal rules."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from accounts.models import AuthorityRow, DecisionTerms, LendingCap, ProposalRule, ReasonCode
from accounts.models.rule_versions import RuleVersion
from accounts.rules.applications import ApplicationAction, CapKind, Outcome
from accounts.rules.decisions import Action
from riskops.shared.roles import Role

_GRANT, _REFUSE = ApplicationAction.GRANT_LIMIT, ApplicationAction.REFUSE_APPLICATION
#: action, role, amount from, amount to (whole units), role that must approve ("": alone).
AUTHORITY: Final[tuple[tuple[ApplicationAction, Role, int, int | None, str], ...]] = (
    (_GRANT, Role.ANALYST, 0, 50_000, ""),
    (_GRANT, Role.ANALYST, 50_000, None, Role.APPROVER),
    (_GRANT, Role.TEAM_LEAD, 0, 100_000, ""),
    (_GRANT, Role.TEAM_LEAD, 100_000, None, Role.APPROVER),
    (_GRANT, Role.APPROVER, 0, 100_000, ""),
    (_GRANT, Role.APPROVER, 100_000, None, Role.MANAGER),
    (_REFUSE, Role.ANALYST, 0, None, ""),
    (_REFUSE, Role.TEAM_LEAD, 0, None, ""),
    (_REFUSE, Role.APPROVER, 0, None, ""),
)
#: An application that nobody decides ends after so many days.
EXPIRY_DAYS: Final = 30
#: code, action, names and texts in English and Chinese.
REASONS: Final[tuple[tuple[str, ApplicationAction, str, str, str, str], ...]] = (
    (
        "granted",
        _GRANT,
        "Granted",
        "同意授信",
        "Application {account}: we grant you a credit limit of {limit} from {day}. What borrowing costs is in the disclosure "
        "that you accepted.",
        "申请{account}：您的申请已通过，自{day}起授信额度为{limit}。费用标准以您已确认的信息披露为准。",
    ),
    (
        "granted_less",
        _GRANT,
        "Granted, less than asked for",
        "同意部分授信",
        "Application {account}: you asked for {amount}; we grant you a credit limit of {limit} from {day}, in line with your "
        "income and what you owe already. You may ask why, and object.",
        "申请{account}：您申请的额度为{amount}，根据您的收入与现有负债情况，自{day}起授信额度为{limit}。您可要求说明理由并提出异议。",
    ),
    (
        "income_too_low",
        _REFUSE,
        "Too much for the income",
        "收入不足以支持申请额度",
        "Application {account}: we cannot grant {amount}, because it is too much for the income you told us. You may ask for a "
        "person to look at it again, and object.",
        "申请{account}：因所申请额度{amount}超出您所申报收入的承受能力，本次申请未能通过。您可要求人工复核并提出异议。",
    ),
    (
        "existing_arrears",
        _REFUSE,
        "Existing payments are overdue",
        "现有账款逾期",
        "Application {account}: we cannot grant {amount} while payments on your account with us are overdue. Apply again once "
        "they are paid. You may object.",
        "申请{account}：因您在我司的现有账户存在逾期未还款项，本次申请（{amount}）未能通过。还清后可重新申请。您可提出异议。",
    ),
    (
        "bureau_arrears",
        _REFUSE,
        "The credit bureau reports arrears",
        "征信显示逾期",
        "Application {account}: we cannot grant {amount}, because the credit report that you allowed us to ask for shows overdue "
        "payments. You may ask the bureau for your report and have mistakes corrected; you may object here too.",
        "申请{account}：因经您授权查询的征信报告显示存在逾期记录，本次申请（{amount}）未能通过。您可向征信机构查询报告并申请更正，也可向我们提出异议。",
    ),
    (
        "identity_unclear",
        _REFUSE,
        "Identity not established",
        "身份信息无法核实",
        "Application {account}: we could not establish who is applying, so it is refused. Apply again with a valid identity "
        "document.",
        "申请{account}：因身份信息无法核实，本次申请未能通过。请持有效身份证件重新申请。",
    ),
    (
        "policy",
        _REFUSE,
        "Outside our lending policy",
        "不符合授信政策",
        "Application {account}: {amount} is outside what our lending policy allows. You may ask a person to explain it, "
        "and object.",
        "申请{account}：所申请额度{amount}不符合我司授信政策。您可要求人工说明并提出异议。",
    ),
)
#: For what was granted by a rule that was wrong (undoing.py). Put in wherever they lack, whatever else somebody has changed.
#: Their names sort last: forms offer the first reason of an action first.
REASONS_OF_UNDOING: Final[tuple[tuple[str, Action, str, str, str, str], ...]] = (
    (
        "wrong_grant",
        Action.SUSPEND_USE,
        "The line was granted by mistake",
        "授信有误",
        "Account {account}: this line was granted by a mistake of ours. From {day} it is suspended ({scope}). You did nothing "
        "wrong, and may apply again or object; we answer by message. Next look at it: {review}.",
        "账户{account}：因我方审批有误，该授信自{day}起暂停使用（{scope}）。此事与您的行为无关，您可重新申请或提出申诉，我们将答复您。"
        "下次复核日：{review}。",
    ),
    (
        "wrong_limit",
        Action.LOWER_LIMIT,
        "The limit was granted by mistake",
        "额度有误",
        "Account {account}: your limit was granted by a mistake of ours. From {day} it is {limit}. Purchases made before stay as "
        "they are. You may object.",
        "账户{account}：因我方审批有误，自{day}起授信额度调整为{limit}。已有账单不受影响。您可提出申诉。",
    ),
)
#: code, kind, currency, most, source.
CAPS: Final = (
    ("internet_loan", CapKind.CUSTOMER_LIMIT, "CNY", 200_000, "Order 9/2020: consumer line by internet loan"),
    ("bullet_principal", CapKind.BULLET_MONTHS, "", 12, "Order 9/2020: principal repaid at once"),
)
#: order, code, names, rule, outcome, reason, share, income multiple.
RULES: Final[tuple[tuple[int, str, str, str, str, Outcome, str, int | None, int | None], ...]] = (
    (
        10, "arrears", "In arrears with us", "在我司逾期",
        "existing_dpd > 0 or written_off = True", Outcome.REFUSE, "existing_arrears", None, None,
    ),
    (
        20, "bureau-arrears", "In arrears elsewhere", "他行逾期",
        "bureau_overdue_days > 30", Outcome.REFUSE, "bureau_arrears", None, None,
    ),
    (
        30, "no-income", "No income declared", "未申报收入",
        "income_multiple = None", Outcome.REFUSE, "income_too_low", None, None,
    ),
    (
        40, "linked-refusals", "Refused lately, here or under the same phone", "近期被拒或关联被拒",
        "refusals_6m > 1 or linked_refusals_6m > 2", Outcome.REFER, "", None, None,
    ),
    (
        50, "known-customer", "Known customer, paid on time", "存量客户还款良好",
        "relationship_months >= 6 and worst_dpd_6m = 0", Outcome.GRANT, "", None, 40_000,
    ),
    (
        60, "new-customer", "New customer with an income", "有收入的新客户",
        "declared_income > 0", Outcome.GRANT, "", None, 20_000,
    ),
)  # fmt: skip


def seed_application_settings(*, using: str = "default") -> None:
    """Fill what is not there yet; what somebody changed, or emptied in part, stays as it is."""
    names = ("code", "action", "name_en", "name_zh", "text_en", "text_zh")
    for reason in REASONS_OF_UNDOING:
        values = dict(zip(names, reason, strict=True))
        ReasonCode.objects.using(using).get_or_create(code=values.pop("code"), defaults=values)
    if LendingCap.objects.using(using).exists():
        return
    actions = [action.value for action in ApplicationAction]
    if not AuthorityRow.objects.using(using).filter(action__in=actions).exists():
        AuthorityRow.objects.using(using).bulk_create(
            [
                AuthorityRow(action=action.value, role=role.value, amount_from=start, amount_to=end, approver_role=str(approver))
                for action, role, start, end, approver in AUTHORITY
            ]
        )
    terms: dict[str, Any] = {"buffer_days": 0, "appeal_days": 30}
    DecisionTerms.objects.using(using).get_or_create(
        action=_GRANT.value,
        defaults={**terms, "expiry_days": EXPIRY_DAYS, "source": "house default: an application is decided within a month"},
    )
    DecisionTerms.objects.using(using).get_or_create(action=_REFUSE.value, defaults={**terms, "source": "house default"})
    for row in REASONS:
        values = dict(zip(names, row, strict=True))
        ReasonCode.objects.using(using).get_or_create(code=values.pop("code"), defaults={**values, "action": row[1].value})
    LendingCap.objects.using(using).bulk_create(
        [
            LendingCap(code=code, kind=kind.value, currency=currency, most=most, source=source)
            for code, kind, currency, most, source in CAPS
        ]
    )
    if not ProposalRule.objects.using(using).exists():
        _seed_rules(using)


def _seed_rules(using: str) -> None:
    reasons = {reason.code: reason for reason in ReasonCode.objects.using(using).filter(action=_REFUSE.value)}
    ProposalRule.objects.using(using).bulk_create(
        [
            ProposalRule(
                code=code,
                number=1,
                order=order,
                name_en=name_en,
                name_zh=name_zh,
                rule=rule,
                outcome=outcome.value,
                reason=reasons.get(reason),
                share_bp=share,
                income_multiple_bp=multiple,
                status=RuleVersion.Status.LIVE,
                note="shipped with the site",
                drafted_by_name="riskops",
                approved_by_name="riskops",
                dry_run={"figures": {"applications": 0}},
                live_from=date(1990, 1, 1),
            )
            for order, code, name_en, name_zh, rule, outcome, reason, share, multiple in RULES
        ]
    )
