"""The pytest plugin: emulators in tests of an application."""

import threading
from collections.abc import Callable

import pytest

import omnilogue.testing
from omnilogue import AsyncClient, Client, ConfigurationError, PermissionDeniedError
from omnilogue.emulator import Emulator

Start = Callable[..., Emulator]


def test_an_emulator_runs_with_its_settings_and_keeps_a_journal(omnilogue_emulator: Start) -> None:
    emulator = omnilogue_emulator("mindcraft")

    with Client(False, remotes={"work": {"provider": "mindcraft", **emulator.settings}}) as client:
        conversation = client.remote("work").create(title="Trip")
        assert conversation.title == "Trip"
    assert emulator.url.startswith("http://127.0.0.1:")
    assert [entry.method for entry in emulator.journal] == ["POST"]


def test_quirks_and_faults_can_be_turned(omnilogue_emulator: Start) -> None:
    emulator = omnilogue_emulator("mindcraft", create_answer="token_only")
    emulator.fail_next("status", status=403, path="session/")

    with Client(False, remotes={"work": {"provider": "mindcraft", **emulator.settings}}) as client:
        with pytest.raises(PermissionDeniedError):
            client.remote("work").create(title="Trip")
        assert client.remote("work").create(title="Trip").title == "Trip"
    assert [entry.method for entry in emulator.journal] == ["POST", "POST", "GET"]  # the list tells a token's number


async def test_it_serves_asynchronous_tests_too(anyio_backend: str, omnilogue_emulator: Start) -> None:
    emulator = omnilogue_emulator("mindcraft")

    async with AsyncClient(False, remotes={"work": {"provider": "mindcraft", **emulator.settings}}) as client:
        assert [found async for found in client.remote("work").conversations()] == []


def test_two_emulators_are_two_vendors(omnilogue_emulator: Start) -> None:
    one, two = omnilogue_emulator("mindcraft"), omnilogue_emulator("mindcraft")

    assert one.url != two.url


def test_a_provider_without_an_emulator_is_told(omnilogue_emulator: Start) -> None:
    with pytest.raises(ConfigurationError, match="provider 'memory' has no emulator"):
        omnilogue_emulator("memory")


def test_an_unknown_provider_is_told_with_those_there_are(omnilogue_emulator: Start) -> None:
    with pytest.raises(ConfigurationError, match=r"no provider 'nobody' \(installed: .*memory"):
        omnilogue_emulator("nobody")


def test_an_unknown_quirk_is_told(omnilogue_emulator: Start) -> None:
    with pytest.raises(ValueError, match="unknown quirk 'no_such_quirk'"):
        omnilogue_emulator("mindcraft", no_such_quirk=True)


STOPPED = """
import pytest

pytest_plugins = ["omnilogue.testing"]
urls = []

def test_one(omnilogue_emulator):
    urls.append(omnilogue_emulator("mindcraft").url)

def test_two():
    from urllib.request import urlopen
    from urllib.error import URLError
    with pytest.raises(URLError):
        urlopen(urls[0], timeout=5)
"""


def test_an_emulator_stops_at_the_end_of_its_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(STOPPED)
    before = threading.active_count()

    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)

    assert threading.active_count() == before


def test_the_plugin_names_what_it_has() -> None:
    assert omnilogue.testing.__all__ == sorted(omnilogue.testing.__all__) == dir(omnilogue.testing)
    assert all(getattr(omnilogue.testing, name).__doc__ for name in omnilogue.testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = omnilogue.testing.nothing
