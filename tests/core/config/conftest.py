"""A folder of its own for each test: no file, variable or home of the machine is seen."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from omnilogue.provider import HttpProviderSettings, Provider, ProviderInfo, Secret


class Paths(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    session_update: str = "session/update"
    session_delete: str = "session/delete"


class AcmeSettings(HttpProviderSettings):
    base_url: str = "https://acme.example/api"
    api_key: Secret | None = None
    store: Path = Path("kept/as-it-is.db")
    attachments: list[Path] = Field(default_factory=list)
    series: tuple[int, ...] = ()
    paths: Paths = Paths()


@pytest.fixture
def acme() -> ProviderInfo:
    return ProviderInfo("acme", "Acme", Provider, AcmeSettings)


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the working directory, which is empty."""
    for name in [name for name in os.environ if name.startswith("OMNILOGUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def write(work: Path) -> Callable[..., Path]:
    def write(text: str, place: str = "omnilogue.toml") -> Path:
        path = work / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def warnings_logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    def events() -> list[dict[str, Any]]:
        return [{"event": record.__dict__["event"], **record.__dict__["fields"]} for record in caplog.records]

    return events
