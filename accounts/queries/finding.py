"""Accounts by what a person types: a number, or something personal through its blind index."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from django.db.models import Q

from accounts.models import CreditAccount, Customer, CustomerNameToken
from riskops.shared.personal import UnknownKey, blind_index, decrypt, digits_of, encrypt, normalised
from riskops.shared.scope import Scope

#: Customers, and accounts, that one search looks at; a broader one is asked to be narrower.
MOST_FOUND: Final = 200
_LAST_CHARACTER: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Found:
    """The accounts that fit what was typed. `is_cut`: there are more than `MOST_FOUND`."""

    account_ids: tuple[int, ...]
    is_cut: bool


def find_accounts(text: str, *, scope: Scope, is_number: bool = False) -> Found:
    """Return the accounts in scope whose number starts with the text, or whose customer it names.

    A customer is named by number, whole phone, e-mail or identity number, the last four of phone or identity, the whole
    name, or words of the name (all of them). Everything but numbers is compared by keyed hash: there is no part-of-a-word
    search on personal data.

    :param is_number: the text stands in an address, so it is taken for the number of an account or a customer and nothing else
    """
    text = text.strip()
    if not text or "\0" in text:
        return Found((), False)
    named = Q(customer_no=text) if is_number else _named_by(text)
    customers = list(Customer.objects.filter(named).values_list("pk", flat=True)[: MOST_FOUND + 1])
    customers += [] if is_number else _with_name_words(text)
    seen = scope.accounts(CreditAccount.objects.all())
    numbered = seen.filter(account_no__gte=text, account_no__lt=text + _LAST_CHARACTER).order_by("account_no")
    by_number = list(numbered.values_list("pk", flat=True)[: MOST_FOUND + 1])
    owned = seen.filter(customer_id__in=set(customers)).order_by("pk")
    by_customer = list(owned.values_list("pk", flat=True)[: MOST_FOUND + 1]) if customers else []
    # How many customers there are out of sight is nobody's business who cannot see them.
    most = max(len(by_number), len(by_customer), 0 if scope.is_limited else len(customers))
    is_cut = most > MOST_FOUND
    return Found(tuple(dict.fromkeys(by_number[:MOST_FOUND] + by_customer[:MOST_FOUND])), is_cut)


def _named_by(text: str) -> Q:
    plain, word = digits_of(text), normalised(text)
    named = Q(customer_no=text)
    named |= Q(name_index=blind_index("name", word)) | Q(email_index=blind_index("email", word))
    if plain:
        named |= Q(phone_index=blind_index("phone", plain)) | Q(national_id_index=blind_index("id", plain))
    if len(plain) == 4:
        named |= Q(phone_last4_index=blind_index("phone4", plain)) | Q(national_id_last4_index=blind_index("id4", plain))
    return named


def _with_name_words(text: str) -> list[int]:
    """Return the customers whose name has every word of the text."""
    words = [index for word in normalised(text).split() if (index := blind_index("token", word)) is not None]
    customers = CustomerNameToken.objects.filter(token_index=words[0])
    for word in words[1:4]:
        customers = customers.filter(customer_id__in=CustomerNameToken.objects.filter(token_index=word).values("customer_id"))
    return list(customers.order_by("customer_id").values_list("customer_id", flat=True)[: MOST_FOUND + 1])


def hidden_search(text: str) -> str:
    """Return what was typed as it may stand in an address: encrypted, so that no log or history keeps a name or a phone."""
    return base64.urlsafe_b64encode(encrypt({"q": text})).decode().rstrip("=")


def shown_search(hidden: str) -> str:
    """Return what was typed, "" if the address does not hold it."""
    try:
        return decrypt(base64.urlsafe_b64decode(hidden + "=" * (-len(hidden) % 4)))["q"]
    except (binascii.Error, ValueError, KeyError, InvalidTag, UnknownKey):
        return ""
