"""Finding the line of a key."""

import pytest

from omnilogue.config.lines import line_of

TEXT = '''# a comment with [remotes.fake]
default = "work"

[remotes.work.models]
fast = "x"

[remotes.work]
provider = "acme"
note = """
[remotes.inside]
rate = "not this one"
"""
rate = "8/s"
"quoted.key" = 1
paths = { session_update = "a", session_delete = "b" }
paths2.session_update = "c"

[remotes]
other.provider = "acme"

[ remotes . spaced ]
provider = "acme"
'''


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        (("default",), 2),
        (("remotes", "work", "models", "fast"), 5),
        (("remotes", "work"), 7),
        (("remotes", "work", "rate"), 13),
        (("remotes", "work", "quoted.key"), 14),
        (("remotes", "work", "paths", "session_delete"), 15),
        (("remotes", "work", "paths2", "session_update"), 16),
        (("remotes", "work", "missing"), 7),
        (("remotes", "other", "provider"), 19),
        (("remotes", "spaced", "rate"), 21),
        (("remotes", "inside", "rate"), None),
        (("nowhere",), None),
    ],
)
def test_a_key_is_found_where_it_stands(steps: tuple[str, ...], line: int | None) -> None:
    assert line_of(TEXT, steps) == line


def test_a_key_in_an_inline_table_stands_on_its_line() -> None:
    assert line_of('\nremotes = { work = { rate = "8/s" } }\n', ("remotes", "work", "rate")) == 2
