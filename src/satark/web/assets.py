"""Our own files (style, scripts, icon), under names that change with their content, so browsers may keep them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.responses import Response

STATIC = Path(__file__).with_name("static")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


class Assets:
    """All files under `static`, read once."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        self._addresses: dict[str, str] = {}
        for path in sorted(STATIC.rglob("*")):
            kind = _TYPES.get(path.suffix)
            if kind is None:
                continue
            content = path.read_bytes()
            mark = hashlib.sha256(content).hexdigest()[:12]
            name = f"{path.stem}.{mark}{path.suffix}"
            self._files[name] = (content, kind)
            self._addresses[path.name] = f"/static/{name}"

    def address(self, name: str) -> str:
        """Return where a file is served.

        Raises
        ------
        KeyError
            There is no such file.
        """
        return self._addresses[name]

    def response(self, name: str) -> Response | None:
        """Return a file, or None."""
        found = self._files.get(name)
        if found is None:
            return None
        return Response(found[0], media_type=found[1], headers={"cache-control": _FOR_EVER})
