"""Invented customers: nobody here exists, and no number, address or identity can reach anyone.

- names come from Faker, zh_CN and en_US, by the language the customer is said to prefer;
- phones are North American 555-0100 to 555-0199, kept for fiction in every area code (Taiwan and mainland China keep no such
  range); no two customers share one;
- e-mail addresses are at example.com, example.net and example.org (RFC 2606);
- identity numbers look Taiwanese and always fail the check digit;
- addresses are a Faker street under a made-up town name.
"""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from faker import Faker

SEED: Final = 20050930
#: Faker costs 20 to 100 µs a call: names are drawn from pools of this many for each language and sex.
POOL: Final = 2_000
_TOWNS: Final = 60
TIME_ZONE: Final = "Asia/Taipei"
_EMAIL_DOMAINS: Final = ("example.com", "example.net", "example.org")
_FICTION_LINES: Final = range(100, 200)
#: The letters' values in a Taiwanese identity number, A to Z.
_LETTER_VALUES: Final = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33),
        strict=True,
    )
)


class Person(NamedTuple):
    """The cells of customers.csv after customer_no, in the order of the file."""

    name: str
    phone: str
    email: str
    national_id: str
    address: str
    device_ids: str
    language: str
    time_zone: str
    consent_sms: str
    consent_email: str
    consent_push: str


def identity_check_sum(national_id: str) -> int:
    """Return the weighted sum modulo 10 of a letter and nine digits: 0 for a number that could have been issued."""
    tens, ones = divmod(_LETTER_VALUES[national_id[0]], 10)
    digits = [int(digit) for digit in national_id[1:]]
    weights = (8, 7, 6, 5, 4, 3, 2, 1, 1)
    return (tens + 9 * ones + sum(d * w for d, w in zip(digits, weights, strict=True))) % 10


class People:
    """Invents one person for each account number; the same number always gives the same person."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, int], list[str]] = {}
        self._streets: dict[str, list[str]] = {}
        self._towns: dict[str, list[str]] = {}
        for language, locale, suffix in (("zh-hans", "zh_CN", "示例市"), ("en", "en_US", " Sampleton")):
            fake = Faker(locale)
            fake.seed_instance(SEED)
            self._names[language, 1] = [fake.first_name_male() for _ in range(POOL)]
            self._names[language, 2] = [fake.first_name_female() for _ in range(POOL)]
            self._names[language, 0] = [fake.last_name() for _ in range(POOL)]
            self._streets[language] = [fake.street_name() for _ in range(POOL)]
            self._towns[language] = [f"{fake.last_name()}{suffix}" for _ in range(_TOWNS)]
        self._area_codes = [code for code in range(200, 1000) if _is_ordinary_area_code(code)]

    def person(self, number: int, *, sex: int) -> Person:
        """Return the customer of the account with this number.

        :param sex: the source's code, 1 male, 2 female; names and identity numbers follow it
        """
        draw = Random(f"{SEED}:person:{number}")
        language = "zh-hans" if draw.random() < 0.75 else "en"
        given, family = draw.choice(self._names[language, sex]), draw.choice(self._names[language, 0])
        street, town, house = draw.choice(self._streets[language]), draw.choice(self._towns[language]), draw.randint(1, 299)
        chinese = language == "zh-hans"
        return Person(
            name=f"{family}{given}" if chinese else f"{given} {family}",
            phone=self._phone(number),
            email=f"customer.{number:05d}@{draw.choice(_EMAIL_DOMAINS)}",
            national_id=_impossible_identity(draw, sex),
            address=f"{town}{street}{house}号" if chinese else f"{house} {street}, {town}",
            device_ids=f"sample-{draw.getrandbits(48):012x}",
            language=language,
            time_zone=TIME_ZONE,
            consent_sms=_yes_in(draw, 0.85),
            consent_email=_yes_in(draw, 0.70),
            consent_push=_yes_in(draw, 0.55),
        )

    def _phone(self, number: int) -> str:
        """Give each number its own area code and line, neighbours far apart."""
        area, line = self._area_codes[number % len(self._area_codes)], _FICTION_LINES[number // len(self._area_codes)]
        return f"+1{area}5550{line}"


def _is_ordinary_area_code(code: int) -> bool:
    """Leave out N11 services, N9X (kept for expansion), 555, 900 and the toll-free codes, where fiction has only 0199."""
    hundreds, tens, ones = code // 100, code // 10 % 10, code % 10
    toll_free = hundreds == 8 and (tens == ones or code == 800)
    return not ((tens, ones) == (1, 1) or tens == 9 or code in (555, 900) or toll_free)


def _impossible_identity(draw: Random, sex: int) -> str:
    """Return a letter and nine digits whose check digit is wrong."""
    stem = f"{draw.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZ')}{sex}{draw.randrange(10**7):07d}"
    right = -identity_check_sum(f"{stem}0") % 10
    return f"{stem}{(right + draw.randint(1, 9)) % 10}"


def _yes_in(draw: Random, share: float) -> str:
    return "yes" if draw.random() < share else "no"
