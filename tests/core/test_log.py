"""The logger: silent until wanted, and nothing secret or unprintable in it."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnilogue import log
from omnilogue.log import REDACTED, forget_secret, is_on, logger, printable, redact, redact_pattern, remember_secret

VALUE = "k-log-0123456789"


@pytest.fixture
def _remembered() -> Iterator[None]:
    remember_secret(VALUE)
    yield
    forget_secret(VALUE)


class TestRedaction:
    @pytest.mark.usefixtures("_remembered")
    @pytest.mark.parametrize("text", [VALUE, f"a{VALUE}b", f"{VALUE} {VALUE}", f'{{"key": "{VALUE}"}}'])
    def test_a_known_value_is_blanked_wherever_it_stands(self, text: str) -> None:
        assert VALUE not in redact(text)

    @pytest.mark.usefixtures("_remembered")
    def test_a_longer_secret_is_blanked_before_a_part_of_it(self) -> None:
        remember_secret(f"{VALUE}-longer")

        text = redact(f"x {VALUE}-longer")

        forget_secret(f"{VALUE}-longer")
        assert text == f"x {REDACTED}"

    def test_short_values_would_blank_words_and_are_left(self) -> None:
        remember_secret("abc")

        assert redact("abc") == "abc"
        forget_secret("abc")

    def test_a_value_is_known_as_long_as_anyone_holds_it(self) -> None:
        for _ in range(3):
            remember_secret("k-counted-1")
        for _ in range(2):
            forget_secret("k-counted-1")

        assert redact("k-counted-1") == REDACTED
        forget_secret("k-counted-1")
        assert redact("k-counted-1") == "k-counted-1"

    def test_forgetting_what_is_not_known_is_harmless(self) -> None:
        forget_secret("k-never-known")
        remember_secret("k-never-known")

        assert redact("k-never-known") == REDACTED
        forget_secret("k-never-known")

    @pytest.mark.parametrize(
        "text",
        [
            "Authorization: Bearer abc.def-123",
            "authorization: bearer abc.def-123",
            "Authorization: Basic abc.def-123",
            "wss://acme.example/socket?token=abc.def-123&x=1",
            "wss://acme.example/socket?x=1&token=abc.def-123",
            '{"api_key": "abc.def-123"}',
            '{"api_key":"abc.def-123"}',
        ],
    )
    def test_what_looks_like_a_credential_is_blanked(self, text: str) -> None:
        assert "abc.def" not in redact(text)

    def test_a_pattern_can_be_added(self) -> None:
        redact_pattern(r"ZZ-[0-9]{4}")
        redact_pattern(r"ZZ-[0-9]{4}")

        assert redact("x ZZ-1234 y") == f"x {REDACTED} y"

    def test_redacting_twice_changes_nothing_more(self) -> None:
        once = redact('Authorization: Bearer abc {"api_key": "x"} ?token=y')

        assert redact(once) == once

    def test_many_threads_can_remember_and_redact_at_once(self) -> None:
        def work(number: int) -> None:
            for step in range(200):
                value = f"k-thread-{number}-{step}"
                remember_secret("k-shared-value")
                remember_secret(value)
                redact("text with k-shared-value")
                forget_secret(value)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        for _ in range(800):
            assert redact("k-shared-value") == REDACTED
            forget_secret("k-shared-value")
        assert redact("k-shared-value") == "k-shared-value"


class TestPrintable:
    @given(st.text(st.characters()))
    def test_any_text_becomes_one_harmless_line(self, text: str) -> None:
        shown = printable(text)

        assert len(shown.splitlines()) <= 1
        assert shown.encode("utf-8") is not None
        assert printable(shown) == shown

    @given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs", "M"])))
    def test_plain_text_stays_as_it_is(self, text: str) -> None:
        assert printable(text) == text

    def test_control_characters_are_shown(self) -> None:
        assert printable("a\nb\x1b[0m\u202e\ud800") == "a\\nb\\x1b[0m\\u202e\\ud800"


class Odd:
    def __repr__(self) -> str:
        return f"Odd({VALUE})"


class TestLogger:
    @pytest.mark.usefixtures("_remembered")
    def test_no_value_of_an_event_shows_a_secret(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, logger="omnilogue")

        logger().bind(bound=VALUE).warning(
            "happened",
            text=VALUE,
            nested={"a": [VALUE, (VALUE, {VALUE: 1})]},
            error=ValueError(VALUE),
            odd=Odd(),
            number=5,
            nothing=None,
        )

        [record] = caplog.records
        assert VALUE not in record.getMessage() + repr(vars(record))
        assert (record.__dict__["event"], record.__dict__["fields"]["number"]) == ("happened", 5)
        assert record.getMessage().startswith("happened ")

    def test_an_event_is_one_line(self, caplog: pytest.LogCaptureFixture) -> None:
        logger().warning("happened", text="a\nb\x1b[31m%s %d")

        assert caplog.records[0].getMessage().isprintable()

    def test_what_nobody_listens_to_is_not_on(self) -> None:
        assert not is_on(logging.DEBUG)


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "OMNILOGUE_LOG": "", "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )


SAY = "from omnilogue.log import logger; logger().debug('fine'); logger().info('told'); logger().error('bad')"


class TestBeingHeard:
    def test_the_library_is_silent_by_itself(self) -> None:
        done = run("from omnilogue.log import logger; logger().info('told'); logger().debug('fine')")

        assert (done.stdout, done.stderr) == ("", "")

    @pytest.mark.parametrize(
        ("level", "heard"),
        [("debug", ["fine", "told", "bad"]), ("INFO", ["told", "bad"]), ("yes", ["fine", "told", "bad"])],
    )
    def test_a_variable_makes_it_heard_on_standard_error(self, level: str, heard: list[str]) -> None:
        done = run(SAY, OMNILOGUE_LOG=level)

        assert done.stdout == ""
        assert [line.split()[-1] for line in done.stderr.splitlines()] == heard

    def test_importing_it_loads_no_logging_library(self) -> None:
        done = run("import sys, omnilogue.log; print('structlog' in sys.modules)")

        assert done.stdout == "False\n"


def test_the_pattern_list_does_not_grow_by_repeating() -> None:
    before = len(log._patterns)

    redact_pattern(log._patterns[0].pattern)

    assert len(log._patterns) == before
