"""Every function of the language has what documentation and both back ends need."""

from __future__ import annotations

import re

import pytest

from satark.language import FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_function_is_complete(function):
    assert function.name in FUNCTIONS
    assert function.doc.en
    assert re.search("[\u0900-\u097f]", function.doc.hi)
    assert function.signature.startswith(f"{function.name}(")
    assert function.described().startswith(f"{function.name}(")
    both = function.write_python is not None and function.write_polars is not None
    assert both != (function.fold is not None)
