"""Forms with a file, files as answers, and writes that are no part of a conversation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnilogue.errors import InvalidInputError, OmnilogueError, UnavailableError
from omnilogue.http import ErrorTable, Form, NoAuth
from omnilogue.http.forms import CHUNK_BYTES
from omnilogue.http.scope import CURRENT, Scope

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, Vendor

pytestmark = pytest.mark.anyio

TEXT = b"one\r\ntwo\n--three--\r\n"


async def test_a_form_carries_its_fields_and_the_file_as_it_is(door: Door, vendor: Vendor) -> None:
    form = Form("note.txt", TEXT, len(TEXT), "text/plain", {"purpose": "assistants"})

    await door().request("POST", "files", form=form)

    (asked,) = vendor.asked
    kind, _, boundary = asked.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    assert int(asked.headers["content-length"]) == len(asked.body)
    mark = boundary.encode()
    assert asked.body.split(b"--" + mark) == [
        b"",
        b'\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n',
        b'\r\nContent-Disposition: form-data; name="file"; filename="note.txt"\r\nContent-Type: text/plain\r\n\r\n'
        + TEXT
        + b"\r\n",
        b"--\r\n",
    ]


async def test_a_file_on_disk_is_sent_whole(door: Door, vendor: Vendor, tmp_path: Path) -> None:
    content = bytes(range(256)) * (CHUNK_BYTES // 100)
    path = tmp_path / "large.bin"
    path.write_bytes(content)

    await door().request("POST", "files", form=Form("large.bin", path, len(content)))

    assert content in vendor.asked[0].body
    assert int(vendor.asked[0].headers["content-length"]) == len(vendor.asked[0].body)


@pytest.mark.parametrize(("size", "words"), [(4, "has changed"), (2, "has changed"), (None, "cannot be read")])
async def test_a_file_that_is_not_what_it_was_is_told(door: Door, tmp_path: Path, size: int | None, words: str) -> None:
    path = tmp_path / "note.txt"
    if size is not None:
        path.write_bytes(b"abc")

    with pytest.raises(InvalidInputError, match=words) as caught:
        await door().request("POST", "files", form=Form("note.txt", path, size or 3))

    assert caught.value.outcome == "not_sent"


async def test_names_cannot_leave_their_quotes(door: Door, vendor: Vendor) -> None:
    await door().request("POST", "files", form=Form('a"b\r\nX: y\u6587.txt', b"", 0, "text/\r\nX: y"))

    assert (
        'filename="a%22b%0D%0AX: y\u6587.txt"\r\nContent-Type: application/octet-stream'
        in vendor.asked[0].body.decode()
    )


async def test_a_name_that_is_no_text_is_refused(door: Door, vendor: Vendor) -> None:
    with pytest.raises(InvalidInputError, match="no text"):
        await door().request("POST", "files", form=Form("\ud800", b"", 0))

    assert vendor.asked == []


@given(st.binary(max_size=200), st.text(alphabet=st.characters(codec="utf-8"), max_size=20))
def test_any_content_stands_between_the_boundaries(content: bytes, name: str) -> None:
    import asyncio

    encoded = Form(name, content, len(content)).encoded()

    async def whole() -> bytes:
        return b"".join([piece async for piece in encoded])

    sent = asyncio.run(whole())
    assert len(sent) == encoded.length
    head, _, rest = sent.partition(b"\r\n\r\n")
    assert head.count(b"\r\n") == 2
    assert rest == content + b"\r\n--" + encoded.boundary.encode() + b"--\r\n"


CODES = ErrorTable({7: "server"}, at="code")


@pytest.mark.parametrize("kind", ["application/pdf", "text/plain", "application/json", ""])
@pytest.mark.parametrize("content", [b"\xef\xbb\xbf\x00\xff", b"[1]", b"", b'{"code": 0}', b'{"price": NaN}'])
async def test_the_bytes_of_a_file_come_as_they_are(door: Door, vendor: Vendor, kind: str, content: bytes) -> None:
    vendor.usual = vendor.answer(200, content, content_type=kind)

    answer: Any = await door().using(CODES, NoAuth()).request("GET", "file", raw=True)

    assert answer.content == content
    assert vendor.asked[0].headers["accept"] == "*/*"


async def test_a_refusal_in_place_of_a_file_is_an_error(door: Door, vendor: Vendor) -> None:
    vendor.usual = vendor.answer(200, b'{"code": 7}', content_type="application/json")

    with pytest.raises(UnavailableError):
        await door(max_attempts=1).using(CODES, NoAuth()).request("GET", "file", raw=True)


@pytest.mark.parametrize(("status", "outcome"), [(200, None), (500, "unknown"), (400, "rejected")])
async def test_a_write_aside_says_nothing_of_the_verb(door: Door, vendor: Vendor, status: int, outcome: Any) -> None:
    vendor.usual = vendor.answer(status, b"{}")
    scope = Scope()
    token = CURRENT.set(scope)
    failure: OmnilogueError | None = None
    try:
        await door(max_attempts=1).request("POST", "files", json={}, aside=True)
    except OmnilogueError as error:
        failure = error
    finally:
        CURRENT.reset(token)

    assert (scope.outcome, scope.applied) == ("not_sent", False)
    assert (failure.outcome if failure else None) == outcome
