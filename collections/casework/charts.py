"""The flow of accounts between tiers, as a Plotly figure in the colours of the sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from casework.models import Tier
from riskops.shared.wording import money_text, number_text

HEIGHT: Final = 380


def flow_figure(
    moves: Iterable[tuple[str, str, int, Sequence[Any]]], names: Mapping[str, Tier], order: Sequence[str], url: str
) -> dict[str, Any]:
    """Return the flow diagram of those who would move: from the tiers of today on the left to those of the policy on the right.

    :param moves: from, to, accounts, and their exposure by currency
    :param order: the codes from top to bottom
    """
    listed = list(moves)
    left = [code for code in order if any(was == code for was, *_rest in listed)]
    right = [code for code in order if any(becomes == code for _was, becomes, *_rest in listed)]
    nodes = [(code, True) for code in left] + [(code, False) for code in right]
    index = {node: number for number, node in enumerate(nodes)}
    counts = {
        node: sum(count for was, becomes, count, _sums in listed if node[0] == (was if node[1] else becomes)) for node in nodes
    }
    sankey = {
        "type": "sankey",
        "arrangement": "snap",
        "node": {
            "label": [f"{_name(code, names)} · {number_text(counts[code, is_left])}" for code, is_left in nodes],
            "color": [_colour(code, names) for code, _is_left in nodes],
            "line": {"width": 0},
            "pad": 14,
            "thickness": 14,
            "hovertemplate": "%{label}<extra></extra>",
        },
        "link": {
            "source": [index[was, True] for was, *_rest in listed],
            "target": [index[becomes, False] for _was, becomes, *_rest in listed],
            "value": [count for _was, _becomes, count, _sums in listed],
            "color": [f"var(--flow-{_tone(becomes, names)})" for _was, becomes, *_rest in listed],
            "customdata": [f"{url}?{urlencode({'from': was, 'to': becomes})}" for was, becomes, *_rest in listed],
            "label": [_hover(was, becomes, count, sums, names) for was, becomes, count, sums in listed],
            "hovertemplate": "%{label}<extra></extra>",
        },
    }
    return {
        "data": [sankey],
        "layout": {
            "height": HEIGHT,
            "margin": {"l": 8, "r": 8, "t": 12, "b": 12},
            "paper_bgcolor": "var(--panel)",
            # There is none; the script that draws sets its font on narrow screens.
            "legend": {},
            "font": {"family": "var(--sans)", "size": 12, "color": "var(--ink)"},
            "hoverlabel": {
                "bgcolor": "var(--panel)",
                "bordercolor": "var(--line-strong)",
                "font": {"color": "var(--ink)", "family": "var(--sans)"},
                "align": "left",
            },
        },
    }


def _name(code: str, names: Mapping[str, Tier]) -> str:
    if not code:
        return _("no tier")
    return names[code].name if code in names else code


def _tone(code: str, names: Mapping[str, Tier]) -> str:
    return names[code].tone if code in names else "none"


def _colour(code: str, names: Mapping[str, Tier]) -> str:
    return f"var(--{names[code].tone})" if code in names else "var(--ink-3)"


def _hover(was: str, becomes: str, count: int, sums: Sequence[Any], names: Mapping[str, Tier]) -> str:
    lines = [
        f"<b>{_name(was, names)} → {_name(becomes, names)}</b>",
        _("Accounts: %(count)s") % {"count": number_text(count)},
        *(_("Exposure: %(amount)s") % {"amount": money_text(money.minor, money.currency)} for money in sums),
    ]
    return "<br>".join(lines)
