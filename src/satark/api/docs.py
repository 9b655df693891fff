"""/docs: the OpenAPI document as one page, rendered here: no script, nothing from another host.

The page needs no viewer from a package registry and runs under the strictest content security policy.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

Json = dict[str, Any]

_REF = "#/components/schemas/"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class DocsPage:
    """Renders the page once per document."""

    headers = {"content-security-policy": _POLICY, "cache-control": "no-cache"}  # noqa: RUF012 - never changed

    def __init__(self) -> None:
        self._shown: tuple[int, str] | None = None

    @property
    def css(self) -> str:
        """The style sheet."""
        return resources.files("satark.api").joinpath("templates", "docs.css").read_text(encoding="utf-8")

    def html(self, document: Json) -> str:
        """Return the page of an OpenAPI document."""
        if self._shown is None or self._shown[0] != id(document):
            self._shown = (id(document), render(document))
        return self._shown[1]


def render(document: Json) -> str:
    """Return the HTML of an OpenAPI document."""
    template = _environment().get_template("docs.html")
    operations = [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    groups = [
        {**tag, "operations": [one for one in operations if tag["name"] in one.get("tags", [])]}
        for tag in document["tags"]
    ]
    return template.render(
        info=document["info"],
        paragraphs=[
            part.replace("\n", " ") for part in document["info"]["description"].strip().split("\n\n")
        ],
        groups=groups,
        schemas=document["components"]["schemas"],
    )


def type_of(schema: Json) -> str:
    """Return a schema's type in few words.

    Examples
    --------
    >>> type_of({"type": "array", "items": {"$ref": "#/components/schemas/Line"}})
    'list of Line'
    >>> type_of({"anyOf": [{"type": "string", "minLength": 1, "maxLength": 64}, {"type": "null"}]})
    'string, 1 to 64 long'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "allOf" in schema:
        return type_of(schema["allOf"][0])
    for union in ("anyOf", "oneOf"):
        if union in schema and schema.get("type") is None:
            return " or ".join(type_of(one) for one in schema[union] if one.get("type") != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}{_bounds(schema, 'minItems', 'maxItems', '')}"
    if schema.get("type") == "object" and "additionalProperties" in schema and "properties" not in schema:
        inner = schema["additionalProperties"]
        return f"map of {type_of(inner)}" if isinstance(inner, dict) and inner else "map"
    kind = {"date-time": "time"}.get(schema.get("format", ""), schema.get("type", "any"))
    lengths = _bounds(schema, "minLength", "maxLength", " long") if kind == "string" else ""
    return f"{kind}{lengths}{_bounds(schema, 'minimum', 'maximum', '')}"


def note_of(schema: Json) -> str:
    """Return the description of a field, its own or that of the one choice that is not null."""
    if "description" in schema:
        return str(schema["description"])
    choices = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    return str(choices[0].get("description", "")) if len(choices) == 1 else ""


def names_of(schema: Json) -> list[str]:
    """Return the names of the components that a schema mentions, for links."""
    text = json.dumps(schema)
    return sorted({part.split('"', 1)[0] for part in text.split(_REF)[1:]})


def _bounds(schema: Json, low: str, high: str, unit: str) -> str:
    lowest, highest = schema.get(low), schema.get(high)
    if lowest is None and highest is None:
        return ""
    if lowest is None:
        return f", up to {highest:,}{unit}"
    if highest is None:
        return f", from {lowest:,}{unit}"
    return f", {lowest:,} to {highest:,}{unit}" if lowest != highest else f", {lowest:,}{unit}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("satark.api", "templates"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["type_of"] = type_of
    environment.filters["note_of"] = note_of
    environment.filters["names_of"] = names_of
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    environment.filters["bold"] = _bold
    return environment


def _bold(text: str) -> list[tuple[str, str]]:
    """Cut a paragraph at its ** and ` marks into (kind, text)."""
    parts: list[tuple[str, str]] = []
    for place, piece in enumerate(text.split("**")):
        if place % 2:
            parts.append(("b", piece))
            continue
        for inner, code in enumerate(piece.split("`")):
            parts.append(("code" if inner % 2 else "", code))
    return parts
