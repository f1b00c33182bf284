"""The agreement and the disclosure that shipped books come with, so that applications can be granted in them."""

from __future__ import annotations

from datetime import date
from typing import Final

from accounts.models import AgreementVersion
from accounts.operations.deciding.agreements import publish_agreement
from riskops.shared.audit import Actor

_Kind = AgreementVersion.Kind

#: Kind, version, titles and texts in English and Chinese. Examples: a lender's own legal department writes what binds.
_SHIPPED: Final = (
    (
        _Kind.AGREEMENT,
        "example-agreement-1",
        "Credit line agreement (example)",
        "信用额度协议（示例）",
        "Example text of a shipped book; it binds nobody.\n\n"
        "1. The lender opens a credit line up to the limit it tells the customer. Each order is repaid in the instalments shown "
        "before it is confirmed.\n"
        "2. What is not paid by its due date is past due. The penalty, its rate and its base are those of the product.\n"
        "3. The lender may reduce or suspend the line on grounds it names, and tells the customer. The customer may object.\n"
        "4. Where an instalment has been past due for so long, or so much of an order is past due, as the law asks, "
        "the lender may demand the whole rest after a written notice and the grace it names.\n"
        "5. The customer may repay early at any time.",
        "随附账册的示例文本，对任何人均无约束力。\n\n"
        "一、贷款人在告知客户的额度内开立信用额度。每笔订单按确认前所示的分期偿还。\n"
        "二、到期日未偿还的款项为逾期款项。违约金及其费率、计算基数以产品条款为准。\n"
        "三、贷款人可基于其说明的理由降低或暂停额度，并告知客户。客户可以提出异议。\n"
        "四、分期逾期时间或订单逾期金额达到法律规定的程度时，贷款人可在书面通知并给予其载明的宽限后，要求一次偿还全部余款。\n"
        "五、客户可随时提前还款。",
        True,
    ),
    (
        _Kind.DISCLOSURE,
        "example-disclosure-1",
        "Costs and risks of the credit line (example)",
        "信用额度的费用与风险披露（示例）",
        "Example text of a shipped book; it binds nobody.\n\n"
        "The limit, each instalment with its principal, interest and fee, the yearly cost, the penalty for paying late "
        "and whom to ask or complain to are shown before an order is confirmed. Paying late costs a penalty and is seen "
        "by later decisions on the line.",
        "随附账册的示例文本，对任何人均无约束力。\n\n"
        "确认订单前会展示额度、每期应还的本金、利息和费用、年化成本、逾期违约金，以及咨询与投诉渠道。"
        "逾期还款会产生违约金，并影响之后对额度的决定。",
        False,
    ),
)


def publish_shipped_agreements(*, actor: Actor, published_on: date) -> None:
    """Publish the example texts, for every product, in a book that has no version of their kind yet.

    :param published_on: no later than the first day somebody accepts them
    """
    for kind, code, title_en, title_zh, text_en, text_zh, has_clause in _SHIPPED:
        if AgreementVersion.objects.filter(kind=kind).exists():
            continue
        version = AgreementVersion(
            kind=kind,
            code=code,
            title_en=title_en,
            title_zh=title_zh,
            text_en=text_en,
            text_zh=text_zh,
            has_acceleration_clause=has_clause,
            published_on=published_on,
        )
        publish_agreement(actor=actor, version=version)
