"""The tables of a report, and what stands in their cells."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from satark.decisions.backtest.words import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.decisions.backtest.result import Share


def table(names: Sequence[str], rows: Sequence[Sequence[str]], *, kind: str = "") -> str:
    """Write a table; on a narrow screen some kinds become cards, whose cells name themselves.

    Parameters
    ----------
    names, rows
        HTML already.
    kind
        A class of the style.
    """
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-name="{escape(_plain(name), quote=True)}">{cell}</td>'
            for name, cell in zip(names, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    rest = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="scroll"><table class="{f"table {kind}".strip()}">{rest}</table></div>'


def interval(share: Share) -> str:
    """Write the interval of a share, "" without one."""
    if share.low is None or share.high is None:
        return ""
    return f"{100 * share.low:.1f}–{percent(share.high)}"


def rules_change(before: Sequence[str], after: Sequence[str]) -> str:
    """Write which rules fire no more, and which do now."""
    gone = [f"<del>{escape(code)}</del>" for code in before if code not in after]
    new = [f"<ins>{escape(code)}</ins>" for code in after if code not in before]
    kept = [f'<span class="quiet">{escape(code)}</span>' for code in before if code in after]
    return " ".join([*gone, *new, *kept])


def _plain(name: str) -> str:
    """Return a heading that was escaped already as it was."""
    return name.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
