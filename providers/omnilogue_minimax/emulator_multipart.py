"""How the MiniMax emulator reads an upload."""

import re
from typing import Any


def read_parts(kind: str, content: bytes) -> dict[str, Any]:
    """Read a form with one file; the server's own reader wants a body that nobody has read. Raises ValueError."""
    boundary = re.fullmatch(r"multipart/form-data; ?boundary=\"?([^\";]+)\"?", kind)
    if boundary is None:
        raise ValueError(f"content type {kind!r}")
    _, *parts = (b"\r\n" + content).split(b"\r\n--" + boundary[1].encode())
    if not parts or parts.pop().strip() != b"--":
        raise ValueError("the form does not end")
    given: dict[str, Any] = {}
    for part in parts:
        head, _, body = part.partition(b"\r\n\r\n")
        about = dict(re.findall(r'(name|filename)="([^"]*)"', head.decode("utf-8", "replace")))
        if about.get("name") == "file":
            given |= {"name": about.get("filename", ""), "content": body}
        else:
            given[about.get("name", "")] = body.decode("utf-8", "replace")
    return given
