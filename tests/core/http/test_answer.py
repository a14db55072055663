"""Whatever a vendor answers: a value, or one error of the tree, with little memory and without surprises."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, JsonValue, TypeAdapter

from omnilogue.errors import (
    AuthenticationError,
    ConversationBusyError,
    OmnilogueError,
    ProtocolError,
    ProviderError,
    RateLimitError,
    UnsupportedOperationError,
)
from omnilogue.http import ErrorTable, NoAuth

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, Vendor

pytestmark = pytest.mark.anyio

ANYTHING: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class Thing(BaseModel):
    name: str
    count: int = 0


THING = TypeAdapter(Thing)


async def get(door: Any, shape: Any = THING, **said: Any) -> Any:
    return await door.request("GET", "things", shape=shape, **said)


class TestTheShape:
    async def test_the_value_has_the_shape_that_was_asked_for(self, door: Door, vendor: Vendor) -> None:
        vendor.then(200, b'{"name": "n", "count": 2, "unknown": []}', x_other="h")

        answer = await get(door())

        assert answer.value == Thing(name="n", count=2)
        assert (answer.status, answer.headers["x-other"]) == (200, "h")

    async def test_a_byte_order_mark_is_no_content(self, door: Door, vendor: Vendor) -> None:
        vendor.then(200, b'\xef\xbb\xbf{"name": "n"}')

        assert (await get(door())).value.name == "n"

    async def test_a_wrong_charset_is_ignored(self, door: Door, vendor: Vendor) -> None:
        vendor.then(200, '{"name": "\u00fc"}'.encode(), content_type="application/json; charset=latin-1")

        assert (await get(door())).value.name == "\u00fc"

    async def test_of_equal_keys_the_last_counts(self, door: Door, vendor: Vendor) -> None:
        vendor.then(200, b'{"name": "a", "name": "b"}')

        assert (await get(door())).value.name == "b"

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"", "it is empty"),
            (b" \n", "it is empty"),
            (b'{"name": ', "EOF while parsing"),
            (b"<html><head><title>Bad \n gateway</title></head>", r"a web page \(Bad gateway\)"),
            (b'{"nom": "x"}', "name: Field required"),
            (b'{"name": 3}', "name: Input should be a valid string"),
            (b'["x"]', "should be an object"),
            (b"[" * 100_000 + b"]" * 100_000, "recursion limit"),
            (b'{"name": "n", "count": ' + b"9" * 5000 + b"}", "out of range"),
            (b'{"name": "n", "count": NaN}', "no JSON"),
            (b'{"name": "n", "count": -Infinity}', "no JSON"),
            (b'{"name": "\xff"}', "invalid unicode"),
            (b'{"name": "\\ud800"}', "Invalid JSON"),
        ],
    )
    async def test_what_cannot_be_used_is_read_once_again_and_told(
        self, door: Door, vendor: Vendor, body: bytes, words: str
    ) -> None:
        vendor.usual = vendor.answer(200, body)

        with pytest.raises(ProtocolError, match=words) as caught:
            await get(door())

        assert (caught.value.code, caught.value.http_status, len(vendor.asked)) == ("bad_response", 200, 2)
        assert caught.value.__context__ is None

    @pytest.mark.parametrize("effect", ["add", "replace"])
    async def test_a_write_whose_answer_cannot_be_used_is_unknown_and_not_repeated(
        self, door: Door, vendor: Vendor, effect: Any
    ) -> None:
        vendor.usual = vendor.answer(200, b"<html>")

        with pytest.raises(ProtocolError) as caught:
            await door().request("POST", "things", shape=THING, effect=effect)

        assert (caught.value.outcome, len(vendor.asked)) == ("unknown", 1)

    async def test_an_answer_that_is_right_the_second_time_is_taken(self, door: Door, vendor: Vendor) -> None:
        vendor.script = [vendor.answer(200, b""), vendor.answer(200, b'{"name": "n"}')]

        assert (await get(door())).value.name == "n"

    async def test_the_words_not_a_number_inside_text_are_text(self, door: Door, vendor: Vendor) -> None:
        vendor.then(200, b'{"name": "NaN and -Infinity"}')

        assert (await get(door())).value.name == "NaN and -Infinity"

    async def test_accepted_statuses_are_given_back(self, door: Door, vendor: Vendor) -> None:
        vendor.then(404, b"no")

        answer = await get(door(), accept={404})

        assert (answer.status, answer.content, answer.value) == (404, b"no", None)

    async def test_a_private_body_is_nowhere(self, door: Door, vendor: Vendor) -> None:
        table = ErrorTable({5: "auth"}, at="code")
        vendor.script = [
            vendor.answer(200, b'{"code": 0, "key": "k-private"}'),
            vendor.answer(200, b'{"code": 5, "message": "k-private"}'),
            vendor.answer(400, b'{"message": "k-private"}'),
        ]
        private = door().using(table, NoAuth())

        assert (await get(private, ANYTHING, private=True)).content == b""
        for _ in range(2):
            with pytest.raises(OmnilogueError) as caught:
                await get(private, ANYTHING, private=True)
            assert "k-private" not in repr(vars(caught.value))


class TestVendorCodes:
    TABLE = ErrorTable({1002: "rate_limit", 1004: "auth"}, at="base_resp.status_code")

    async def test_the_vendors_code_wins_over_a_success(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(200, b'{"base_resp": {"status_code": 1004, "status_msg": "no key"}}')

        with pytest.raises(AuthenticationError, match="200 with code 1004: no key") as caught:
            await get(door().using(self.TABLE, NoAuth()))

        assert (caught.value.vendor_code, caught.value.vendor_message) == ("1004", "no key")

    async def test_it_wins_over_another_status(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(500, b'{"base_resp": {"status_code": 1002}}')

        with pytest.raises(RateLimitError):
            await get(door().using(self.TABLE, NoAuth()))

    async def test_zero_is_success(self, door: Door, vendor: Vendor) -> None:
        vendor.then(200, b'{"name": "n", "base_resp": {"status_code": 0}}')

        assert (await get(door().using(self.TABLE, NoAuth()))).value.name == "n"

    async def test_one_that_nobody_documents_is_a_vendor_error_and_not_repeated(
        self, door: Door, vendor: Vendor
    ) -> None:
        vendor.usual = vendor.answer(200, b'{"base_resp": {"status_code": 777}}')

        with pytest.raises(ProviderError) as caught:
            await get(door().using(self.TABLE, NoAuth()))

        assert (type(caught.value), caught.value.code, len(vendor.asked)) == (ProviderError, "vendor_error", 1)

    async def test_a_code_larger_than_any_is_an_error_too(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(200, b'{"base_resp": {"status_code": ' + b"9" * 4000 + b"}}")

        with pytest.raises(ProviderError) as caught:
            await get(door().using(self.TABLE, NoAuth()))

        assert len(caught.value.message) < 500

    async def test_words_can_tell_more_than_a_code(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(400, b'{"message": "Too Many tokens"}')

        with pytest.raises(OmnilogueError) as caught:
            await get(door().using(ErrorTable(texts={"many tokens": "context_too_long"}), NoAuth()))

        assert caught.value.code == "context_too_long"

    async def test_a_status_can_mean_something_of_its_own(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(409, b"no")

        with pytest.raises(ConversationBusyError):
            await get(door().using(ErrorTable(statuses={409: "busy"}), NoAuth()))

    async def test_a_code_can_have_a_hint_of_its_own(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(200, b'{"code": 7}')

        with pytest.raises(AuthenticationError) as caught:
            await get(door().using(ErrorTable({7: "auth"}, at="code", hints={7: "ask the owner"}), NoAuth()))

        assert caught.value.hint == "ask the owner"

    @pytest.mark.parametrize("status", [404, 405])
    async def test_a_guessed_path_that_is_missing_is_unsupported(self, door: Door, vendor: Vendor, status: int) -> None:
        vendor.usual = vendor.answer(status)

        with pytest.raises(UnsupportedOperationError) as caught:
            await door().request("POST", "things", guessed=True)

        assert caught.value.outcome == "rejected"


class TestErrorBodies:
    async def test_the_request_id_is_kept_short_and_clean(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(400, b"", x_request_id="r-1" + "x" * 5000)

        with pytest.raises(OmnilogueError) as caught:
            await get(door())

        assert caught.value.request_id is not None
        assert caught.value.request_id.startswith("r-1")
        assert len(caught.value.request_id) <= 200

    async def test_a_page_instead_of_words_is_named(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(403, b"<html><title>Blocked</title>" + b"x" * 100_000, content_type="text/html")

        with pytest.raises(OmnilogueError, match=r"answered 403: a web page \(Blocked\)") as caught:
            await get(door())

        assert caught.value.code == "forbidden"

    async def test_a_hostile_text_stays_one_short_line(self, door: Door, vendor: Vendor) -> None:
        text = "\x1b[31mred\u202e\nTraceback\r\n" + "x" * 10_000
        vendor.usual = vendor.answer(400, text.encode())

        with pytest.raises(OmnilogueError) as caught:
            await get(door())

        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 1000

    @pytest.mark.parametrize("encoding", ["br", "gzip", "gzip, gzip"])
    async def test_a_body_that_cannot_be_decoded_leaves_the_status_what_it_is(
        self, door: Door, vendor: Vendor, encoding: str
    ) -> None:
        vendor.usual = vendor.answer(401, b"never compressed", content_encoding=encoding)

        with pytest.raises(AuthenticationError):
            await get(door())

    async def test_a_body_cut_off_leaves_the_status_what_it_is(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(401, b"short", content_length="500")

        async def cut(writer: asyncio.StreamWriter) -> None:
            writer.write(vendor.answer(401, b"short", content_length="500"))
            await writer.drain()

        vendor.usual = cut
        with pytest.raises(AuthenticationError, match="short"):
            await get(door())

    async def test_a_body_that_never_ends_is_not_waited_for(self, door: Door, vendor: Vendor) -> None:
        async def endless(writer: asyncio.StreamWriter) -> None:
            writer.write(vendor.answer(401, b"", content_length="1000000000"))
            while not writer.transport.is_closing():
                writer.write(b"x" * 65536)
                await writer.drain()

        vendor.usual = endless
        async with asyncio.timeout(5):
            with pytest.raises(AuthenticationError):
                await get(door())
