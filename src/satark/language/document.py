"""Read YAML without building objects: every key and value keeps its place in the file.

First step from a file that holds expressions (a policy, a map, a model's schema) to what it means. Whatever is wrong is
collected, never raised one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from satark.language.diagnostics import Diagnostic, Position, did_you_mean
from satark.language.places import ScalarPlace

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 2_000_000
MAX_DEPTH = 12
MAX_SHOWN = 60
_TAG = "tag:yaml.org,2002:"

Pairs = dict[str, tuple[yaml.ScalarNode, yaml.Node]]


class Document:
    """One YAML file being read.

    Attributes
    ----------
    file
        As it is shown in messages.
    diagnostics
        What was found wrong so far.
    """

    def __init__(self, file: str, source: str) -> None:
        self.file = file
        self.source = source.replace("\r\n", "\n")
        self.diagnostics: list[Diagnostic] = []

    def root(self) -> yaml.Node | None:
        """Compose the file, or say why it cannot be."""
        try:
            size_bytes = len(self.source.encode())
        except UnicodeEncodeError:
            self._whole("text", "the file is not text", expected="UTF-8")
            return None
        if size_bytes > MAX_BYTES:
            self._whole("too_large", "the file is too large", expected=f"at most {MAX_BYTES} bytes")
            return None
        try:
            if not self.is_plain():
                return None
            node = yaml.compose(self.source, Loader=yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            position = Position(self.file, mark.line + 1, mark.column + 1) if mark else Position(self.file)
            self.diagnostics.append(
                Diagnostic(position, "yaml", f"not valid YAML: {error.problem or error.context}")
            )
            return None
        except yaml.YAMLError as error:
            self._whole("yaml", f"not valid YAML: {str(error).splitlines()[0]}")
            return None
        if node is None:
            self._whole("empty", "the file is empty", expected="a mapping")
        return node

    def is_plain(self) -> bool:
        """Refuse what could make a small file a large tree: aliases, deep nesting, a second document."""
        depth = documents = 0
        for event in yaml.parse(self.source, Loader=yaml.CSafeLoader):
            mark = event.start_mark
            position = Position(self.file, mark.line + 1, mark.column + 1) if mark else Position(self.file)
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                self.diagnostics.append(
                    Diagnostic(position, "alias", "anchors and aliases are not supported")
                )
                return False
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    self.diagnostics.append(Diagnostic(position, "too_deep", "the file is nested too deeply"))
                    return False
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.diagnostics.append(
                        Diagnostic(position, "documents", "the file holds a second document")
                    )
                    return False
        return True

    def place(self, node: yaml.Node) -> Position:
        """Return where a node begins."""
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def error(
        self, node: yaml.Node, code: str, message: str, *, found: str = "", expected: str = "", hint: str = ""
    ) -> None:
        """Note one mistake at a node."""
        self.diagnostics.append(Diagnostic(self.place(node), code, message, found, expected, hint))

    def error_at(self, position: Position, code: str, message: str, hint: str = "") -> None:
        """Note one mistake at a place inside a value."""
        self.diagnostics.append(Diagnostic(position, code, message, hint=hint))

    def pairs(self, node: yaml.Node, what: str) -> Pairs:
        """Return a mapping's keys and values; a key that stands there twice is a mistake."""
        if not isinstance(node, yaml.MappingNode):
            self.error(node, "type", f"{what} is not a mapping", found=describe(node), expected="a mapping")
            return {}
        pairs: Pairs = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.error(key, "key", f"{what} has a key that is not a text", found=describe(key))
                continue
            if key.value in pairs:
                first = pairs[key.value][0].start_mark.line + 1
                hint = f"the first one is in line {first}"
                self.error(key, "duplicate_key", f"`{key.value}` stands twice in {what}", hint=hint)
                continue
            pairs[key.value] = (key, value)
        return pairs

    def fields(self, node: yaml.Node, what: str, known: Iterable[str], required: Iterable[str] = ()) -> Pairs:
        """Return a mapping's pairs whose keys are among the known ones, and note unknown and missing keys."""
        names = tuple(known)
        pairs = self.pairs(node, what)
        for name in [name for name in pairs if name not in names]:
            key, _ = pairs.pop(name)
            hint = did_you_mean(name, names) or f"known are {', '.join(names)}"
            self.error(key, "unknown_key", f"{what} has no `{name[:MAX_SHOWN]}`", hint=hint)
        if isinstance(node, yaml.MappingNode):
            for name in required:
                if name not in pairs:
                    self.error(node, "missing_key", f"{what} needs `{name}`")
        return pairs

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """Return the items of a sequence."""
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self.error(node, "type", f"{what} is not a list", found=describe(node), expected="a list")
        return []

    def text(self, node: yaml.Node, what: str) -> str | None:
        """Return a scalar's text as written, numbers included."""
        if isinstance(node, yaml.ScalarNode) and node.tag != f"{_TAG}null":
            return str(node.value)
        self.error(node, "type", f"{what} is not a text", found=describe(node), expected="a text")
        return None

    def choice(self, node: yaml.Node, what: str, choices: Iterable[str]) -> str | None:
        """Return a text that must be one of a closed set."""
        value = self.text(node, what)
        names = tuple(choices)
        if value is None or value in names:
            return value
        expected = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        self.error(
            node, "choice", f"{what} is not known", found=f"`{value[:MAX_SHOWN]}`", expected=expected,
            hint=did_you_mean(value, names),
        )  # fmt: skip
        return None

    def whole_number(self, node: yaml.Node, what: str, least: int, most: int) -> int | None:
        """Return an int within bounds."""
        number = _number(node, "int")
        if isinstance(number, int) and least <= number <= most:
            return number
        expected = f"a whole number from {least} to {most}"
        self.error(node, "number", f"{what} is not usable", found=describe(node), expected=expected)
        return None

    def number(self, node: yaml.Node, what: str, least: float, most: float) -> float | None:
        """Return a number within bounds."""
        number = _number(node, "float")
        if number is not None and least <= number <= most:
            return float(number)
        expected = f"a number from {least:g} to {most:g}"
        self.error(node, "number", f"{what} is not usable", found=describe(node), expected=expected)
        return None

    def scalar_place(self, node: yaml.Node) -> ScalarPlace:
        """Return the places of a scalar's characters."""
        if not isinstance(node, yaml.ScalarNode):
            raise TypeError(node)
        return ScalarPlace(self.file, self.source, node)

    def _whole(self, code: str, message: str, expected: str = "") -> None:
        self.diagnostics.append(Diagnostic(Position(self.file), code, message, expected=expected))


def describe(node: yaml.Node) -> str:
    """Say what a node is, for a message."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if node.tag == f"{_TAG}null":
        return "nothing"
    value = str(node.value).replace("\n", " ")
    return f"`{value[:MAX_SHOWN]}{'…' if len(value) > MAX_SHOWN else ''}`"


def _number(node: yaml.Node, kind: str) -> Any:  # noqa: ANN401 - int or float, told apart by the caller
    if not isinstance(node, yaml.ScalarNode) or node.style in {"'", '"'}:
        return None
    text = node.value.replace("_", "")
    try:
        return int(text) if kind == "int" or text.lstrip("+-").isdigit() else float(text)
    except ValueError:
        return None
