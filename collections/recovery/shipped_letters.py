"""What every new site starts with for letters: their texts and figures. Put in by migrate, changed by people afterwards.

The rates and costs are the site's own guesses until an institution puts its own in; they are shown beside every letter.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from outreach.models.versions import Version
from outreach.shipped import AUTHOR, FIRST_DAY
from recovery.models import LetterPolicy, LetterTemplate

_TEXTS: Final = Path(__file__).with_name("shipped_letters.toml")
CODE: Final = "cny"
#: Bucket from, amount from in minor units, rate in hundredths of a percent: late debts pay less, large ones answer letters more.
BANDS: Final = (
    (1, 0, 50), (1, 500_000, 100),
    (2, 0, 200), (2, 500_000, 350),
    (3, 0, 400), (3, 500_000, 600),
    (4, 0, 450), (4, 500_000, 700),
    (5, 0, 350), (5, 500_000, 550),
    (6, 0, 250), (6, 500_000, 400),
    (7, 0, 150), (7, 500_000, 250),
)  # fmt: skip
#: Stage, cost in minor units, rate in hundredths of a percent.
STAGES: Final = (
    ("mediation", 20_000, 1_800),
    ("arbitration", 90_000, 2_500),
    ("suit", 120_000, 2_800),
    ("judgment", 30_000, 2_200),
    ("enforcement", 50_000, 1_500),
)


def shipped_texts() -> dict[str, dict[str, str]]:
    """Return the texts of each letter by its code."""
    texts: dict[str, dict[str, str]] = tomllib.loads(_TEXTS.read_text(encoding="utf-8"))
    return {code: {name: value.strip() for name, value in text.items()} for code, text in texts.items()}


@transaction.atomic
def seed_letters(*, using: str = "default") -> list[str]:
    """Make the first version of each letter and of the figures where there is none, and return what was made."""
    made = []
    approved: dict[str, Any] = {
        "version": 1,
        "status": Version.Status.APPROVED,
        "live_from": FIRST_DAY,
        "drafted_by_name": AUTHOR,
        "approved_by_name": AUTHOR,
        "approved_at": timezone.now(),
    }
    templates, policies = LetterTemplate.objects.using(using), LetterPolicy.objects.using(using)
    known = set(templates.values_list("code", flat=True))
    for code, text in shipped_texts().items():
        if code not in known:
            templates.create(code=code, **text, **approved)
            made.append(code)
    if not policies.exists():
        policies.create(
            code=CODE,
            name_en="Lawyer letters and legal stages, CNY",
            name_zh="律师函与法律程序（人民币）",
            currency="CNY",
            rule="dpd >= 61 and overdue >= 500 and in_legal = False",
            template_code="letter-before-action",
            bands=[list(row) for row in BANDS],
            letter_cost_minor=3_500,
            least_net_minor=1_000,
            cool_off_days=30,
            pay_within_days=14,
            most_a_run=200,
            stages=[list(row) for row in STAGES],
            limitation_years=3,
            warn_days=180,
            **approved,
        )
        made.append(CODE)
    return made
