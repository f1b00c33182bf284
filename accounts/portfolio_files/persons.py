"""Persons on their way into staging: what the book holds already is told apart, the rest is encrypted at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from accounts.models import Customer
from accounts.portfolio_files.formats import APPLICATIONS, CUSTOMERS
from accounts.portfolio_files.staging import write_rows
from riskops.shared.personal import PERSON_FIELDS, encrypt, person_indexes, token_indexes

_PERSON: Final = slice(2, 2 + len(PERSON_FIELDS))
_INDEXES: Final = (
    "name_index",
    "phone_index",
    "phone_last4_index",
    "email_index",
    "national_id_index",
    "national_id_last4_index",
)
_APPLICANT: Final = slice(4, 4 + len(PERSON_FIELDS))


def stage_applications(rows: Sequence[tuple[Any, ...]]) -> None:
    """Stage a batch of applications: (line, application_no, customer_no, product_code, personal fields, other columns …)."""
    staged = []
    for row in rows:
        person = {name: text.strip() for name, text in zip(PERSON_FIELDS, row[_APPLICANT], strict=True) if text.strip()}
        identity = person_indexes(person)["national_id_index"]
        staged.append((*row[: _APPLICANT.start], encrypt(person), identity, *row[_APPLICANT.stop :]))
    write_rows(APPLICATIONS.stage, staged)


def stage_customers(rows: Sequence[tuple[Any, ...]]) -> None:
    """Stage a batch of customers: (line, customer_no, personal fields, other columns, attributes, content hash).

    Rows that the book holds with the same content are staged without their person.
    """
    known = dict(Customer.objects.filter(customer_no__in=[row[1] for row in rows]).values_list("customer_no", "content_hash"))
    staged, tokens = [], []
    for row in rows:
        line, customer_no = row[:2]
        others = row[_PERSON.stop :]
        if known.get(customer_no) == row[-1]:
            staged.append((line, customer_no, None, *(None for _ in _INDEXES), *others))
            continue
        person = {name: text for name, text in zip(PERSON_FIELDS, row[_PERSON], strict=True) if text}
        indexes = person_indexes(person)
        staged.append((line, customer_no, encrypt(person), *(indexes[name] for name in _INDEXES), *others))
        tokens += [(customer_no, token) for token in token_indexes(person)]
    write_rows(CUSTOMERS.stage, staged)
    write_rows("stage_name_tokens", tokens)
