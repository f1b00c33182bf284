"""The sample book: 30,000 real credit-card accounts as portfolio files. See docs/sample-book.md."""

from typing import Final

from accounts.sample_book.convert import SampleBook, account_no, write_sample_book
from accounts.sample_book.reconstruct import months_late
from accounts.sample_book.source import CardClient, DataFileDamaged, card_clients
from accounts.sample_book.window import DayOutOfRange

#: What a page that shows the sample book says about it, by language code.
SOURCE_NOTE: Final = {
    "en": (
        "Sample book. Statuses, bills, payments, limits and attributes are real: 30,000 credit-card accounts, Taiwan, "
        "April–September 2005 (Yeh & Lien 2009; UCI, doi 10.24432/C55S3H; CC BY 4.0). All dates are moved by whole months so "
        "that the last month-end is the latest before the day of loading. Instalments, due dates and payment days are "
        "reconstructed so that every month-end bucket equals the recorded status. Opening dates, product terms, penalties, "
        "names, phones, e-mails, identity numbers, addresses, devices and consents are invented."
    ),
    "zh-hans": (
        "示例账簿。还款状态、账单、还款额、额度与属性均为真实数据：台湾 30,000 个信用卡账户，2005 年 4 月至 9 月"
        "（Yeh & Lien 2009；UCI，doi 10.24432/C55S3H；CC BY 4.0）。所有日期按整月平移，使最后一个月末为加载日之前最近的月末。"
        "分期、到期日与还款日由状态重建，保证每个月末的账龄桶与记录的状态一致。开户日、产品条款、罚息、姓名、电话、邮箱、证件号、"
        "地址、设备与授权均为虚构。"
    ),
}

__all__ = [
    "SOURCE_NOTE",
    "CardClient",
    "DataFileDamaged",
    "DayOutOfRange",
    "SampleBook",
    "account_no",
    "card_clients",
    "months_late",
    "write_sample_book",
]
