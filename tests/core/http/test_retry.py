"""What is repeated, how often, and after how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnilogue.errors import (
    AuthenticationError,
    ConfigurationError,
    ConversationBusyError,
    NotFoundError,
    OmnilogueError,
    RateLimitError,
    UnavailableError,
)
from omnilogue.http import ErrorTable, NoAuth
from omnilogue.http.retry import LONGEST_PAUSE, pause, retry_after

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, FakeClock, Vendor

pytestmark = pytest.mark.anyio

DROP = 0


async def ask(door: Any, effect: str, method: str = "POST") -> Any:
    return await door.request(method, "things", effect=effect, json={"a": 1})


@pytest.mark.parametrize("effect", ["read", "replace", "add"])
@pytest.mark.parametrize(
    ("status", "repeats"),
    [
        (429, {"read", "replace", "add"}),
        (408, {"read", "replace"}),
        (500, {"read", "replace"}),
        (502, {"read", "replace"}),
        (503, {"read", "replace"}),
        (504, {"read", "replace"}),
        (529, {"read", "replace"}),
        (DROP, {"read", "replace"}),
        (400, set()),
        (402, set()),
        (403, set()),
        (404, set()),
        (405, set()),
        (409, set()),
        (413, set()),
        (418, set()),
        (422, set()),
        (423, set()),
        (451, set()),
    ],
)
async def test_only_what_cannot_double_is_repeated(
    door: Door, vendor: Vendor, effect: str, status: int, repeats: set[str]
) -> None:
    vendor.usual = vendor.answer(status) if status else b""

    with pytest.raises(OmnilogueError) as caught:
        await ask(door(), effect)

    expected = 3 if effect in repeats else 1
    assert len(vendor.asked) == expected
    assert caught.value.attempts == expected


@pytest.mark.parametrize("first", [500, 503, 408, 429, DROP])
async def test_a_read_succeeds_after_a_fault_is_gone(door: Door, vendor: Vendor, first: int) -> None:
    vendor.script = [vendor.answer(first) if first else b"", vendor.answer(200, b'{"a": 1}')]

    answer = await ask(door(), "read")

    assert (answer.status, answer.content, len(vendor.asked)) == (200, b'{"a": 1}', 2)


async def test_a_connection_nobody_takes_is_tried_again_even_for_a_write(door: Door, vendor: Vendor) -> None:
    with pytest.raises(UnavailableError) as caught:
        await ask(door(base_url="http://127.0.0.1:1/"), "add")

    assert (caught.value.code, caught.value.outcome, caught.value.attempts) == ("connect_failed", "not_sent", 3)


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_max_attempts_is_the_number_of_requests(door: Door, vendor: Vendor, attempts: int) -> None:
    vendor.usual = vendor.answer(500)

    with pytest.raises(UnavailableError):
        await ask(door(max_attempts=attempts), "read")

    assert len(vendor.asked) == attempts


async def test_only_a_vendor_that_has_answered_is_asked_more_patiently(door: Door, vendor: Vendor) -> None:
    opened = door(max_attempts=2)
    vendor.then_drop(2)

    with opened.tuned(rate=None, max_attempts=5):
        with pytest.raises(UnavailableError):
            await opened.request("GET", "a")
        silent = opened.never_answered
        await opened.request("GET", "a")
        vendor.then_drop(4)
        await opened.request("GET", "a")

    assert (silent, opened.never_answered) == (True, False)
    assert len(vendor.asked) == 2 + 1 + 5


async def test_every_attempt_sends_the_same_body(door: Door, vendor: Vendor) -> None:
    vendor.then(500)

    await ask(door(), "replace")

    assert [asked.body for asked in vendor.asked] == [b'{"a":1}'] * 2


async def test_the_vendor_can_forbid_to_repeat(door: Door, vendor: Vendor) -> None:
    vendor.usual = vendor.answer(500, b"", x_should_retry="False")

    with pytest.raises(UnavailableError) as caught:
        await ask(door(), "read")

    assert (len(vendor.asked), caught.value.retryable) == (1, False)


async def test_the_vendor_cannot_make_an_unsafe_write_safe(door: Door, vendor: Vendor) -> None:
    vendor.usual = vendor.answer(500, b"", x_should_retry="true")

    with pytest.raises(UnavailableError):
        await ask(door(), "add")

    assert len(vendor.asked) == 1


async def test_an_add_that_is_refused_first_is_sent_again_and_then_left_alone(door: Door, vendor: Vendor) -> None:
    vendor.script = [vendor.answer(429), b"", vendor.answer(200)]

    with pytest.raises(UnavailableError) as caught:
        await ask(door(), "add")

    assert (len(vendor.asked), caught.value.outcome) == (2, "unknown")


async def test_a_delete_that_is_gone_after_an_uncertain_attempt_was_done_by_it(door: Door, vendor: Vendor) -> None:
    vendor.script = [b"", vendor.answer(404)]

    with pytest.raises(NotFoundError) as caught:
        await ask(door(), "replace", "DELETE")

    assert (caught.value.outcome, caught.value.attempts) == ("applied", 2)


async def test_a_conflict_after_an_uncertain_attempt_may_be_our_own(door: Door, vendor: Vendor) -> None:
    vendor.script = [b"", vendor.answer(409)]

    with pytest.raises(OmnilogueError) as caught:
        await ask(door(), "replace")

    assert (caught.value.code, caught.value.outcome) == ("conflict", "unknown")


class TestPauses:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry_after": "7"}, 7.0),
            ({"retry_after": "1.5"}, 1.5),
            ({"retry_after": "0"}, 0.0),
            ({"retry_after_ms": "250"}, 0.25),
            ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
            ({"retry_after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30.0),
            ({"retry_after": "Mon, 01 Jan 1990 00:00:05 GMT", "date": "Mon, 01 Jan 1990 00:00:00 GMT"}, 5.0),
            ({"retry_after": "Sat, 21 Nov 2026 10:00:00 GMT", "date": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
        ],
    )
    async def test_what_the_vendor_asks_is_waited_out(
        self, door: Door, vendor: Vendor, clock: FakeClock, headers: dict[str, str], seconds: float
    ) -> None:
        vendor.then(429, b"", **headers)

        await ask(door(), "add")

        assert clock.slept == [seconds]

    @pytest.mark.parametrize(
        "nonsense",
        ["soon", "-5", "1e9", "NaN", "inf", "", "\u0663", "Sat, 21 Nov 2026 10:00:30 GMT", "9" * 50, "1,2"],
    )
    def test_nonsense_is_ignored(self, nonsense: str) -> None:
        assert retry_after({"retry-after": nonsense}) is None

    @given(st.text(), st.text())
    def test_no_header_can_break_it(self, after: str, date: str) -> None:
        seconds = retry_after({"retry-after": after, "date": date, "retry-after-ms": date})

        assert seconds is None or seconds >= 0

    def test_a_year_no_machine_can_count_is_nonsense(self) -> None:
        far = "Sat, 21 Nov 99999999999999999999 10:00:00 GMT"

        assert retry_after({"retry-after": far, "date": far}) is None

    @pytest.mark.parametrize("asked", ["10", "86400"])
    async def test_longer_than_the_time_left_is_raised_at_once(
        self, door: Door, vendor: Vendor, clock: FakeClock, within: Any, asked: str
    ) -> None:
        vendor.usual = vendor.answer(429, b"", retry_after=asked)

        with within(10.0), pytest.raises(RateLimitError) as caught:
            await ask(door(), "read")

        assert (clock.slept, len(vendor.asked), caught.value.retry_after) == ([], 1, float(asked))

    async def test_a_day_is_waited_for_where_there_is_no_limit(
        self, door: Door, vendor: Vendor, clock: FakeClock, within: Any
    ) -> None:
        vendor.then(429, b"", retry_after="86400")

        with within(None):
            await ask(door(), "read")

        assert clock.slept == [86400.0]

    async def test_each_pause_may_be_twice_as_long_as_the_one_before(
        self, door: Door, vendor: Vendor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("omnilogue.http.retry.random.uniform", lambda least, most: most)
        vendor.usual = vendor.answer(500)

        with pytest.raises(UnavailableError):
            await ask(door(max_attempts=8), "read")

        assert clock.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0]

    def test_without_a_wish_the_pause_is_random_and_grows_up_to_a_limit(self) -> None:
        failure, throttle = UnavailableError("x"), RateLimitError("x")

        for count, most in [(0, 0.5), (1, 1.0), (2, 2.0), (10, LONGEST_PAUSE)]:
            drawn = [pause(failure, count) for _ in range(200)]
            assert 0 <= min(drawn) < most / 2 < max(drawn) <= most
        assert 0.5 < max(pause(throttle, 0) for _ in range(200)) <= 1.0


class Key:
    """Credentials that can be renewed."""

    def __init__(self, *, renewable: bool = True) -> None:
        self.number = 1
        self.renewable = renewable

    def headers(self) -> dict[str, str]:
        return {"x-key": f"key-{self.number}"}

    async def refresh(self) -> bool:
        self.number += 1
        return self.renewable


class TestRenewal:
    async def test_refused_credentials_are_renewed_once(self, door: Door, vendor: Vendor) -> None:
        vendor.then(401)

        await ask(door().using(ErrorTable(), Key()), "add")

        assert [asked.headers["x-key"] for asked in vendor.asked] == ["key-1", "key-2"]

    async def test_refused_twice_is_an_error_that_counts_both(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(401)
        key = Key()

        with pytest.raises(AuthenticationError) as caught:
            await ask(door().using(ErrorTable(), key), "add")

        assert (len(vendor.asked), caught.value.attempts, key.number) == (2, 2, 2)

    async def test_what_cannot_be_renewed_is_an_error_at_once(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(401)

        with pytest.raises(AuthenticationError) as caught:
            await ask(door().using(ErrorTable(), Key(renewable=False)), "read")

        assert (len(vendor.asked), caught.value.outcome) == (1, None)

    async def test_they_are_renewed_once_in_a_call_with_several_attempts(self, door: Door, vendor: Vendor) -> None:
        vendor.script = [vendor.answer(401), vendor.answer(500), vendor.answer(401)]
        key = Key()

        with pytest.raises(AuthenticationError):
            await ask(door().using(ErrorTable(), key), "read")

        assert (len(vendor.asked), key.number) == (3, 2)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
async def test_a_redirect_is_never_followed(door: Door, vendor: Vendor, status: int) -> None:
    vendor.usual = vendor.answer(status, b"", location="https://evil.example/")

    with pytest.raises(ConfigurationError) as caught:
        await ask(door(), "read")

    assert (len(vendor.asked), caught.value.http_status, caught.value.outcome) == (1, status, "rejected")
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(("effect", "attempts"), [("read", 3), ("replace", 3), ("add", 1)])
async def test_what_a_conversation_is_busy_with_may_be_our_own(
    door: Door, vendor: Vendor, effect: str, attempts: int
) -> None:
    vendor.usual = vendor.answer(409, b"no")
    busy = door().using(ErrorTable(statuses={409: "busy"}), NoAuth())

    with pytest.raises(ConversationBusyError):
        await ask(busy, effect)

    assert len(vendor.asked) == attempts
