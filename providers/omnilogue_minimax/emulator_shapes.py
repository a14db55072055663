"""How the MiniMax emulator shows what it keeps, as the vendor's pages do."""

from collections.abc import Mapping, Sequence
from typing import Any

from .emulator_objects import StoredAssistant, StoredMessage, StoredRun, StoredStep, StoredThread, text_part
from .emulator_quirks import MiniMaxQuirks
from .emulator_tools import action, call_item

SUCCESS: Mapping[str, Any] = {"status_code": 0, "status_msg": "success"}
RULE = "\n请在引用参考内容的句子末尾,用【序号†source】的格式标注来源。"
UTF16_UNIT = 2


def thread_item(thread: StoredThread, quirks: MiniMaxQuirks) -> dict[str, Any]:
    """Show a thread."""
    return {
        "id": thread.id,
        "object": "thread",
        "created_at": thread.created_at,
        **({"updated_at": thread.updated_at} if quirks.updated_at else {}),
        "metadata": dict(thread.metadata),
    }


def message_item(message: StoredMessage, quirks: MiniMaxQuirks) -> dict[str, Any]:
    """Show a message."""
    is_linked = message.role != "user" or quirks.user_links == "filled"
    return {
        "id": message.id,
        "object": "message",
        "created_at": message.created_at,
        **({"updated_at": message.created_at} if quirks.updated_at else {}),
        "thread_id": message.thread_id,
        "role": quirks.assistant_word if message.role == "assistant" else message.role,
        "content": [_shown_part(part, quirks) for part in message.parts],
        "file_ids": [_shown_id(file_id, quirks) for file_id in message.file_ids] or None,
        "assistant_id": message.assistant_id if is_linked else "",
        "run_id": message.run_id if is_linked else "",
        "metadata": dict(message.metadata) or None,
    }


def run_item(run: StoredRun, quirks: MiniMaxQuirks) -> dict[str, Any]:
    """Show a run."""
    return {
        "id": run.id,
        "object": "thread.run",
        "created_at": run.created_at,
        "assistant_id": run.assistant_id,
        "thread_id": run.thread_id,
        "status": quirks.middle_state if run.status == "in_progress" else run.status,
        **_run_times(run, quirks),
        "last_error": dict(run.last_error) if run.last_error else None,
        "model": run.model,
        "instructions": run.instructions + (RULE if quirks.instructions_rewritten else ""),
        "tools": list(run.tools),
        "file_ids": list(run.file_ids),
        "metadata": dict(run.metadata),
        "required_action": action(run.rounds if run.status == "requires_action" else ()),
    }


def step_item(step: StoredStep, run: StoredRun, quirks: MiniMaxQuirks, *, is_done: bool = True) -> dict[str, Any]:
    """Show a step of a run."""
    return {
        "id": step.id,
        "object": "thread.run.step",
        "created_at": step.created_at,
        "run_id": run.id,
        "assistant_id": run.assistant_id,
        "thread_id": run.thread_id,
        "type": "tool_calls" if step.calls else "message_creation",
        "status": "completed" if is_done else "in_progress",
        "cancelled_at": _time(0, quirks),
        "completed_at": _time(step.created_at if is_done else 0, quirks),
        "expired_at": _time(0, quirks),
        "failed_at": _time(0, quirks),
        "last_error": None,
        "step_details": _details(step, quirks),
    }


def _details(step: StoredStep, quirks: MiniMaxQuirks) -> dict[str, Any]:
    if not step.calls:
        return {"type": "message_creation", "message_creation": {"message_id": step.message_id}}
    return {"type": "tool_calls", "tool_calls": [call_item(call, quirks.search_fields) for call in step.calls]}


def _shown_id(file_id: str, quirks: MiniMaxQuirks) -> str | int:
    return int(file_id) if quirks.file_ids_shown == "integer" else file_id


def assistant_item(assistant: StoredAssistant) -> dict[str, Any]:
    """Show an assistant."""
    fields = assistant.fields
    return {
        "id": assistant.id,
        "object": "assistant",
        "created_at": assistant.created_at,
        "name": fields.get("name", ""),
        "description": fields.get("description", ""),
        "model": assistant.model,
        "instructions": assistant.instructions,
        "tools": list(fields.get("tools", ())),
        "file_ids": list(fields.get("file_ids", ())),
        "metadata": dict(fields.get("metadata", {})),
        "rolemeta": dict(fields.get("rolemeta", {})),
        "t2a_option": dict(fields.get("t2a_option", {})),
        "status": "available",
    }


def list_item(rows: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Show the rows of a page."""
    ids = [row["id"] for row in rows] or [""]
    return {"object": "list", "data": list(rows), **more, "first_id": ids[0], "last_id": ids[-1]}


def cited_part(text: str, sources: int, files: Sequence[str] = ()) -> dict[str, Any]:
    """Give a text with a marker for each source behind it and the citations of these: files, as far as there are."""
    annotations: list[dict[str, Any]] = []
    for number in range(1, sources + 1):
        marker = f"【{number}†source】"
        kind, source = "web_citation", {"quote": f"What source {number} says."}
        if number <= len(files):
            kind, source = "file_citation", {"file_id": files[number - 1], **source}
        place = {"start_index": len(text), "end_index": len(text) + len(marker)}
        annotations.append({"type": kind, "text": marker, **place, kind: source})
        text += marker
    return text_part(text, annotations)


def _run_times(run: StoredRun, quirks: MiniMaxQuirks) -> dict[str, Any]:
    names = ("started_at", "expires_at", "cancelled_at", "failed_at", "completed_at")
    times = {name: getattr(run, name) for name in names}
    if quirks.failed_at_on_completed and run.status == "completed":
        times |= {"failed_at": run.completed_at, "completed_at": 0}
    return {name: _time(value, quirks) for name, value in times.items()}


def _time(value: int, quirks: MiniMaxQuirks) -> int | None:
    return None if value == 0 and quirks.unset_times == "null" else value


def _shown_part(part: Mapping[str, Any], quirks: MiniMaxQuirks) -> dict[str, Any]:
    if part.get("type") != "text":
        return dict(part)
    text = part["text"]
    annotations = [_shown_citation(entry, text["value"], quirks) for entry in text["annotations"] or ()]
    is_null = not annotations and quirks.no_annotations == "null"
    return {"type": "text", "text": {"value": text["value"], "annotations": None if is_null else annotations}}


def _shown_citation(annotation: Mapping[str, Any], text: str, quirks: MiniMaxQuirks) -> dict[str, Any]:
    start, end = annotation["start_index"], annotation["end_index"]
    if quirks.citation_offsets == "utf16":
        start, end = _in_utf16(text[:start]), _in_utf16(text[:end])
    elif quirks.citation_offsets == "wrong":
        start, end = start + 1, end + 1
    return {**annotation, "start_index": start, "end_index": end}


def _in_utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // UTF16_UNIT
