"""Each way in which MiniMax says no is the error of the tree that it means."""

from typing import Any

import pytest

from omnilogue.errors import BY_CODE, OmnilogueError, UnsupportedOperationError
from omnilogue.model import Message, TextPart
from omnilogue.provider import Changes, Draft, Query, Turn
from omnilogue_minimax import MiniMax
from omnilogue_minimax.emulator import GROUP_ID, MiniMaxEmulator
from omnilogue_minimax.refusals import CODES

pytestmark = pytest.mark.anyio

# vendor's code, our code, whether trying again may help
TABLE = [
    (1000, "server", True),
    (1001, "server", True),
    (1002, "rate_limit", True),
    (1004, "auth", False),
    (1008, "quota", False),
    (1013, "server", True),
    (1024, "server", True),
    (1026, "content_filtered", False),
    (1027, "content_filtered", False),
    (1028, "quota", False),
    (1030, "quota", False),
    (1033, "server", True),
    (1039, "rate_limit", True),
    (1041, "rate_limit", True),
    (1042, "content_filtered", False),
    (2013, "bad_request", False),
    (2045, "rate_limit", True),
    (2049, "auth", False),
    (2056, "quota", False),
    (2061, "forbidden", False),
    (4711, "vendor_error", False),
]


def test_every_row_is_tested() -> None:
    assert {code for code, _, _ in TABLE} - {4711} == CODES.keys()


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("row", TABLE)
async def test_a_code_decides_whatever_the_status(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, row: tuple[int, str, bool], status: int
) -> None:
    vendor_code, code, retryable = row
    body = {"id": "", "base_resp": {"status_code": vendor_code, "status_msg": "some words"}}
    vendor.fail_next("body", body=body, status=status, headers={"trace_id": "abc"}, times=2)

    with pytest.raises(OmnilogueError) as read:
        await provider.get_conversation(thread)
    with pytest.raises(OmnilogueError) as written:
        await provider.append(thread, [Message.user("hi")])

    for error in (read.value, written.value):
        assert (type(error), error.code, error.retryable) == (BY_CODE[code], code, retryable)
        assert (error.vendor_code, error.vendor_message, error.request_id) == (str(vendor_code), "some words", "abc")
        assert str(vendor_code) in str(error)
    assert read.value.outcome is None
    assert written.value.outcome == ("unknown" if code == "server" else "rejected")


@pytest.mark.parametrize("code", [1004, 2049])
async def test_a_refused_key_tells_that_key_and_group_belong_together(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, code: int
) -> None:
    vendor.refuse_next(code)

    with pytest.raises(OmnilogueError, match="group_id"):
        await provider.get_conversation(thread)


@pytest.mark.parametrize(
    "refusal",
    [
        (2013, "thread thread_1 not found", "not_found"),
        (1000, "unknown error, message does not exist", "not_found"),
        (2013, "\u7ebf\u7a0b\u4e0d\u5b58\u5728", "not_found"),
        (2013, "model abab9 does not exist", "bad_request"),
        (2013, "invalid params, role 'ai' not found", "bad_request"),
        (2013, "thread thread_1 already has an active run run_1", "busy"),
        (2013, "another run is not finished", "busy"),
        (2013, "the run run_1 is still in progress", "busy"),
        (2013, "invalid params, content", "bad_request"),
    ],
)
async def test_words_tell_what_has_no_code(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, refusal: tuple[int, str, str]
) -> None:
    vendor_code, words, code = refusal
    vendor.refuse_next(vendor_code, words)

    with pytest.raises(OmnilogueError) as caught:
        await provider.append(thread, [Message.user("hi")])

    assert caught.value.code == code


@pytest.mark.parametrize(("status", "code"), [(401, "auth"), (404, "not_found"), (409, "busy"), (429, "rate_limit")])
async def test_a_status_without_a_code_decides(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, status: int, code: str
) -> None:
    vendor.fail_next("status", status=status)

    with pytest.raises(OmnilogueError) as caught:
        await provider.list_messages(thread, None, Query())

    assert caught.value.code == code


async def test_a_service_that_is_gone_says_so(vendor: MiniMaxEmulator, provider: MiniMax) -> None:
    vendor.configure(retired=True)

    with pytest.raises(UnsupportedOperationError, match="not available") as caught:
        await provider.create_conversation(Draft())

    assert (caught.value.http_status, caught.value.outcome) == (404, "rejected")


@pytest.mark.parametrize(
    "path", ["threads/modify", "threads/messages/add", "threads/run/create_stream", "threads/run/cancel"]
)
async def test_a_call_known_from_code_alone_may_be_missing(
    vendor: MiniMaxEmulator, provider: MiniMax, thread: str, path: str
) -> None:
    vendor.configure(missing_paths=(path,))
    turn = Turn(parts=(TextPart(text="hi"),))
    doing: dict[str, Any] = {
        "threads/modify": lambda: provider.update_conversation(thread, Changes(title="T")),
        "threads/messages/add": lambda: provider.append(thread, [Message.user("hi")]),
        "threads/run/create_stream": lambda: anext(aiter(provider.stream(thread, turn))),
        "threads/run/cancel": lambda: provider.stop(thread, "run_1"),
    }

    with pytest.raises(UnsupportedOperationError) as caught:
        await doing[path]()

    assert caught.value.http_status == 404


async def test_no_error_shows_key_or_group(vendor: MiniMaxEmulator, connect: Any, thread: str) -> None:
    vendor.keys.clear()

    with pytest.raises(OmnilogueError) as caught:
        await connect().get_conversation(thread)

    said = str(caught.value.to_dict()) + repr(vars(caught.value))
    assert f"GroupId={GROUP_ID}" not in said
    assert "minimax-0123" not in said
