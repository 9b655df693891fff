# ruff: noqa: INP001 - a program, not a package
"""Draw the outline that lies under the maps of single payments from the dashboard's map of India.

Run after `tools/derive_india_map.py`: python tools/draw_outline.py
"""

from __future__ import annotations

import json
from pathlib import Path

WEB = Path(__file__).parents[1] / "src" / "satark" / "web"
SOURCE = WEB / "dashboard" / "data" / "india.json"
TARGET = WEB / "static" / "india-outline.svg"
DRAWING = """\
<!-- India and its states by the Survey of India, simplified; source and licence: dashboard/data/NOTICE.md -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" preserveAspectRatio="none">\
<path d="{path}" fill="none" stroke="#7d8791" stroke-width="1.2" stroke-opacity=".75" stroke-linejoin="round" \
vector-effect="non-scaling-stroke"/></svg>
"""


def main() -> None:
    """Write the drawing."""
    found = json.loads(SOURCE.read_text("ascii"))
    path = "".join(found["states"][code] for code in sorted(found["states"]))
    TARGET.write_text(DRAWING.format(box=found["view_box"], path=path), "ascii")


if __name__ == "__main__":
    main()
