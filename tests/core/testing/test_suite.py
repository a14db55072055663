"""The suite as a pytest class: what an author writes, and what the author cannot leave out."""

import pytest

from omnilogue.testing import ProviderSuite
from omnilogue.testing.cases import CASES

CONFTEST = 'pytest_plugins = ["omnilogue.testing"]'


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load what a suite needs and nothing that happens to be installed here."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def outcome(pytester: pytest.Pytester, body: str, *arguments: str) -> pytest.RunResult:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(f"from omnilogue.testing import ProviderSuite\n\nclass TestMemory(ProviderSuite):\n{body}")
    return pytester.runpytest_inprocess("-p", "anyio", "-p", "no:cacheprovider", *arguments)


def test_two_lines_are_a_whole_suite(pytester: pytest.Pytester) -> None:
    result = outcome(pytester, '    provider = "memory"')

    result.assert_outcomes(passed=len(CASES) + 1)


def test_a_case_is_one_test_with_a_readable_name(pytester: pytest.Pytester) -> None:
    result = outcome(pytester, '    provider = "memory"', "-v", "-k", "edit_message_changes_exactly_one")

    result.assert_outcomes(passed=1, deselected=len(CASES))
    result.stdout.fnmatch_lines(["*::TestMemory::test_conforms[[]edit_message_changes_exactly_one] PASSED*"])


def test_settings_may_come_from_an_asynchronous_fixture(pytester: pytest.Pytester) -> None:
    body = """
    provider = "memory"

    import pytest

    @pytest.fixture
    async def settings(self):
        return {"replies": ["One", "Two"]}
"""
    result = outcome(pytester, body, "-k", "send_goes_on")

    result.assert_outcomes(passed=1, deselected=len(CASES))


def test_a_failed_case_tells_what_was_expected(pytester: pytest.Pytester) -> None:
    body = '    provider = "memory"\n    import pytest\n    settings = pytest.fixture(lambda self: {"replies": [" "]})'
    result = outcome(pytester, body, "-k", "send_goes_on or send_stores_the_turn_and_its_reply_once")

    result.stdout.fnmatch_lines(["*UnmetError: the reply says nothing*"])


def test_a_skip_needs_a_reason(pytester: pytest.Pytester) -> None:
    body = """
    provider = "memory"
    skips = {"send_goes_on": "the vendor forgets", "stream_is_read_once": " "}
"""
    result = outcome(pytester, body, "-rs", "-k", "send_goes_on or stream_is_read_once or skips")

    result.assert_outcomes(skipped=1, failed=2, deselected=len(CASES) - 2)
    result.stdout.fnmatch_lines(["*stream_is_read_once is skipped without a reason*", "*the vendor forgets*"])


def test_a_skip_of_no_case_fails(pytester: pytest.Pytester) -> None:
    body = '    provider = "memory"\n    skips = {"send_gos_on": "misspelt"}'
    result = outcome(pytester, body, "-k", "skips")

    result.assert_outcomes(failed=1, deselected=len(CASES))
    result.stdout.fnmatch_lines(["*skips of no case: *send_gos_on*"])


@pytest.mark.parametrize("name", ["test_conforms", "test_skips_are_explained"])
def test_cases_cannot_be_taken_away(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} would take cases away"):
        type("TestAcme", (ProviderSuite,), {name: None})


def test_a_suite_without_a_provider_says_so(pytester: pytest.Pytester) -> None:
    result = outcome(pytester, "    pass", "-k", "contract_is_kept or skips")

    result.assert_outcomes(passed=1, errors=1, deselected=len(CASES) - 1)
    result.stdout.fnmatch_lines(["*provider*"])
