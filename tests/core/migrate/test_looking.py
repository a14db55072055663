"""What is done to a source while its conversation is copied, also far above its newest message."""

from typing import Any

import pytest

from omnilogue.model import TextPart
from omnilogue.provider import unsupported
from omnilogue_memory.provider import PAGE_SIZE, Memory

pytestmark = pytest.mark.anyio

LONG = 2 * PAGE_SIZE + 20


@pytest.mark.parametrize("length", [4, LONG], ids=["one page", "three pages"])
@pytest.mark.parametrize("can_edit", [True, False], ids=["edits", "no edits"])
async def test_an_edit_of_the_first_message_while_the_last_is_copied_is_brought_over_or_told(
    both: Any, can_edit: bool, length: int
) -> None:
    [conversation] = await both.fill(1, length)
    if not can_edit:
        both.there.vendor.features = Memory.features.replace(edit_message=unsupported("no"))

    def trouble(call: str, what: str) -> None:
        if what == f"text 0.{length - 1}":
            rows = both.here.vendor._messages[conversation]
            name = next(iter(rows))
            rows[name] = rows[name].model_copy(update={"parts": (TextPart(text="edited"),)})

    both.there.vendor.trouble = trouble
    report = await both.copy()

    if can_edit:
        assert (await both.texts())["Trip 0"][0] == "edited"
        assert (await both.check()).is_clean
    else:
        assert [dead.code for dead in report.dead] == ["source_changed"]


@pytest.mark.parametrize(("length", "pages"), [(4, 1), (LONG, 3)])
async def test_a_plan_a_copy_and_the_look_after_it_cost_a_request_per_page_each(
    both: Any, length: int, pages: int
) -> None:
    await both.fill(1, length)

    report = await both.copy()

    assert report.messages.copied == length
    assert both.here.vendor.calls["list_messages"] == 3 * pages
