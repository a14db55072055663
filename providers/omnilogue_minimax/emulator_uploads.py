"""The calls of the MiniMax emulator about files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from .emulator_calls import Answer, Call, Calls
from .emulator_files import StoredFile
from .emulator_forms import Form, UploadForm, Words
from .emulator_quirks import Path


class FilePage(Form):
    """`files/list`."""

    purpose: str = ""


class FileChoice(Form):
    """`files/retrieve` and `files/retrieve_content`: in a query everything is text."""

    file_id: Words


class FileRemoval(Form):
    """`files/delete`: in a body the id is a number."""

    file_id: Annotated[int, Field(ge=1)]


class FileCalls(Calls):
    """The calls about files."""

    def calls(self) -> Mapping[Path, Call]:
        """Give the calls by path."""
        return {
            "files/upload": Call("POST", UploadForm, self._upload, blank={"file": None}),
            "files/list": Call("GET", FilePage, self._list, blank={"files": None}, knows_query=True),
            "files/retrieve": Call("GET", FileChoice, self._retrieve, blank={"file": None}, knows_query=True),
            "files/retrieve_content": Call("GET", FileChoice, self._content, blank={}, knows_query=True),
            "files/delete": Call("POST", FileRemoval, self._delete, blank={"file_id": 0}),
        }

    def _upload(self, form: UploadForm) -> Answer:
        return {"file": _item(self.store.files.add(form.name, form.content, form.purpose))}

    def _list(self, form: FilePage) -> Answer:
        return {"files": [_item(one) for one in self.store.files.all() if form.purpose in {"", one.purpose}]}

    def _retrieve(self, form: FileChoice) -> Answer:
        with self.known("file", form.file_id):
            return {"file": _item(self.store.files.find(form.file_id))}

    def _content(self, form: FileChoice) -> Answer:
        with self.known("file", form.file_id):
            return self.store.files.find(form.file_id).content

    def _delete(self, form: FileRemoval) -> Answer:
        with self.known("file", str(form.file_id)):
            self.store.files.delete(form.file_id)
        return {"file_id": form.file_id}


def _item(file: StoredFile) -> dict[str, Any]:
    return {
        "file_id": file.id,
        "bytes": len(file.content),
        "created_at": file.created_at,
        "filename": file.name,
        "purpose": file.purpose,
    }
