"""What can be wrong with a delivery, in words: what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Wording(NamedTuple):
    """A problem in words, with %(name)s where its parameters go."""

    message: str | Promise
    remedy: str | Promise


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, or worth a warning. `value` is empty for personal columns: no clear personal value is kept or shown.

    :param line: the physical line where the record starts (header = 1; in a workbook the row); None: the file as a whole
    """

    code: str
    file: str
    line: int | None = None
    column: str = ""
    value: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    is_error: bool = True

    @property
    def message(self) -> str:
        """What is wrong, in the active language."""
        return worded(CATALOGUE[self.code].message, self.params)

    @property
    def remedy(self) -> str:
        """What would be right, in the active language."""
        return worded(CATALOGUE[self.code].remedy, self.params)


def worded(text: str | Promise, params: Mapping[str, Any]) -> str:
    """Return a text of the catalogue with its parameters filled in."""
    return str(text) % params


#: Longest value that is kept of a bad cell.
VALUE_LENGTH: Final = 200

CATALOGUE: Final[dict[str, Wording]] = {
    # -- the delivery
    "no_files": Wording(_("none of the portfolio files is in it"), _("put at least one of %(known)s in it")),
    "passed_over": Wording(
        _("this is none of the portfolio files and was passed over"), _("the known files are %(known)s, in lower case")
    ),
    "zip_damaged": Wording(_("the archive cannot be read: %(detail)s"), _("make the zip file again and send it again")),
    "zip_encrypted": Wording(_("the archive is encrypted"), _("send it without a password")),
    "zip_path": Wording(
        _("the archive holds a name that leads out of its folder"),
        _("put plain files in it: no .., no absolute path, no backslash"),
    ),
    "zip_link": Wording(_("the archive holds a link"), _("put the file itself in it")),
    "zip_members": Wording(_("the archive holds %(members)s entries"), _("at most %(limit)s")),
    "zip_too_large": Wording(_("unpacked it would be %(size)s bytes"), _("at most %(limit)s bytes; send it in parts")),
    "zip_ratio": Wording(
        _("it unpacks to %(ratio)s times its size, which no portfolio file does"),
        _("at most %(limit)s times; make the file again"),
    ),
    "file_twice": Wording(_("the file is there twice: %(first)s and %(second)s"), _("send each file once")),
    "workbook_damaged": Wording(_("the workbook cannot be read: %(detail)s"), _("save it again as .xlsx, or send CSV files")),
    "too_large": Wording(_("the file has %(size)s bytes"), _("at most %(limit)s bytes; send it in parts")),
    # -- the manifest
    "manifest_duplicate": Wording(_("the manifest lists this file twice (first on line %(first)s)"), _("one line for each file")),
    "manifest_unknown_file": Wording(
        _("the manifest lists a file that is none of the portfolio files"), _("the known files are %(known)s")
    ),
    "manifest_missing_file": Wording(
        _("the manifest lists this file, but it did not come"), _("send it, or take it off the manifest")
    ),
    "manifest_rows": Wording(
        _("the manifest says %(expected)s rows, the file has %(found)s (%(difference)s)"),
        _("send the whole file again, or correct the manifest"),
    ),
    "manifest_amount": Wording(
        _("the manifest says a total of %(expected)s, the file adds up to %(found)s (%(difference)s)"),
        _("send the whole file again, or correct the manifest"),
    ),
    "manifest_no_amount": Wording(_("this file has no amounts to add up"), _("leave amount_total empty for it")),
    "manifest_amount_unread": Wording(
        _("the total of the manifest was not compared: amounts of bad rows cannot be read"),
        _("correct those rows and send them again"),
    ),
    "manifest_not_listed": Wording(
        _("the manifest does not list this file, so its totals were not checked"), _("list every file that comes")
    ),
    "feed_without_day": Wording(
        _("a feed is expected of this file, but without a business_date in manifest.csv it is not known for which day it came"),
        _("send a manifest.csv with a business_date; until then the feed counts as missing"),
    ),
    "feed_not_whole": Wording(
        _("rows of this file were set aside (%(refused)s), so the feed of %(day)s counts as missing"),
        _("correct them and send them with a manifest.csv of that day; or close without the feed, giving a reason"),
    ),
    # -- the load
    "placed_at_close": Wording(
        _("%(accounts)s accounts changed, more than the %(limit)s that are placed at once"),
        _("nothing to mend: the next close puts them in their tiers, queues and cases"),
    ),
    # -- the file as text
    "empty_file": Wording(_("the file is empty"), _("the first line must be the header: %(known)s")),
    "wrong_encoding": Wording(_("the file is not UTF-8 (it looks like %(guess)s)"), _("save it as UTF-8")),
    "missing_column": Wording(_("the header has no column %(column)s"), _("the columns are %(known)s")),
    "unknown_column": Wording(
        _("the header has a column that is not known"), _("the columns are %(known)s; a column of your own starts with x_")
    ),
    "duplicate_column": Wording(_("the header has this column twice"), _("each column once")),
    "bad_attribute_name": Wording(_("this column name cannot be kept"), _("x_ and up to 62 letters, digits or signs")),
    "quote_never_closed": Wording(
        _("a quoted cell that starts in this record is never closed, or is longer than %(limit)s characters"),
        _('close the quote; a quote inside a quoted cell is written twice ("")'),
    ),
    "bad_quotes": Wording(
        _("the quotes of this record are not those of CSV: %(detail)s"),
        _('quote the whole cell; a quote inside a quoted cell is written twice ("")'),
    ),
    "cells_missing": Wording(
        _("the record has %(found)s cells, the header %(expected)s"), _("one cell for each column, empty ones too")
    ),
    "cells_extra": Wording(
        _("the record has %(found)s cells, the header %(expected)s"),
        _("one cell for each column; quote a cell that holds a comma"),
    ),
    "not_utf8": Wording(_("the cell holds bytes that are not UTF-8"), _("save the file as UTF-8")),
    "typed_formula": Wording(_("the cell holds a formula"), _("paste the value itself")),
    "typed_error": Wording(_("the cell holds an error of the spreadsheet"), _("paste the value itself")),
    "typed_long_number": Wording(
        _("the cell is stored as a number, and spreadsheets keep 15 digits only"),
        _("format the column as text and enter it again"),
    ),
    # -- cells
    "missing_value": Wording(_("the cell is empty"), _("a value is needed")),
    "too_long": Wording(_("the text has %(found)s characters"), _("at most %(limit)s")),
    "control_character": Wording(_("the text holds a control character (U+%(code_point)s)"), _("take it out")),
    "date_malformed": Wording(_("this is no ISO date"), _("year-month-day, such as 2025-03-31")),
    "date_impossible": Wording(_("there is no such day"), _("a day of the calendar, such as 2025-03-31")),
    "date_range": Wording(_("the date is out of range"), _("from 1990-01-01 to 2099-12-31")),
    "amount_malformed": Wording(
        _("this is no plain amount"), _("digits with at most one decimal point between them, such as 1234.5")
    ),
    "amount_negative": Wording(_("the amount is negative"), _("amounts have no sign; a payment is undone by a reversal")),
    "amount_sign": Wording(_("the amount has a sign"), _("leave the sign out")),
    "amount_exponent": Wording(_("the amount has an exponent"), _("write it out, such as 1000 for 1e3")),
    "amount_separator": Wording(
        _("the amount has separators"), _("digits and a decimal point only, such as 1234.50 for 1,234.50")
    ),
    "amount_not_ascii": Wording(
        _("the amount has signs other than the digits 0 to 9 and a point"), _("plain ASCII digits, such as 1234.50")
    ),
    "amount_decimals": Wording(_("too many decimals: %(found)s"), _("%(currency)s has at most %(limit)s")),
    "amount_too_large": Wording(_("the amount is too large"), _("at most 100,000,000.00")),
    "amount_zero": Wording(_("the amount is zero"), _("an amount above zero")),
    "whole_malformed": Wording(_("this is no whole number"), _("a whole number from %(lowest)s to %(highest)s, in plain digits")),
    "whole_range": Wording(_("the number is out of range"), _("a whole number from %(lowest)s to %(highest)s")),
    "percent_malformed": Wording(
        _("this is no percentage"), _("digits with at most two decimals, such as 24 or 12.5; empty for no cap")
    ),
    "choice_unknown": Wording(_("this is none of the choices"), _("one of %(choices)s")),
    "currency_unknown": Wording(_("this is no currency of ISO 4217"), _("three capital letters, such as CNY")),
    "time_zone_unknown": Wording(_("this is no time zone of the IANA data base"), _("a name such as Asia/Shanghai")),
    "allocation_order": Wording(
        _("this is no allocation order"), _("each of penalty, fee, interest and principal once, with commas between")
    ),
    # -- rows
    "booked_after_due": Wording(
        _("booked on %(booked_on)s, after it is due on %(due_date)s"), _("a booked_on not after the due_date")
    ),
    "booked_default_after_due": Wording(
        _("due on %(due_date)s, before the account opened on %(opened_on)s, the day an empty booked_on stands for"),
        _("a due_date not before the opening, or a booked_on of its own"),
    ),
    "nothing_owed": Wording(_("principal, interest and fee are all zero"), _("at least one of them above zero")),
    "directed_half": Wording(_("a directed payment names both order_no and sequence"), _("give both, or neither")),
    "reversal_directed": Wording(_("a reversal names no instalment"), _("leave order_no and sequence empty")),
    "reverses_itself": Wording(_("a payment cannot reverse itself"), _("name the payment that is to be undone")),
    "duplicate_row": Wording(_("the very same row came before, on line %(first)s; it counts once"), _("send each row once")),
    "duplicate_key": Wording(
        _("%(key)s came with different content on line %(other)s of the same file"), _("one row for each %(columns)s")
    ),
    "applicant_missing": Wording(
        _("the row does not say who applies"), _("a name and an identity number, or the customer_no of a customer")
    ),
    "acceptance_without_day": Wording(_("an accepted version has no accepted_on"), _("the day on which it was accepted")),
    "consent_incomplete": Wording(
        _("a consent has no source or no moment"), _("consent_source and consented_at, for all consents of the row")
    ),
    "bureau_without_day": Wording(_("a bureau record has no day"), _("the day of the record in bureau_on")),
    "bureau_without_consent": Wording(
        _("a bureau record came without the applicant's consent to ask bureaus"),
        _("consent_bureau yes, if it was given; else no bureau columns"),
    ),
    "moment_malformed": Wording(
        _("this is no moment with its offset from UTC"), _("ISO 8601, such as 2025-03-10T09:30:00+08:00")
    ),
    # -- rows against each other and the book
    "unknown_product": Wording(
        _("product %(key)s is neither in this delivery nor in the book"), _("send it with the delivery, or before")
    ),
    "unknown_customer": Wording(
        _("customer %(key)s is neither in this delivery nor in the book"), _("send it with the delivery, or before")
    ),
    "unknown_account": Wording(
        _("account %(key)s is neither in this delivery nor in the book"), _("send it with the delivery, or before")
    ),
    "unknown_payment": Wording(
        _("payment %(key)s is neither in this delivery nor in the book"), _("send it with the delivery, or before")
    ),
    "refused_product": Wording(_("product %(key)s of this row was refused"), _("correct the product, then send both again")),
    "refused_customer": Wording(_("customer %(key)s of this row was refused"), _("correct the customer, then send both again")),
    "refused_account": Wording(_("account %(key)s of this row was refused"), _("correct the account, then send both again")),
    "refused_payment": Wording(
        _("payment %(key)s, which this row undoes, was refused"), _("correct the payment, then send both again")
    ),
    "refused_installment": Wording(
        _("instalment %(key)s, which this payment names, was refused"), _("correct the instalment, then send both again")
    ),
    "paid_before_opening": Wording(
        _("paid on %(paid_on)s, before the account opened on %(opened_on)s"), _("a paid_on not before the opening")
    ),
    "penalty_overflow": Wording(
        _("by the end of 2099 the penalty on this amount would be too large to be kept exactly"),
        _("a smaller amount, or a product with a lower rate or cap"),
    ),
    "yearly_cost_over_line": Wording(
        _("%(rate)s ppm a day are %(yearly)s %% a year by the simple way, above the line of %(line)s %%"),
        _("a lower rate; the product is loaded, and flagged on the page of products"),
    ),
    "product_changed": Wording(
        _("the product is in the book with %(column)s %(book)s; only its name may change"), _("a new product_code for new terms")
    ),
    "account_changed": Wording(
        _("the account is in the book with %(column)s %(book)s; only its credit limit may change"),
        _("the value of the book, or a new account_no"),
    ),
    "installment_frozen_due": Wording(
        _(
            "the instalment is in the book with %(column)s %(book)s and was due on %(due_date)s, a closed day "
            "(the book stands at %(business_date)s)"
        ),
        _("the value of the book; what a customer no longer owes is waived on the site"),
    ),
    "installment_frozen_paid": Wording(
        _("the instalment is in the book with %(column)s %(book)s, and money was paid on it"),
        _("the value of the book; reverse the payment first, or waive on the site"),
    ),
    "payment_changed": Wording(
        _("the payment is in the book with %(column)s %(book)s; a payment never changes"),
        _("a reversal of it, and a new payment under another payment_no"),
    ),
    "application_changed": Wording(
        _("the application is in the book with other values; what was asked for never changes"),
        _("the row as it was, or another application_no"),
    ),
    "application_open": Wording(
        _("the same person has an open application, %(other)s"), _("decide or withdraw that one first, or leave this row out")
    ),
    "application_twice": Wording(
        _("the same person applies again on line %(other)s of this file"), _("one application a person at a time")
    ),
    "application_other_person": Wording(
        _("customer %(key)s has another identity number than this row"), _("the customer_no of this person, or none")
    ),
    "application_without_day": Wording(
        _("no day of the book is closed yet, so an application has no day to be received on"),
        _("close the first business day, then send the applications"),
    ),
    "unknown_agreement": Wording(
        _("version %(key)s is not published for this product"), _("publish it first, or name the one that was accepted")
    ),
    "accepted_out_of_time": Wording(
        _("accepted on a day before the version was published, or after the open day %(open_day)s"),
        _("the day on which it was accepted"),
    ),
    "reversal_of_reversal": Wording(_("%(reverses)s is itself a reversal"), _("a new payment under a payment_no of its own")),
    "reversed_already": Wording(_("%(reverses)s is reversed already, by %(other)s"), _("a payment is reversed once")),
    "reversed_twice": Wording(
        _("%(reverses)s is reversed twice in this file, also on line %(other)s"), _("a payment is reversed once")
    ),
    "reversal_other_account": Wording(
        _("%(reverses)s is a payment of another account, %(other)s"), _("the account of the payment it undoes")
    ),
    "reversal_other_amount": Wording(_("%(reverses)s is over %(other)s"), _("the whole amount of the payment it undoes")),
    "reversal_too_early": Wording(
        _("%(reverses)s was paid on %(other)s, after this reversal"), _("a paid_on not before that day")
    ),
}
