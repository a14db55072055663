"""Exit codes."""

import pytest

from omnilogue.cli import exits
from omnilogue.errors import BY_CODE

TABLE = {
    1: "bad_response too_large pagination stream_broken run_failed vendor_error error",
    2: "config secret invalid_input unsupported plugin_load plugin_contract plugin_version plugin_duplicate tls "
    "bad_request conflict content_filtered content_too_large context_too_long",
    3: "auth forbidden quota",
    4: "not_found",
    5: "rate_limit server connect_failed connection_lost timeout deadline busy circuit_open",
    6: "source_changed verification partial",
    8: "ledger_locked",
    9: "no_change",
    10: "loss_refused",
    11: "outcome_unknown",
    12: "storage ledger_corrupt ledger_version ledger_mismatch",
}
ROWS = [(code, number) for number, codes in TABLE.items() for code in codes.split()]


@pytest.mark.parametrize(("code", "number"), ROWS)
def test_each_code_has_its_exit_code(code: str, number: int) -> None:
    error = BY_CODE[code]("what happened", code=code)

    assert exits.exit_code(error) == number


def test_every_code_an_error_can_carry_is_in_the_table() -> None:
    assert set(BY_CODE) == set(exits.BY_CODE) == {code for code, _ in ROWS}


@pytest.mark.parametrize(
    ("several", "one"),
    [
        ([], 0),
        ([0, 5], 5),
        ([4, 6], 6),
        ([5, 2, 3], 3),
        ([12, 1], 1),
        ([143, 130, 1], 130),
        ([10, 11], 11),
        ([9, 5], 5),
    ],
)
def test_of_several_the_worst_counts(several: list[int], one: int) -> None:
    assert exits.worst(several) == one
