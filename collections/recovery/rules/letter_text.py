"""What the text of a letter may name, and how it becomes paragraphs: `{variable}` from a closed list, `{instalments}` alone on
its line for the table of what is unpaid. Nothing else is read: a brace that opens no variable is refused when it is typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: Each variable: its label in English and Chinese, and an example in each.
VARIABLES: Final[dict[str, tuple[str, str, str, str]]] = {
    "customer_name": ("name of the customer", "客户姓名", "Wang Fang", "王芳"),
    "institution": ("name of the institution", "机构名称", "Riskops Finance", "瑞科消费金融"),
    "hotline": ("telephone number of the customer service", "客服热线", "400-000-0000", "400-000-0000"),
    "account_last4": ("last four of the account number", "账号后四位", "1234", "1234"),
    "product": ("name of the product", "产品名称", "Instalment Card", "分期卡"),
    "opened_on": ("day the account was opened", "开户日期", "1 Jun 2024", "2024年6月1日"),
    "as_of": ("day the amounts are of", "金额截至日期", "31 Mar 2025", "2025年3月31日"),
    "oldest_due_on": ("due date of the oldest unpaid instalment", "最早未还到期日", "18 Nov 2024", "2024年11月18日"),
    "days_past_due": ("days past due", "逾期天数", "133", "133"),
    "overdue_total": ("past due in all, penalty included", "逾期总额（含违约金）", "¥8,640.00", "¥8,640.00"),
    "overdue_principal": ("past-due principal", "逾期本金", "¥8,000.00", "¥8,000.00"),
    "overdue_interest": ("past-due interest and fees", "逾期利息及费用", "¥512.00", "¥512.00"),
    "penalty_due": ("late-payment penalty due", "应付违约金", "¥128.00", "¥128.00"),
    "outstanding": ("owed in all, not yet due included", "未结清总额", "¥18,450.00", "¥18,450.00"),
    "pay_by": ("last day to pay", "最迟还款日", "15 Apr 2025", "2025年4月15日"),
    "letter_date": ("day of the letter", "函件日期", "1 Apr 2025", "2025年4月1日"),
    "reference": ("number of the letter", "函件编号", "L-000123", "L-000123"),
}
#: The table of what is unpaid, on a line of its own.
TABLE: Final = "{instalments}"
_VARIABLE: Final = re.compile(r"\{([a-z_0-9]+)\}")
_BRACE: Final = re.compile(r"[{}]")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of one paragraph, or the table where `is_table`."""

    lines: tuple[str, ...]
    is_table: bool = False


class ValueAbsent(Exception):
    """The account has no value for a variable that the text names."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def unknown_parts(text: str) -> tuple[str, ...]:
    """Return what stands in braces and is no variable, and braces that open or close nothing; each once."""
    without_table = "\n".join("" if line.strip() == TABLE else line for line in text.splitlines())
    names = [f"{{{name}}}" for name in _VARIABLE.findall(without_table) if name not in VARIABLES]
    stray = _BRACE.findall(_VARIABLE.sub("", without_table))
    return tuple(dict.fromkeys([*names, *stray]))


def names_in(text: str) -> frozenset[str]:
    """Return the variables that a text names."""
    return frozenset(_VARIABLE.findall(text)) & frozenset(VARIABLES)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables' values.

    :raises ValueAbsent: one of them has none
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise ValueAbsent(name)
        return values[name]

    return _VARIABLE.sub(value, text)


def paragraphs(text: str, values: Mapping[str, str]) -> tuple[Paragraph, ...]:
    """Return a text as paragraphs, filled in; an empty line ends one, the table stands by itself.

    :raises ValueAbsent: a variable has no value
    """
    found: list[Paragraph] = []
    lines: list[str] = []

    def end() -> None:
        if lines:
            found.append(Paragraph(tuple(lines)))
            lines.clear()

    for line in text.splitlines():
        if line.strip() == TABLE:
            end()
            found.append(Paragraph((), is_table=True))
        elif line.strip():
            # What a value brings is no paragraph of its own.
            lines.append(" ".join(filled(line.strip(), values).split()))
        else:
            end()
    end()
    return tuple(found)


def examples(language: str) -> dict[str, str]:
    """Return example values: `en` or `zh`."""
    return {name: variable[3 if language == "zh" else 2] for name, variable in VARIABLES.items()}
