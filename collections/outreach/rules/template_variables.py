"""The closed list of what a template may say of a customer, and the words that speak of debt or of opting out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from outreach.rules.contacts import Channel

#: A text in English and in Chinese.
Pair = tuple[str, str]


class Kind(StrEnum):
    """What a variable is."""

    TEXT = "text"
    MONEY = "money"
    DAY = "day"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: what it is called and looks like in each language.

    :param example: what previews show, in English and Chinese
    :param longest: as long as it comes in practice; what the longest message is measured with
    :param tells_debt: whoever reads it knows of a debt
    """

    name: str
    kind: Kind
    label: Pair
    example: Pair
    longest: Pair
    tells_debt: bool = False


def _text(name: str, label: Pair, example: Pair, longest: Pair | None = None) -> Variable:
    return Variable(name, Kind.TEXT, label, example, longest or example)


def _money(name: str, label: Pair, example: str) -> Variable:
    longest = "¥1,000,000.00"
    return Variable(name, Kind.MONEY, label, (example, example), (longest, longest), tells_debt=True)


_AMOUNT_DUE: Final = ("amount due: past due in all, else the coming instalment", "应还金额：逾期总额，未逾期则为下期应还")
_DUE_DATE: Final = ("due date: the oldest unpaid one, else the coming one", "应还日期：最早未还日，未逾期则为下个应还日")
_DAYS: Final = ("days past due at the last close", "逾期天数（截至最近日终）")
_LONG_PRODUCT: Final = ("Consumer Instalment Credit Plus", "循环消费信用分期贷款")
_PAGE: Final = "https://pay.example.com/c/AAAAAAABCgekAUymh6xYk0DQ-58/"
_LONG_PAGE: Final = "https://repayment.consumer-finance.example.com/c/AAAAAAABCgekAUymh6xYk0DQ-58/"
_ALL: Final = (
    _text("institution", ("name of the institution", "机构名称"), ("Riskops Finance", "瑞科消费金融")),
    _text(
        "customer_name",
        ("name of the customer, without a title", "客户姓名（不含称谓）"),
        ("Wang Fang", "王芳"),
        ("Alexandra Montgomery-Smith", "阿卜杜拉·买买提江"),
    ),
    _text("account_last4", ("last four of the account number", "账号后四位"), ("1234", "1234")),
    _text("product", ("name of the product", "产品名称"), ("Instalment Card", "分期卡"), _LONG_PRODUCT),
    _money("amount_due", _AMOUNT_DUE, "¥1,280.00"),
    _money("overdue_total", ("past due in all, penalty included", "逾期总额（含违约金）"), "¥1,280.00"),
    _money("penalty_due", ("late-payment penalty due", "应付违约金"), "¥12.80"),
    _money("outstanding", ("outstanding in all", "未结清总额"), "¥8,640.00"),
    _text("currency", ("currency, three letters", "币种（三位代码）"), ("CNY", "CNY")),
    Variable(
        "due_date", Kind.DAY, _DUE_DATE, ("18 Mar 2025", "2025年3月18日"), ("28 Sep 2025", "2025年12月28日"), tells_debt=True
    ),
    Variable("days_past_due", Kind.NUMBER, _DAYS, ("3", "3"), ("1000", "1000"), tells_debt=True),
    _text("hotline", ("telephone number of the customer service", "客服热线"), ("400-000-0000", "400-000-0000")),
    _text("customer_page", ("link to the customer's own page", "客户专属页面链接"), (_PAGE, _PAGE), (_LONG_PAGE, _LONG_PAGE)),
    _text("opt_out", ("how to receive no more of these", "退订方式"), ("Reply STOP to opt out.", "退订请回复“退订”。")),
)
VARIABLES: Final = {variable.name: variable for variable in _ALL}
DEBT_VARIABLES: Final = frozenset(variable.name for variable in _ALL if variable.tells_debt)

#: How the customer ends messages of a channel. A reply ends those by SMS; the others are ended by telephone.
_OPT_OUT: Final = {
    Channel.SMS: ("Reply STOP to opt out.", "退订请回复“退订”。"),
    Channel.EMAIL: (
        "If you do not want such e-mails any more, call us at {hotline} and we will stop them.",
        "如不希望再收到此类邮件，请致电{hotline}，我们将为您停止发送。",
    ),
    Channel.PUSH: ("To stop these, call {hotline}.", "退订请致电{hotline}。"),
}
#: The words by which a text, without a variable, speaks of a debt or says how to opt out.
DEBT_WORDS: Final = re.compile(
    r"\b(?:over ?due|past due|arrears|debts?|owed?|owing|unpaid|repay\w*|instal?lments? (?:is|are|was|were) due)\b"
    r"|逾期|欠款|欠费|还款|应还|未还|拖欠|债务",
    re.IGNORECASE,
)
OPT_OUT_WORDS: Final = re.compile(r"\b(?:reply stop|unsubscribe|to opt out|text stop)\b|退订|拒收", re.IGNORECASE)


def opt_out_sentence(channel: Channel, language: str, hotline: str) -> str:
    """Return how to receive no more by a channel; "" where the way of it is not known.

    :param language: `en` or `zh`
    """
    sentence = _OPT_OUT[channel][language == "zh"]
    return "" if "{hotline}" in sentence and not hotline else sentence.format(hotline=hotline)
