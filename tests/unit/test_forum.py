"""The forum: posts, replies, questions that wait, threads, and a search that no query can break."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from arctl.daemon.commands import forum
from arctl.daemon.life import talking
from arctl.daemon.rows import Post, PostKind
from arctl.daemon.store import Batch, Reader, Writer
from tests.support.steering import Stage

# -- saying -----------------------------------------------------------------------------------------------


def test_a_post_begins_a_thread_and_a_reply_joins_it() -> None:
    stage = Stage()
    first = stage.done("say", "toy", text="look at e2", links=["e2", "e2", "ada"])
    post = stage.state.company.posts[first["post"]]
    assert (post.thread, post.kind, post.author, post.links) == (post.id, PostKind.NOTE, "zoe", ("e2", "ada"))
    reply = stage.done("say", "", text="I did", parent=post.id)
    assert reply["thread"] == post.id
    deeper = stage.done("say", "", text="and?", parent=reply["post"])
    assert deeper["thread"] == post.id
    assert stage.events[-1].kind == "forum.posted"


def test_an_answer_closes_the_question_that_it_replies_to() -> None:
    stage = Stage()
    answer = stage.done("say", "", text="yes, 2 GB", parent="m1")
    assert answer["kind"] == "answer"
    assert not stage.state.company.posts["m1"].open
    assert stage.state.company.posts[answer["post"]].team == "t1"
    assert stage.texts("question.answered") == [f"m1 is answered by zoe in {answer['post']}"]
    assert stage.done("say", "", text="indeed", parent="m1")["kind"] == "note"


def test_a_post_can_be_meant_for_somebody() -> None:
    stage = Stage()
    for target, team, link in (("t2", "t2", "t2"), ("ada", "t1", "ada"), ("h1", "t1", "h1")):
        post = stage.state.company.posts[stage.done("say", "toy", text="x", to=target)["post"]]
        assert (post.team, post.links) == (team, (link,))


def test_what_a_post_speaks_of_must_be_there() -> None:
    stage = Stage()
    assert "there is no experiment 'e99'" in stage.refused("say", "toy", text="x", links=["e99"])
    assert "there is no post 'm7'" in stage.refused("say", "toy", text="x", parent="m7")
    assert "there are t1, t2" in stage.refused("say", "toy", text="x", to="t7")
    assert "nothing to say" in stage.refused("say", "toy", text="\x1b[2J  ")


def test_foreign_words_are_made_harmless_and_bounded() -> None:
    stage = Stage()
    ident = stage.done("say", "toy", text="a\x1b[31mred\x1b]0;t\x07\u202e\n" + "x" * 50_000)["post"]
    post = stage.state.company.posts[ident]
    assert post.text.startswith("ared\nxxx")
    assert len(post.text) <= talking.MAX_POST
    assert len(stage.events[-1].text) < 300
    assert not talking.say(
        stage.state, stage.state.ids(), "toy", author="ada", kind=PostKind.NOTE, text=" \x07", now=1.0
    )


def test_a_reply_to_another_campaign_begins_a_thread() -> None:
    stage = Stage()
    post = talking.new_post(
        stage.state, stage.state.ids(), "two", author="x", kind=PostKind.NOTE, text="y", now=1.0, parent="m1"
    )
    assert (post.thread, post.parent) == (post.id, "")


# -- threads ----------------------------------------------------------------------------------------------


def test_threads_are_in_the_order_of_their_newest_posts() -> None:
    stage = Stage()
    second = stage.done("say", "toy", text="another")["post"]
    stage.done("say", "", text="yes", parent="m1")
    threads = list(forum._threads(stage.state, "toy"))[::-1]
    assert [row["thread"] for row in threads] == [second, "m1"]
    assert (threads[1]["posts"], threads[1]["authors"], threads[1]["open"]) == (2, ["ada", "zoe"], False)
    posts = forum._thread(stage.state, "m1", "")["posts"]
    assert [post["text"] for post in posts] == ["may I use more memory?", "yes"]
    assert [post["author"] for post in forum._thread(stage.state, posts[1]["id"], "zoe")["posts"]] == ["zoe"]


# -- search -----------------------------------------------------------------------------------------------

POSTS = [
    "the warm-up of the learning rate diverges",
    "learning is fine; the rate is not",
    "warm the cache up first",
    "lr_matrix and lr_embed move together",
    'he said "AND" -- and NEAR(it) OR NOT; DROP TABLE posts;',
    "diverging diverges divergence",
]


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    """A ledger with posts, one of them edited, one of another campaign."""
    writer = Writer(tmp_path / "ledger.db", tmp_path / "ballast")
    await writer.open()
    posts = [
        Post(f"m{n}", "toy", float(n), "ada", PostKind.NOTE, text, thread=f"m{n}")
        for n, text in enumerate(POSTS)
    ]
    other = Post("m90", "other", 1.0, "bob", PostKind.NOTE, "diverges elsewhere")
    question = Post("m91", "toy", 1.0, "bob", PostKind.QUESTION, "what about xylophones?", open=True)
    await writer.write(Batch([*posts, other, question], [], [], [], [], 1.0))
    await writer.write(Batch([dataclasses.replace(question, open=False, rev=1)], [], [], [], [], 2.0))
    found = Reader(tmp_path / "ledger.db")
    yield found
    await found.close()
    await writer.close()


async def ids(reader: Reader, query: str, limit: int = 10) -> list[str]:
    return [post["id"] for post in await forum.search(reader, "toy", query, limit)]


@pytest.mark.anyio
async def test_search_ranks_posts_with_all_the_words(reader: Reader) -> None:
    assert await ids(reader, "diverge") == ["m5", "m0"]
    assert set(await ids(reader, "learning rate")) == {"m0", "m1"}
    assert await ids(reader, '"learning rate"') == ["m0"], "words in quotes stand together"
    assert await ids(reader, "warm-up") == ["m0"]
    assert set(await ids(reader, "warm up")) == {"m0", "m2"}
    assert await ids(reader, "lr_matrix") == ["m3"]
    assert await ids(reader, "diverge", 1) == ["m5"]


@pytest.mark.anyio
async def test_search_falls_back_to_any_of_the_words(reader: Reader) -> None:
    assert set(await ids(reader, "cache xylophone")) == {"m2", "m91"}
    assert await ids(reader, "nowhere") == []
    assert await ids(reader, "elsewhere") == [], "another campaign's"


@pytest.mark.anyio
async def test_an_edited_post_is_found_once_with_what_it_says(reader: Reader) -> None:
    (post,) = await forum.search(reader, "toy", "xylophone", 5)
    assert (post["open"], post["links"], post["author"]) == (False, [], "bob")
    assert "xylophones" in post["snippet"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "query",
    [
        "", " ", '"', '""', "-", "*", "AND", "OR NOT", "NEAR(a, b)", "a:b", "text:diverges", "(",
        "diverges*", "^x", "{a b} : c", "a AND", '"unbalanced', "'; DROP TABLE posts; --", "_",
        "\x00", "\u202e", "ü" * 5000,
        "a " * 5000, '"a" OR "b', "--", "+", "col : {", "\\", "?1", "%s",
    ],
)  # fmt: skip
async def test_no_query_raises(reader: Reader, query: str) -> None:
    found = await forum.search(reader, "toy", query, 5)
    assert len(found) <= 5


@pytest.mark.anyio
async def test_operators_are_words(reader: Reader) -> None:
    assert set(await ids(reader, "AND")) == {"m3", "m4"}
    assert await ids(reader, "diverges NOT learning") != ["m5"], "NOT takes nothing away"
