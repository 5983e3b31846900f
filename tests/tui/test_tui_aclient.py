from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from arctl import protocol
from arctl.aclient import AsyncClient
from arctl.errors import ArctlError, NotRunningError, ProtocolError, RefusedError
from arctl.paths import Home
from tests.tui.tui_stage import Stage

pytestmark = pytest.mark.anyio
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def test_calls_go_side_by_side(done: Stage) -> None:
    async with await AsyncClient.connect(done.home) as client:
        status, gpus, events = await asyncio.gather(
            client.call("status"), client.call("gpus"), client.call("events", limit=5)
        )
    assert status["devices"] == len(gpus) == 4
    assert len(events) == 5


async def test_errors_keep_their_type_and_remedy(done: Stage) -> None:
    async with await AsyncClient.connect(done.home, readonly=True) as client:
        with pytest.raises(RefusedError, match="no experiment 'e999'") as caught:
            await client.call("show", id="e999")
        assert caught.value.remedy
        with pytest.raises(RefusedError, match="read-only"):
            await client.call("pause", target="bowl")


async def test_events_come_from_the_cursor_on(done: Stage) -> None:
    async with await AsyncClient.connect(done.home) as client:
        last = client.welcome["seq"]
        answer = await client.call("subscribe", after=last - 3, epoch=client.welcome["epoch"])
        assert answer["resumed"]
        found = [(await client.notification())["params"]["seq"] for _ in range(3)]
    assert found == [last - 2, last - 1, last]


async def test_nobody_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError) as caught:
        await AsyncClient.connect(Home(tmp_path))
    assert "arctl start" in caught.value.remedy


async def test_a_state_folder_that_cannot_be_one_is_told_first_with_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotRunningError, match=r"^cannot connect: Not a directory") as caught:
        await AsyncClient.connect(Home(tmp_path / "file"))
    assert "ARCTL_HOME" in caught.value.remedy


async def test_a_lost_connection_ends_every_wait(empty: Stage) -> None:
    async with await AsyncClient.connect(empty.home) as client:
        news = asyncio.create_task(client.notification())
        empty.kill()
        with pytest.raises(NotRunningError):
            await news
        with pytest.raises(NotRunningError):
            await client.call("status")


async def _against(tmp_path: Path, handler: Handler, timeout: float = 60.0) -> None:
    home = Home(tmp_path)
    home.socket.parent.mkdir(parents=True)
    server = await asyncio.start_unix_server(handler, str(home.socket))
    async with server, await AsyncClient.connect(home, timeout=timeout) as client:
        await client.call("status")


async def test_another_major_version_is_refused(tmp_path: Path) -> None:
    async def ancient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        message = protocol.decode(await reader.readline())
        writer.write(protocol.encode(protocol.reply(message["id"], {"protocol": [99, 0], "version": "9"})))
        await reader.read()
        writer.close()

    with pytest.raises(ProtocolError, match=r"protocol 99\.0"):
        await _against(tmp_path, ancient)


@pytest.mark.parametrize(
    "answer", [{"result": []}, {"result": "hi"}, {"error": "x"}, {"error": {"code": "y", "data": [1]}}]
)
async def test_what_is_no_daemon_is_told_as_that(tmp_path: Path, answer: dict[str, object]) -> None:
    async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ident = protocol.decode(await reader.readline())["id"]
        writer.write(protocol.encode({"jsonrpc": "2.0", "id": ident, **answer}))
        await reader.read()
        writer.close()

    with pytest.raises(ArctlError):
        await _against(tmp_path, stranger, 5.0)


async def test_a_message_that_is_too_long_is_an_error_not_a_hang(tmp_path: Path) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"x" * (protocol.MAX_LINE + 2))
        await reader.read()
        writer.close()

    with pytest.raises(ProtocolError, match="too long"):
        await _against(tmp_path, endless)


async def test_a_daemon_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    with pytest.raises(NotRunningError, match="did not answer"):
        await _against(tmp_path, mute, 0.5)
