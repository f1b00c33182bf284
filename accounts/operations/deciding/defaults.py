"""What a new site decides by: the authority matrix, terms and reason codes that every migrate puts into empty tables."""

from __future__ import annotations

from typing import Final

from accounts.models import AuthorityRow, DecisionControl, DecisionTerms, ReasonCode, ScopeValue
from accounts.rules.decisions import Action
from riskops.shared.roles import Role

#: action, role, amount from, amount to (whole units), role that must approve ("": alone). See docs/decisions-on-accounts.md.
AUTHORITY: Final[tuple[tuple[Action, Role, int, int | None, str], ...]] = (
    (Action.SUSPEND_USE, Role.ANALYST, 0, None, Role.TEAM_LEAD),
    (Action.SUSPEND_USE, Role.TEAM_LEAD, 0, 50_000, ""),
    (Action.SUSPEND_USE, Role.TEAM_LEAD, 50_000, None, Role.APPROVER),
    (Action.SUSPEND_USE, Role.APPROVER, 0, None, ""),
    (Action.SUSPEND_USE, Role.SERVICE, 0, 50_000, ""),
    (Action.SUSPEND_USE, Role.SERVICE, 50_000, None, Role.TEAM_LEAD),
    (Action.LOWER_LIMIT, Role.ANALYST, 0, None, Role.TEAM_LEAD),
    (Action.LOWER_LIMIT, Role.TEAM_LEAD, 0, 20_000, ""),
    (Action.LOWER_LIMIT, Role.TEAM_LEAD, 20_000, None, Role.APPROVER),
    (Action.LOWER_LIMIT, Role.APPROVER, 0, None, ""),
    (Action.LOWER_LIMIT, Role.SERVICE, 0, 20_000, ""),
    (Action.LOWER_LIMIT, Role.SERVICE, 20_000, None, Role.TEAM_LEAD),
    (Action.RAISE_LIMIT, Role.ANALYST, 0, 20_000, Role.APPROVER),
    (Action.RAISE_LIMIT, Role.TEAM_LEAD, 0, None, Role.APPROVER),
    (Action.RAISE_LIMIT, Role.APPROVER, 0, 20_000, ""),
    (Action.RAISE_LIMIT, Role.APPROVER, 20_000, None, Role.MANAGER),
    (Action.RAISE_LIMIT, Role.SERVICE, 0, None, Role.APPROVER),
    (Action.ACCELERATE, Role.ANALYST, 0, None, Role.LEGAL),
    (Action.ACCELERATE, Role.TEAM_LEAD, 0, None, Role.LEGAL),
    (Action.ACCELERATE, Role.APPROVER, 0, None, Role.LEGAL),
    (Action.ACCELERATE, Role.LEGAL, 0, None, Role.APPROVER),
    (Action.ACCELERATE, Role.SERVICE, 0, None, Role.LEGAL),
    (Action.LIFT, Role.ANALYST, 0, None, Role.TEAM_LEAD),
    (Action.LIFT, Role.TEAM_LEAD, 0, None, ""),
    (Action.LIFT, Role.APPROVER, 0, None, ""),
    (Action.LIFT, Role.LEGAL, 0, None, ""),
    (Action.LIFT, Role.SERVICE, 0, None, ""),
    (Action.WRITE_OFF, Role.ANALYST, 0, 20_000, Role.APPROVER),
    (Action.WRITE_OFF, Role.TEAM_LEAD, 0, None, Role.APPROVER),
    (Action.WRITE_OFF, Role.APPROVER, 0, None, Role.MANAGER),
)
#: action, buffer, review, expiry, appeal (days), where the figures come from.
TERMS: Final[tuple[tuple[Action, int, int | None, int | None, int, str], ...]] = (
    (Action.SUSPEND_USE, 0, 30, 180, 30, "house default: a risk of loss is stopped at once, and looked at after a month"),
    (Action.LOWER_LIMIT, 7, 90, None, 30, "house default: told a week before"),
    (Action.RAISE_LIMIT, 0, None, None, 30, "house default"),
    (Action.ACCELERATE, 15, 30, None, 30, "Civil Code 634: a reasonable period after the demand"),
    (Action.LIFT, 0, None, None, 30, "house default: good news waits for nothing"),
    (Action.WRITE_OFF, 0, None, None, 30, "house default"),
)
#: code, action, names and texts in English and Chinese.
REASONS: Final[tuple[tuple[str, Action, str, str, str, str], ...]] = (
    (
        "overdue",
        Action.SUSPEND_USE,
        "Payments are overdue",
        "账款逾期",
        "Account {account}: from {day} the line is suspended ({scope}), because payments are overdue. Pay what is overdue and it "
        "is lifted. You may object; we answer by message. Next look at it: {review}.",
        "账户{account}：因存在逾期未还款项，自{day}起暂停使用（{scope}）。还清逾期款项后即可恢复。您可提出申诉，我们将答复您。"
        "下次复核日：{review}。",
    ),
    (
        "unusual_use",
        Action.SUSPEND_USE,
        "Unusual use",
        "交易异常",
        "Account {account}: from {day} {scope} is suspended for your protection, because of unusual use. Call us if it was you; "
        "you may object. Next look at it: {review}.",
        "账户{account}：因检测到异常交易，为保护您的资金安全，自{day}起暂停使用（{scope}）。如系本人操作请联系我们；您可提出申诉。"
        "下次复核日：{review}。",
    ),
    (
        "risk_rising",
        Action.LOWER_LIMIT,
        "The risk has risen",
        "风险上升",
        "Account {account}: from {day} your limit is {limit}. The reason is your recent payment behaviour. Purchases made before "
        "stay as they are. You may object.",
        "账户{account}：根据您近期的还款情况，自{day}起授信额度调整为{limit}。已有账单不受影响。您可提出申诉。",
    ),
    (
        "affordability",
        Action.LOWER_LIMIT,
        "The limit is above what can be afforded",
        "额度超出还款能力",
        "Account {account}: from {day} your limit is {limit}, to keep what you owe within what you can repay. You may object.",
        "账户{account}：为使负债与您的还款能力相符，自{day}起授信额度调整为{limit}。您可提出申诉。",
    ),
    (
        "good_record",
        Action.RAISE_LIMIT,
        "Good payment record",
        "还款记录良好",
        "Account {account}: thank you for paying on time. From {day} your limit is {limit}. Tell us if you do not want it.",
        "账户{account}：感谢您按时还款，自{day}起授信额度提高为{limit}。如不需要请告知我们。",
    ),
    (
        "one_fifth_overdue",
        Action.ACCELERATE,
        "A fifth or more of the price is overdue",
        "逾期款项达到全部价款的五分之一",
        "Account {account}: at least one fifth of the price is overdue. Unless you pay what is overdue before {day}, the whole "
        "{amount} falls due on that day. Paid in time, the demand falls away. You may object, or ask for a repayment plan.",
        "账户{account}：您未支付的到期价款已达全部价款的五分之一。如在{day}前未还清逾期款项，全部未还款项{amount}将于该日提前到期。"
        "按期还款的，本通知失效。您可提出申诉或申请个性化分期。",
    ),
    (
        "cause_gone",
        Action.LIFT,
        "The cause is gone",
        "原因消除",
        "Account {account}: the restriction we told you of is lifted from {day} on.",
        "账户{account}：此前通知您的限制自{day}起解除。",
    ),
    (
        "decided_in_error",
        Action.LIFT,
        "It was an error",
        "误操作",
        "Account {account}: the restriction we told you of was our mistake and is lifted from {day} on. We are sorry.",
        "账户{account}：此前通知您的限制系我方失误，自{day}起解除，谨致歉意。",
    ),
    (
        "not_recoverable",
        Action.WRITE_OFF,
        "Not recoverable",
        "无法收回",
        "Account {account}: the account is written off in our books on {day}. You still owe {amount}; call us about a way to "
        "repay it.",
        "账户{account}：该账户已于{day}作核销处理。您仍需偿还{amount}，请联系我们协商还款方式。",
    ),
)
#: kind, code, names in English and Chinese: the ways of buying, and the kinds of goods that a suspension is asked for most.
SCOPE_VALUES: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("channel", "app", "our app", "本公司应用"),
    ("channel", "web", "web shop", "网上商城"),
    ("channel", "mini_program", "mini program", "小程序"),
    ("channel", "store", "QR code in a store", "门店扫码"),
    ("channel", "partner", "partner's interface", "合作方接口"),
    ("category", "electronics", "phones and electronics", "手机数码"),
    ("category", "appliances", "household appliances", "家用电器"),
    ("category", "home", "home and furniture", "家居家装"),
    ("category", "fashion", "clothes and shoes", "服饰鞋包"),
    ("category", "beauty", "beauty and care", "美妆个护"),
    ("category", "groceries", "groceries", "食品生鲜"),
    ("category", "jewellery", "jewellery and gold", "珠宝黄金"),
    ("category", "luxury", "luxury goods", "奢侈品"),
    ("category", "gift_cards", "gift cards and vouchers", "礼品卡券"),
    ("category", "digital_goods", "digital goods and top-ups", "虚拟商品及充值"),
    ("category", "travel", "travel", "旅行出行"),
    ("category", "education", "education", "教育培训"),
    ("category", "health", "health and medical", "医疗健康"),
)


def seed_scope_values(*, using: str = "default") -> None:
    """Put in the channels and categories that are not there. None is ever deleted, so what somebody changed or ended stays so."""
    ScopeValue.objects.using(using).bulk_create(
        [ScopeValue(kind=kind, code=code, name_en=english, name_zh=chinese) for kind, code, english, chinese in SCOPE_VALUES],
        ignore_conflicts=True,
    )


def seed_decision_settings(*, using: str = "default") -> None:
    """Fill the tables that hold nothing yet; what somebody changed, or emptied in part, stays as it is."""
    if not AuthorityRow.objects.using(using).exists():
        AuthorityRow.objects.using(using).bulk_create(
            [
                AuthorityRow(action=action, role=role.value, amount_from=start, amount_to=end, approver_role=str(approver))
                for action, role, start, end, approver in AUTHORITY
            ]
        )
    if not DecisionTerms.objects.using(using).exists():
        names = ("action", "buffer_days", "review_days", "expiry_days", "appeal_days", "source")
        DecisionTerms.objects.using(using).bulk_create([DecisionTerms(**dict(zip(names, row, strict=True))) for row in TERMS])
    if not ReasonCode.objects.using(using).exists():
        names = ("code", "action", "name_en", "name_zh", "text_en", "text_zh")
        ReasonCode.objects.using(using).bulk_create([ReasonCode(**dict(zip(names, row, strict=True))) for row in REASONS])
    DecisionControl.objects.using(using).get_or_create(pk=1)
