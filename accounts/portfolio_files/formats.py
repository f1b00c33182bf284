"""The files: their columns, keys and the rules inside one row. Source: portfolio-format, "Files"; applications.csv is ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from accounts.models import Application, Customer, Product
from accounts.portfolio_files import cells
from accounts.portfolio_files.cells import Amount, AmountIfKnown, Cells, Choice, Day, Key, Label, Moment, Text, Whole, YesNo
from accounts.rules.applications import Repayment
from accounts.rules.terms import BUCKET_MAPS
from riskops.shared.personal import PERSON_FIELDS

ATTRIBUTE_PREFIX: Final = "x_"
MANIFEST: Final = "manifest.csv"
#: The product whose terms empty cells take. An account may name it though no file ever brought it.
BUILT_IN_PRODUCT: Final = "standard"

Values = tuple[Any, ...]


class RowFault(NamedTuple):
    """What is wrong with a row whose cells are each right by themselves."""

    code: str
    column: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of a file. `is_required`: the header must have it."""

    name: str
    cells: Cells
    is_required: bool = False
    is_personal: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FileFormat:
    """A file: its columns in the order in which rows are kept, its key, and the check of a whole row.

    :param amounts: the columns that `amount_total` of the manifest adds up
    :param fault: what is wrong with a row of good cells, None if nothing
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    amounts: tuple[str, ...] = ()
    fault: Callable[[Values], RowFault | None] | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns of the contract, in the order of the values."""
        return tuple(column.name for column in self.columns)

    @property
    def stage(self) -> str:
        """The name of the staging table."""
        return f"stage_{self.name.removesuffix('.csv')}"

    def place(self, column: str) -> int:
        """Return where a column's value stands in the values of a row."""
        return self.column_names.index(column)


def _installment_fault(values: Values) -> RowFault | None:
    _, _, _, booked_on, due_date, principal, interest, fee = values
    if booked_on is not None and booked_on > due_date:
        return RowFault("booked_after_due", "booked_on", {"booked_on": booked_on, "due_date": due_date})
    # Packed amounts below ten are zeros, however many decimals they were written with.
    if principal < 10 and interest < 10 and fee < 10:
        return RowFault("nothing_owed", "principal", {})
    return None


def _payment_fault(values: Values) -> RowFault | None:
    payment_no, _, _, _, _, order_no, sequence, reverses = values
    if (order_no == "") != (sequence is None):
        return RowFault("directed_half", "sequence" if order_no else "order_no", {})
    if reverses:
        if order_no:
            return RowFault("reversal_directed", "order_no", {})
        if reverses == payment_no:
            return RowFault("reverses_itself", "reverses", {})
    return None


PRODUCTS: Final = FileFormat(
    "products.csv",
    ("product_code",),
    (
        Column("product_code", Key(), is_required=True),
        Column("name", Text(limit=200)),
        Column("currency", cells.Currency()),
        Column("grace_days", Whole(0, 365, default=0)),
        Column("penalty_rate_ppm", Whole(0, 10_000, default=0)),
        Column("penalty_base", Choice(Product.PenaltyBase.values, default="principal")),
        Column("penalty_from", Choice(Product.PenaltyFrom.values, default="due_date")),
        Column("penalty_cap_percent", cells.CapPercent()),
        Column("allocation_order", cells.AllocationOrder()),
        Column("prepayment", Choice(Product.Prepayment.values, default="next_installments")),
        Column("bucket_map", Choice(BUCKET_MAPS, default="default")),
    ),
)

CUSTOMERS: Final = FileFormat(
    "customers.csv",
    ("customer_no",),
    (
        Column("customer_no", Key(), is_required=True),
        *(Column(name, Text(required=name == "name"), is_required=name == "name", is_personal=True) for name in PERSON_FIELDS),
        Column("language", Choice(Customer.Language.values, default="zh-hans")),
        Column("time_zone", cells.TimeZone()),
        Column("consent_sms", YesNo()),
        Column("consent_email", YesNo()),
        Column("consent_push", YesNo()),
    ),
)

ACCOUNTS: Final = FileFormat(
    "accounts.csv",
    ("account_no",),
    (
        Column("account_no", Key(), is_required=True),
        Column("customer_no", Key(), is_required=True),
        Column("product_code", Key(), is_required=True),
        Column("opened_on", Day(), is_required=True),
        Column("credit_limit", Amount(), is_required=True),
    ),
    amounts=("credit_limit",),
)

INSTALLMENTS: Final = FileFormat(
    "installments.csv",
    ("account_no", "order_no", "sequence"),
    (
        Column("account_no", Key(), is_required=True),
        Column("order_no", Key(), is_required=True),
        Column("sequence", Whole(1, cells.LARGEST_WHOLE, required=True), is_required=True),
        Column("booked_on", Day(required=False)),
        Column("due_date", Day(), is_required=True),
        Column("principal", Amount(), is_required=True),
        Column("interest", Amount(required=False)),
        Column("fee", Amount(required=False)),
    ),
    amounts=("principal", "interest", "fee"),
    fault=_installment_fault,
)

PAYMENTS: Final = FileFormat(
    "payments.csv",
    ("payment_no",),
    (
        Column("payment_no", Key(), is_required=True),
        Column("account_no", Key(), is_required=True),
        Column("paid_on", Day(), is_required=True),
        Column("amount", Amount(above_zero=True), is_required=True),
        Column("channel", Label(limit=64)),
        Column("order_no", Key(required=False)),
        Column("sequence", Whole(1, cells.LARGEST_WHOLE)),
        Column("reverses", Key(required=False)),
    ),
    amounts=("amount",),
    fault=_payment_fault,
)

#: The consents that a row may give, all from one source at one moment.
CONSENTS: Final = ("consent_bureau", "consent_sms", "consent_email", "consent_push")


def _application_fault(values: Values) -> RowFault | None:
    row = dict(zip(APPLICATIONS.column_names, values, strict=True))
    if not row["customer_no"] and not (row["name"] and row["national_id"]):
        return RowFault("applicant_missing", "national_id" if row["name"] else "name", {})
    # Packed amounts below ten are zeros, however many decimals they were written with.
    if row["requested_limit"] < 10:
        return RowFault("amount_zero", "requested_limit", {})
    if (row["agreement"] or row["disclosure"]) and not row["accepted_on"]:
        return RowFault("acceptance_without_day", "accepted_on", {})
    if any(row[name] for name in CONSENTS) and not (row["consent_source"].strip() and row["consented_at"]):
        return RowFault("consent_incomplete", "consented_at" if row["consent_source"] else "consent_source", {})
    if row["bureau_source"]:
        if not row["bureau_on"]:
            return RowFault("bureau_without_day", "bureau_on", {})
        if not row["consent_bureau"]:
            return RowFault("bureau_without_consent", "consent_bureau", {})
    return None


APPLICATIONS: Final = FileFormat(
    "applications.csv",
    ("application_no",),
    (
        Column("application_no", Key(), is_required=True),
        Column("customer_no", Key(required=False)),
        Column("product_code", Key(), is_required=True),
        *(Column(name, Text(), is_personal=True) for name in PERSON_FIELDS),
        Column("language", Choice(Customer.Language.values, default="zh-hans")),
        Column("requested_limit", Amount(), is_required=True),
        Column("declared_income", Amount(), is_required=True),
        Column("employment", Choice([value for value in Application.Employment.values if value], default="")),
        Column("purpose", Text(limit=200)),
        Column("channel", Label(limit=64)),
        Column("repayment", Choice([entry.value for entry in Repayment], default=Repayment.INSTALLMENTS.value)),
        Column("term_months", Whole(1, 60)),
        Column("agreement", Key(required=False)),
        Column("disclosure", Key(required=False)),
        Column("accepted_on", Day(required=False)),
        Column("refuses_automated", YesNo()),
        *(Column(name, YesNo()) for name in CONSENTS),
        Column("consent_source", Label(limit=100)),
        Column("consented_at", Moment()),
        Column("bureau_source", Label(limit=64)),
        Column("bureau_on", Day(required=False)),
        Column("bureau_score", Whole(0, 9_999)),
        Column("bureau_debt", AmountIfKnown()),
        Column("bureau_overdue_days", Whole(0, 99_999)),
        Column("bureau_queries_6m", Whole(0, 99_999)),
    ),
    amounts=("requested_limit",),
    fault=_application_fault,
)

#: In the order in which they are loaded: parents first.
FORMATS: Final = (PRODUCTS, CUSTOMERS, ACCOUNTS, INSTALLMENTS, PAYMENTS, APPLICATIONS)
FORMAT_BY_NAME: Final = {file.name: file for file in FORMATS}
KNOWN_FILES: Final = ", ".join(FORMAT_BY_NAME)
