"""A head that is known again means what the parser would have found in it, or it is not known."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satark.api.heads import MOST_HEAD_BYTES, DirectRequest, learn

NAMES = ("host", "authorization", "content-type", "accept", "user-agent", "x-own")


class Parsed:
    """What the parser calls, in one list; None when it finds no whole request."""

    def __init__(self, data):
        self.url, self.headers, self.body, self.complete = b"", [], b"", 0
        try:
            httptools.HttpRequestParser(self).feed_data(data)
        except httptools.HttpParserError:
            self.complete = 0

    def on_url(self, url):
        self.url += url

    def on_header(self, name, value):
        self.headers.append((name.lower(), value))

    def on_body(self, body):
        self.body += body

    def on_message_complete(self):
        self.complete += 1


def learnt(data):
    parsed = Parsed(data)
    assert parsed.complete == 1
    return learn(data, parsed.body, DirectRequest(dict(parsed.headers), b""))


def written(headers, body, *, name=b"content-length", gap=b" ", path=b"/v1/decisions"):
    lines = b"".join(b"%b: %b\r\n" % (key.encode(), value.encode()) for key, value in headers)
    return b"POST %b HTTP/1.1\r\n%b%b:%b%d\r\n\r\n" % (path, lines, name, gap, len(body)) + body


values = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
heads = st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=5, unique_by=lambda pair: pair[0])
bodies = st.binary(min_size=1, max_size=1_200)


@given(
    heads,
    bodies,
    bodies,
    st.sampled_from([b"", b" ", b"  ", b"\t"]),
    st.sampled_from([b"content-length", b"Content-Length"]),
)
def test_next_request_with_the_same_head_has_its_own_body(headers, first, second, gap, name):
    known = learnt(written(headers, first, name=name, gap=gap))
    data = written(headers, second, name=name, gap=gap)
    parsed = Parsed(data)
    assert known.body_of(data) == second == parsed.body
    assert {**known.request.headers, b"content-length": b""} == {
        **dict(parsed.headers),
        b"content-length": b"",
    }


@given(heads, bodies, st.data())
def test_whatever_is_known_again_is_what_the_parser_reads(headers, body, data):
    request = written(headers, body)
    known = learnt(request)
    place = data.draw(st.integers(0, len(request) - 1))
    how = data.draw(st.sampled_from(["change", "insert", "remove", "more", "less"]))
    byte = bytes([data.draw(st.integers(0, 255))])
    bent = {
        "change": request[:place] + byte + request[place + 1 :],
        "insert": request[:place] + byte + request[place:],
        "remove": request[:place] + request[place + 1 :],
        "more": request + byte,
        "less": request[:-1],
    }[how]
    found = known.body_of(bent)
    if found is not None:
        parsed = Parsed(bent)
        assert parsed.complete == 1
        assert parsed.body == found
        assert parsed.url == b"/v1/decisions"
        assert {**dict(parsed.headers), b"content-length": b""} == {
            **known.request.headers,
            b"content-length": b"",
        }


@pytest.mark.parametrize(
    "length", [b"+2", b"02", b"2 ", b" 2", b"0x2", b"-2", b"2,2", b"", b"2" * 9, "२".encode()]
)
def test_odd_lengths_are_left_to_the_parser(length):
    known = learnt(written([], b"{}"))
    assert known.body_of(b"POST /v1/decisions HTTP/1.1\r\ncontent-length: %b\r\n\r\n{}" % length) is None


@pytest.mark.parametrize(
    "more",
    [("x-request-id", "a-1"), ("connection", "close"), ("expect", "x"), ("upgrade", "h2c"), ("trailer", "x")],
)
def test_heads_that_differ_or_change_the_connection_are_never_kept(more):
    data = written([more], b"{}")
    parsed = {more[0].encode(): more[1].encode(), b"content-length": b"2"}
    assert learn(data, b"{}", DirectRequest(parsed, b"")) is None


def test_requests_that_came_with_others_or_are_too_long_are_not_kept():
    one = written([], b"{}")
    request = DirectRequest({b"content-length": b"2"}, b"")
    assert learn(one, b"{}", request) is not None
    assert learn(one + one, b"{}", request) is None
    assert learn(one[:-2], b"{}", request) is None
    assert learn(b"", b"{}", request) is None
    assert learnt(written([("x-own", "y" * MOST_HEAD_BYTES)], b"{}")) is None
    assert learn(written([("x-own", "a\r\n content-length: 2")], b"{}"), b"{}", request) is not None
