"""Formats and transforms of plugins: found by name, refused where two claim one, told where they are broken."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import pytest

from omnilogue.errors import InvalidInputError, PluginError
from omnilogue.model import Conversation, Message
from omnilogue.provider import CopyContext, Format, Plugins, Transform, hookimpl

Install: TypeAlias = Callable[..., list[int]]


async def write(entries: Any, file: Any) -> None:
    """Write nothing."""


def form(name: str, *suffixes: str) -> Format:
    return Format(name, suffixes, write=write)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a plugin that gives formats and transforms; gives a list that grows with each call of a hook."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def installed(name: str, formats: Iterable[Any] = (), transforms: Iterable[Any] = ()) -> list[int]:
        calls: list[int] = []
        module = ModuleType(f"{name}_plugin")

        @hookimpl
        def omnilogue_formats() -> Iterable[Format]:
            calls.append(1)
            return formats

        @hookimpl
        def omnilogue_transforms() -> Iterable[Transform]:
            return transforms

        hooks = {"omnilogue_formats": omnilogue_formats, "omnilogue_transforms": omnilogue_transforms}
        vars(module).update(OMNILOGUE_HOOKS=1, **hooks)
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[omnilogue.extensions]\n{name} = {module.__name__}\n")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return calls

    return installed


def names(plugins: Plugins) -> list[str]:
    return [one.name for one in plugins.formats()]


def health(name: str) -> str:
    [error] = [one.error or "" for one in Plugins().health() if one.name == name]
    return error


def test_our_own_formats_come_through_the_same_door(install: Install) -> None:
    install("acme", [form("acme", ".acme")])

    assert sorted(names(Plugins())) == ["acme", "markdown", "omnilogue/1"]
    assert names(Plugins(outside=False)) == ["omnilogue/1", "markdown"]
    assert Plugins().format("acme").suffixes == (".acme",)


def test_a_plugin_is_asked_once(install: Install) -> None:
    calls = install("acme", [form("acme")])
    plugins = Plugins()

    for _ in range(3):
        plugins.formats()
        plugins.format("acme")

    assert len(calls) == 1


def test_an_unknown_name_is_refused_with_the_nearest(install: Install) -> None:
    install("acme", [form("acme")], [Transform("shorten", lambda message, _: message)])

    with pytest.raises(InvalidInputError, match=r"there is no format 'markdwon' \(did you mean markdown\?\)"):
        Plugins().format("markdwon")
    with pytest.raises(InvalidInputError, match=r"there is no transform 'shortn' \(did you mean shorten\?\)"):
        Plugins().transform("shortn")
    with pytest.raises(InvalidInputError, match=r"there is no transform 'x' \(known: shorten\)"):
        Plugins().transform("x")
    with pytest.raises(InvalidInputError, match=r"there is no transform 'x' \(known: none\)"):
        Plugins(outside=False).transform("x")


def test_two_plugins_of_one_name_are_both_refused(install: Install) -> None:
    install("one", [form("acme"), form("good")])
    install("two", [form("acme")])

    for _ in range(2):
        with pytest.raises(PluginError, match="the format 'acme' is brought twice, by one and two") as caught:
            Plugins().format("acme")
        assert caught.value.code == "plugin_duplicate"
    assert "acme" not in names(Plugins())
    assert Plugins().format("good").name == "good"
    assert "brought twice" in health("one")
    assert "brought twice" in health("two")


def test_a_plugin_that_brings_a_name_twice_is_refused(install: Install) -> None:
    same = Transform("same", lambda message, _: message)
    install("one", transforms=[same, Transform("same", lambda _, __: None)])

    with pytest.raises(PluginError, match="the transform 'same' is brought twice, by one"):
        Plugins().transform("same")


def test_a_built_in_format_cannot_be_replaced(install: Install) -> None:
    fake = form("markdown", ".md")
    install("fake", [fake])

    assert Plugins().format("markdown") is not fake
    assert fake not in Plugins().formats()
    assert health("fake") == "plugin 'fake' of fake: the name 'markdown' belongs to a built-in format"
    assert health("formats") == ""


def test_what_is_no_format_is_told(install: Install) -> None:
    install("odd", [form("fine"), "markdown"])

    assert "omnilogue_formats gives str, which is no Format" in health("odd")
    assert "fine" in names(Plugins())


def test_a_broken_plugin_hides_no_other(install: Install) -> None:
    def broken() -> Iterable[Format]:
        yield form("half")
        raise LookupError("lost")

    install("broken", broken())

    assert names(Plugins()) == ["omnilogue/1", "markdown"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Format("", (".x",), write=write),
        lambda: Format("x", (".x",)),
        lambda: Format("x", ("x",), write=write),
        lambda: Format("x", (".X",), write=write),
    ],
)
def test_a_format_that_cannot_be_meant_is_refused(make: Callable[[], Format]) -> None:
    with pytest.raises(ValueError, match=r"^format"):
        make()


def test_a_transform_sees_where_a_message_goes(install: Install) -> None:
    def signed(message: Message, context: CopyContext) -> Message | None:
        told = f"{context.source}/{context.source_provider} {context.target}/{context.target_provider}"
        return Message.user(f"{message.text} {told} {context.conversation.title}") if message.text else None

    install("acme", transforms=[Transform("signed", signed)])
    context = CopyContext("work", "new", "acme", "other", Conversation(id="c1", title="Trip"))
    transform = Plugins().transform("signed")

    assert transform(Message.user("Hi"), context) == Message.user("Hi work/acme new/other Trip")
    assert transform(Message(role="user"), context) is None
