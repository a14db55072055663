"""The list of conversations: everything once, in order, filtered, searched."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ...errors import InvalidInputError, UnsupportedOperationError
from ...model import Conversation
from ..case import case
from ..expecting import expect, expect_equal, expect_error
from ..scene import Scene

MOST = 300
"""The largest page that is filled to see the next one."""


@case("list_conversations")
async def list_conversations_shows_each_once(scene: Scene) -> None:
    """What was created is in the list, once, as it is read by itself."""
    made = {conversation.id: conversation for conversation in [await scene.conversation() for _ in range(3)]}
    listed = await scene.listed()

    expect_equal(sorted(scene.mine(listed)), sorted(made), "conversations made here that are listed")
    for conversation in listed:
        if conversation.id in made:
            expect_equal(conversation.title, made[conversation.id].title, "title in the list")
            expect_equal(conversation.ref, made[conversation.id].ref, "reference in the list")


@case("list_conversations")
async def list_conversations_goes_on_behind_the_first_page(scene: Scene) -> None:
    """More conversations than fit on a page are all there, once, in both directions of every order."""
    size = min(scene.row("list_conversations").limits.page_size or 20, MOST)
    made = sorted([(await scene.conversation(title=f"{scene.word} {n:04}")).id for n in range(size + 2)])

    for order in (None, "created_at", "-created_at", "-title"):
        expect_equal(sorted(scene.mine(await scene.listed(order=order))), made, f"conversations in the order {order}")


@case("list_conversations")
async def list_conversations_comes_in_the_asked_order(scene: Scene) -> None:
    """Times and titles ascend, or descend with a hyphen before the name."""
    titles = [f"{scene.word} {letter}" for letter in "cadb"]
    for title in titles:
        await scene.conversation(title=title)
    for name in ("title", "created_at", "updated_at"):
        for sign in ("", "-"):
            listed = await scene.listed(order=f"{sign}{name}", title=f"{scene.word}*")
            keys = [_key(conversation, name) for conversation in listed]
            expect_equal(keys, sorted(keys, reverse=bool(sign)), f"conversations in the order {sign}{name}")
            expect_equal(len(keys), len(titles), f"conversations in the order {sign}{name}, how many")


def _key(conversation: Conversation, name: str) -> Any:
    value = getattr(conversation, name)
    return value if value is not None or name == "title" else datetime.min


@case("list_conversations")
async def list_conversations_gives_no_more_than_asked(scene: Scene) -> None:
    """A limit is kept, with and without a filter; 0 gives nothing."""
    for _ in range(3):
        await scene.conversation()
    for limit in (0, 1, 2):
        expect_equal(len(await scene.listed(limit=limit)), limit, f"conversations with limit={limit}")
        filtered = await scene.listed(limit=limit, title=f"*{scene.word}*")
        expect_equal(len(filtered), limit, f"conversations with a filter and limit={limit}")


@case("list_conversations")
async def list_conversations_filters_by_title(scene: Scene) -> None:
    """A title is a glob: exact without wildcards, and case matters."""
    word = scene.word
    ids = {name: (await scene.conversation(title=f"{word} {name}")).id for name in ("Trip", "Trip to Rome", "Home")}
    wanted = {
        f"{word} Trip": ["Trip"],
        f"{word} Trip*": ["Trip", "Trip to Rome"],
        f"*{word}*o?e": ["Trip to Rome", "Home"],
        f"{word} [HT]*": ["Trip", "Trip to Rome", "Home"],
        f"{word} trip": [],
        word: [],
    }
    for glob, names in wanted.items():
        found = sorted(conversation.id for conversation in await scene.listed(title=glob))
        expect_equal(found, sorted(ids[name] for name in names), f"conversations titled {glob!r}")


@case("list_conversations", "conversation_metadata")
async def list_conversations_filters_by_metadata(scene: Scene) -> None:
    """Metadata must be equal where it is given."""
    blue = await scene.conversation(metadata={"color": "blue", "word": scene.word})
    await scene.conversation(metadata={"color": "red", "word": scene.word})
    await scene.conversation()

    found = await scene.listed(metadata={"color": "blue", "word": scene.word})
    expect_equal([conversation.id for conversation in found], [blue.id], "conversations that are blue")
    expect_equal(await scene.listed(metadata={"word": f"{scene.word}!"}), [], "conversations with other metadata")


@case("list_conversations")
async def list_conversations_filters_by_time(scene: Scene) -> None:
    """`since` takes in its own moment, `until` does not."""
    made = await scene.conversation()
    listed = next(item for item in await scene.listed() if item.id == made.id)
    moment = listed.updated_at or listed.created_at
    if moment is None:
        expect_equal(scene.mine(await scene.listed(since=made.created_at)), [], "conversations without a time")
        return
    later, ids = moment + timedelta(seconds=1), [made.id]
    expect_equal(scene.mine(await scene.listed(since=moment)), ids, "conversations since their own time")
    expect_equal(scene.mine(await scene.listed(until=moment)), [], "conversations until their own time")
    expect_equal(scene.mine(await scene.listed(until=later)), ids, "conversations until a moment later")
    expect_equal(scene.mine(await scene.listed(since=later)), [], "conversations since a moment later")


@case("list_conversations")
async def list_conversations_searches_where_it_says_so(scene: Scene) -> None:
    """A search finds the word and nothing else; where there is none it is refused."""
    wanted = await scene.conversation(title=f"About {scene.word}x")
    await scene.conversation(title="About nothing")
    if "search" in (scene.row("list_conversations").limits.filters or ()):
        if scene.can("append_user"):
            await scene.remote.append(wanted, f"This is about {scene.word}x.", allow_loss=True)
        found = [conversation.id for conversation in await scene.listed(search=f"{scene.word}x")]
        expect_equal(found, [wanted.id], "conversations found by a word")
        return
    requests = scene.requests
    with expect_error("a search", UnsupportedOperationError):
        await scene.listed(search=scene.word)
    expect_equal(scene.requests, requests, "requests after a refused search")


@case("list_conversations")
async def list_conversations_refuses_what_is_no_question(scene: Scene) -> None:
    """An unknown order, a time without a zone and a negative limit are mistakes."""
    wrong: tuple[dict[str, Any], ...] = (
        {"order": "size"},
        {"order": "--title"},
        {"since": datetime(2026, 1, 1)},  # that it has no zone is what is wrong with it
        {"limit": -1},
    )
    requests = scene.requests
    for question in wrong:
        with expect_error(f"a list with {question}", InvalidInputError):
            await scene.listed(**question)
    expect(scene.requests == requests, "a question that cannot be meant was sent")


CASES = (
    list_conversations_shows_each_once,
    list_conversations_goes_on_behind_the_first_page,
    list_conversations_comes_in_the_asked_order,
    list_conversations_gives_no_more_than_asked,
    list_conversations_filters_by_title,
    list_conversations_filters_by_metadata,
    list_conversations_filters_by_time,
    list_conversations_searches_where_it_says_so,
    list_conversations_refuses_what_is_no_question,
)
