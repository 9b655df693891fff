"""Look at one page as axe-core does, and at what it cannot see: width, and content that moves while it loads."""

from __future__ import annotations

from pathlib import Path

AXE = Path(__file__).with_name("vendor") / "axe-4.14.1.min.js"
MOST_SHIFT = 0.01
"""Cumulative layout shift; a page of ours holds still while it loads."""

_RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  const told = (node) => `${node.target.join(" ")} ${(node.failureSummary || "").slice(0, 200)}`;
  return found.violations.map((one) => `${one.id} (${one.impact}): ` + one.nodes.slice(0, 3).map(told).join(" | "));
}"""
_SHIFTED = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value;
  }).observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(sum), 50);
})"""
_SIDEWAYS = """() => innerWidth <= 672 &&
  [...document.querySelectorAll(".wide-table:has(.stack)")].some((one) => one.scrollWidth > one.clientWidth + 1)"""


def problems_of(page) -> list[str]:
    """Return what is wrong with the page that is open, nothing when all is well."""
    # Through the driver, so that the page's own policy for scripts stays as strict as it is.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = list(page.evaluate(_RUN))
    width, room = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    if width > room:
        found.append(f"wider than its window: {width} of {room}")
    if page.evaluate(_SIDEWAYS):
        found.append("a table that should be cards on a phone scrolls sideways")
    shift = page.evaluate(_SHIFTED)
    if shift > MOST_SHIFT:
        found.append(f"content moved while loading: {shift:.3f}")
    return found
