"""Every function of the language has what documentation and both back ends need."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pytest
from tests.strategies import expressions

from satark.features.statistics import STATISTICS
from satark.language import FUNCTIONS, functions


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_function_is_complete(function):
    assert function.name in FUNCTIONS
    assert function.doc.en
    assert re.search("[\u0900-\u097f]", function.doc.hi)
    assert function.signature.startswith(f"{function.name}(")
    assert function.described().startswith(f"{function.name}(")
    both = function.write_python is not None and function.write_polars is not None
    assert both != (function.fold is not None)


def test_every_module_of_functions_is_in_the_registry():
    names = {module.name for module in pkgutil.iter_modules(functions.__path__)}
    assert len(names) == len(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_comparison_of_back_ends_draws_every_function(name):
    assert re.search(rf"\b{name}\(", Path(expressions.__file__).read_text(encoding="utf-8"))


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_page_of_the_language_has_every_function(function):
    page = (Path(__file__).parents[3] / "docs" / "language.md").read_text(encoding="utf-8")
    assert f"| `{function.signature}` | {function.doc.en} | {function.doc.hi} |" in page


@pytest.mark.parametrize("info", STATISTICS.values(), ids=STATISTICS)
def test_the_page_of_the_language_has_every_statistic(info):
    page = (Path(__file__).parents[3] / "docs" / "language.md").read_text(encoding="utf-8")
    assert f"| `{info.example}` | {info.doc.en} | {info.doc.hi} |" in page
