from __future__ import annotations

import asyncio

import pytest


class Listener:
    """Reads the stream of a page as an EventSource does."""

    def __init__(self, web, cookies, query=b""):
        self.web = web
        self.text = ""
        self.done = False
        self._arrived = asyncio.Event()
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": "/live/stream",
            "query_string": query,
            "headers": [(b"cookie", cookie), (b"accept-language", b"en")],
            "http_version": "1.1",
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "server": ("pages.test", 80),
            "root_path": "",
        }
        self.task = asyncio.ensure_future(self._run())

    async def _run(self):
        async def receive():
            await asyncio.Event().wait()

        async def send(message):
            self.text += message.get("body", b"").decode()
            self._arrived.set()

        await self.web(self.scope, receive, send)
        self.done = True
        self._arrived.set()

    async def until(self, text):
        while text not in self.text:
            self._arrived.clear()
            await self._arrived.wait()

    def close(self):
        self.task.cancel()


@pytest.fixture
def run(web, member):
    """Run a conversation with an open stream, the feed polled by hand."""

    def conversation(talk, query=b""):
        async def main():
            async with asyncio.timeout(30):
                await web.desk.feed.poll()
                listener = Listener(web, dict(member.cookies), query)
                await listener.until("retry:")
                await talk(listener)
                listener.close()

        asyncio.run(main())

    return conversation


def test_rows_and_counters_arrive_when_a_decision_is_stored(run, web, log, entry):
    async def talk(listener):
        log.entries.append(entry(4, "block"))
        await web.desk.feed.poll()
        await listener.until("event: counters")
        assert "event: rows" in listener.text
        assert 'id="d4"' in listener.text
        assert 'id="d3"' not in listener.text
        assert "₹76,450" in listener.text

    run(talk)


def test_only_the_chosen_action_arrives_when_the_list_is_limited(run, web, log, entry):
    async def talk(listener):
        log.entries.append(entry(4, "allow"))
        await web.desk.feed.poll()
        log.entries.append(entry(5, "block"))
        await web.desk.feed.poll()
        await listener.until('id="d5"')
        assert 'id="d4"' not in listener.text

    run(talk, b"action=block")


def test_viewer_is_told_once_when_the_database_is_gone(run, web, log, entry):
    async def talk(listener):
        log.broken = True
        await web.desk.feed.poll()
        await web.desk.feed.poll()
        await listener.until("The database does not answer")
        log.broken = False
        log.entries.append(entry(4))
        await web.desk.feed.poll()
        await listener.until('id="d4"')
        assert listener.text.count("event: state") == 2

    run(talk)


def test_stream_ends_when_the_session_does(run, web, clock, log, entry):
    async def talk(listener):
        clock.advance(2_000)
        await web.desk.feed.poll()
        await listener.until("event: bye")
        await listener.task
        assert listener.done

    run(talk)


def test_stream_ends_when_the_server_stops(run, web):
    async def talk(listener):
        web.stopping()
        await listener.until("event: bye")
        await listener.task

    run(talk)


def test_piece_is_rendered_once_when_many_look(run, web, member, log, entry, monkeypatch):
    async def talk(listener):
        others = [Listener(web, dict(member.cookies)) for _ in range(5)]
        for other in others:
            await other.until("retry:")
        rendered = []
        fragment = type(web.desk).fragment
        monkeypatch.setattr(
            type(web.desk),
            "fragment",
            lambda desk, lang, name, **kw: rendered.append(name) or fragment(desk, lang, name, **kw),
        )
        log.entries.append(entry(4))
        await web.desk.feed.poll()
        for one in [listener, *others]:
            await one.until('id="d4"')
            await one.until("event: counters")
        assert sorted(rendered) == ["counters.html", "rows.html"]
        for other in others:
            other.close()

    run(talk)
