"""The shipped data set as typed rows. Source: UCI, doi 10.24432/C55S3H (data/LICENCE.md)."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

DATA_FILE: Final = Path(__file__).parent / "data" / "credit_card_clients.csv.gz"
CSV_SHA256: Final = "d600d9ce50764f7ab525629e5c7d681746471a4db3c6980161cb2a963efac080"

#: The source numbers its months backwards (1 is September) and has no PAY_1; here April comes first.
STATUS_COLUMNS: Final = ("PAY_6", "PAY_5", "PAY_4", "PAY_3", "PAY_2", "PAY_0")
BILL_COLUMNS: Final = tuple(f"BILL_AMT{i}" for i in range(6, 0, -1))
PAID_COLUMNS: Final = tuple(f"PAY_AMT{i}" for i in range(6, 0, -1))
#: Every column but the number is kept on the account, under its own name in lower case.
ATTRIBUTE_COLUMNS: Final = (
    "LIMIT_BAL",
    "SEX",
    "EDUCATION",
    "MARRIAGE",
    "AGE",
    *reversed(STATUS_COLUMNS),
    *reversed(BILL_COLUMNS),
    *reversed(PAID_COLUMNS),
    "DEFAULT_NEXT_MONTH",
)


class DataFileDamaged(ValueError):
    """The shipped file is not the one this converter was written and measured for."""


class CardClient(NamedTuple):
    """One account of the source; the three series run April to September 2005, amounts in whole NT$."""

    number: int
    sex: int
    statuses: tuple[int, ...]
    bills: tuple[int, ...]
    paid: tuple[int, ...]
    attributes: tuple[str, ...]
    """Values of `ATTRIBUTE_COLUMNS`, as the file has them."""


def card_clients() -> Iterator[CardClient]:
    """Yield the 30,000 accounts in the order of the file.

    :raises DataFileDamaged: the CSV's SHA-256 is not `CSV_SHA256`
    """
    content = gzip.decompress(DATA_FILE.read_bytes())
    if hashlib.sha256(content).hexdigest() != CSV_SHA256:
        raise DataFileDamaged(f"{DATA_FILE.name}: the CSV inside does not have the SHA-256 {CSV_SHA256}")
    for row in csv.DictReader(content.decode("ascii").splitlines()):
        yield CardClient(
            number=int(row["ID"]),
            sex=int(row["SEX"]),
            statuses=tuple(int(row[column]) for column in STATUS_COLUMNS),
            bills=tuple(int(row[column]) for column in BILL_COLUMNS),
            paid=tuple(int(row[column]) for column in PAID_COLUMNS),
            attributes=tuple(row[column] for column in ATTRIBUTE_COLUMNS),
        )
