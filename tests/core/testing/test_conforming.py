"""`conform`: the suite without pytest."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from omnilogue import ConfigurationError, PluginError, Reply
from omnilogue.emulator import Emulator
from omnilogue.provider import ProviderSettings, Turn
from omnilogue.testing import CaseResult, Report, conform
from omnilogue.testing.cases import CASES
from omnilogue_memory.provider import Memory

pytestmark = pytest.mark.anyio


async def test_every_case_is_in_the_report_in_order() -> None:
    report = await conform("memory")

    assert (report.provider, report.ok) == ("memory", True)
    assert [item.case for item in report.items] == [case.name for case in CASES]
    assert {item.status for item in report.items} == {"passed"}


async def test_a_provider_with_an_emulator_is_tried_against_it() -> None:
    report = await conform("mindcraft")

    assert [item for item in report.items if item.status != "passed"] == []


async def test_a_provider_that_needs_a_path_gets_a_temporary_file() -> None:
    report = await conform("archive")

    assert [item for item in report.items if item.status != "passed"] == []


async def test_given_settings_are_used() -> None:
    report = await conform("memory", settings={"replies": [" "]})

    failed = {item.case: item.reason for item in report.items if item.status == "failed"}
    assert failed["send_stores_the_turn_and_its_reply_once"] == "the reply says nothing"


async def test_wrong_settings_fail_every_case_with_a_reason() -> None:
    report = await conform("memory", settings={"no_such_setting": 1})

    assert not report.ok
    assert {item.status for item in report.items} == {"failed"}
    assert all("no_such_setting" in item.reason for item in report.items)


async def test_a_lie_is_a_failed_case_with_its_reason(install: Callable[..., str]) -> None:
    class DeletesNothing(Memory):
        async def delete_conversation(self, conversation_id: str) -> None:
            await self.get_conversation(conversation_id)

    report = await conform(install(DeletesNothing))

    assert not report.ok
    failed = {item.case: item.reason for item in report.items if item.status == "failed"}
    assert "expected NotFoundError, and nothing was raised" in failed["delete_conversation_removes_only_that_one"]
    assert all(failed.values())


async def test_an_unknown_provider_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no provider 'nobody'"):
        await conform("nobody")


async def test_a_method_that_is_not_declared_stops_before_the_first_case(install: Callable[..., str]) -> None:
    class Undeclared(Memory):
        async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
            raise AssertionError

    with pytest.raises(PluginError, match=r"regenerate\(\) is there and not declared"):
        await conform(install(Undeclared))


async def test_outside_providers_are_not_seen_without_plugins(install: Callable[..., str]) -> None:
    name = install(Memory)

    with pytest.raises(ConfigurationError, match="no provider 'fake'"):
        await conform(name, plugins=False)


@pytest.mark.parametrize(
    ("emulator", "reason"),
    [
        ("no_such_module:Emulator", "No module named"),
        ("omnilogue.emulator:Nobody", "Nobody"),
        ("omnilogue.model:Message", "it is no Emulator"),
        ("", "Empty module name"),
    ],
)
async def test_a_broken_emulator_is_the_plugins_fault(install: Callable[..., str], emulator: str, reason: str) -> None:
    name = install(Memory, settings=ProviderSettings, emulator=emulator)

    with pytest.raises(PluginError, match=reason):
        await conform(name)


def test_a_report_goes_to_json_as_the_command_prints_it() -> None:
    report = Report(provider="acme", ok=False, items=(CaseResult(case="one", status="failed", reason="why"),))

    assert report.model_dump(mode="json") == {
        "provider": "acme",
        "ok": False,
        "items": [{"case": "one", "status": "failed", "reason": "why"}],
    }


WITHOUT_PYTEST = """
import asyncio, sys
sys.modules["pytest"] = None
import omnilogue.testing
print(asyncio.run(omnilogue.testing.conform("memory")).ok)
for name in ("ProviderSuite", "omnilogue_emulator"):
    try:
        getattr(omnilogue.testing, name)
    except ModuleNotFoundError as error:
        print(error)
"""


def test_without_pytest_the_suite_runs_and_the_plugin_tells_how_to_install_it() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_PYTEST], capture_output=True, text=True, timeout=60, check=True)

    advice = "this part of omnilogue.testing needs pytest: pip install 'omnilogue[test]'"
    assert run.stdout.splitlines() == ["True", advice, advice]


def test_an_emulator_is_what_the_provider_names() -> None:
    from omnilogue.testing.staging import emulator_class

    assert issubclass(emulator_class("mindcraft"), Emulator)
