"""The chart of recoveries: its months can be told apart by colour, in both themes."""

from __future__ import annotations

import math
import re
from itertools import combinations
from pathlib import Path

from django.conf import settings

from recovery.write_off_chart import COLOURS


def lab(colour: str) -> tuple[float, float, float]:
    """Return a colour in CIELAB, where near is what looks near."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    white = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    )
    x, y, z = (each ** (1 / 3) if each > 0.008856 else 7.787 * each + 16 / 116 for each in white)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_no_two_months_have_nearly_the_same_colour() -> None:
    sheet = (Path(settings.BASE_DIR) / "static" / "css" / "riskops.css").read_text(encoding="utf-8")
    for theme in sheet.split(":root.dark", 1):
        named = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", theme))
        drawn = [lab(named[name.removeprefix("var(--").removesuffix(")")]) for name in COLOURS]
        assert min(math.dist(one, other) for one, other in combinations(drawn, 2)) > 25
