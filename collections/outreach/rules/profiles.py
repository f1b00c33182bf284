"""The contact policies that ship: conduct-rules, "Contact policy". Compliance copies and edits them.

Nothing here is used directly. Each is what the first version of its profile says in the database (outreach/shipped.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Final

from outreach.rules.contact_policy import Policy
from outreach.rules.contacts import Hold, Hours

#: A notice required by law reaches whoever disputes, complains or keeps a plan; not the dead, minors and the represented.
NOTICES_PASS: Final = frozenset(
    {Hold.DISPUTE, Hold.COMPLAINT, Hold.FRAUD_CLAIM, Hold.HARDSHIP_PLAN, Hold.INSOLVENCY, Hold.STOP_CONTACT}
)

#: GB/T 45251-2025 and the guideline of the CBA of January 2026; how many messages is our own.
CN_2026: Final = Policy(
    hours=Hours(time(8), time(22)),
    effective_calls_a_day=3,
    unanswered_a_day=6,
    calls_a_week=None,
    quiet_days_after_conversation=None,
    messages_a_day_per_channel=1,
    messages_a_day=2,
    messages_a_week=7,
    failures_to_be_lost=3,
    notices_pass=NOTICES_PASS,
    is_opt_out_demanded=False,
)

#: Our own: stricter in all that the default counts.
CN_STRICT: Final = replace(CN_2026, hours=Hours(time(8), time(21)), effective_calls_a_day=2, unanswered_a_day=4, calls_a_week=7)

#: Regulation F, 12 CFR 1006.6, 1006.14 and 1006.42.
US_REG_F: Final = replace(
    CN_2026,
    hours=Hours(time(8), time(21)),
    effective_calls_a_day=None,
    unanswered_a_day=None,
    calls_a_week=7,
    quiet_days_after_conversation=7,
    is_opt_out_demanded=True,
)

PROFILES: Final[dict[str, Policy]] = {"cn-2026": CN_2026, "cn-strict": CN_STRICT, "us-reg-f": US_REG_F}
