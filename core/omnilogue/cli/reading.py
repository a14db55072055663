"""Commands that read: `ls`, `show`, and `adopt`, which remembers what it read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ..errors import InvalidInputError
from . import choosing, values
from .choosing import Choice
from .grades import is_done_by_state
from .output import Rows
from .progress import Progress
from .session import DEFAULTS, Session
from .transcript import heading, message_lines, summary, time_of
from .words import ConversationAddress, IdsFrom, RemoteAddress, remote_names

if TYPE_CHECKING:
    from ..model import Conversation, Message
    from ..remote import AsyncRemote

INCOMPLETE = "This list is not complete: the vendor does not tell everything it keeps."


async def ls(
    address: Annotated[str | None, Parameter(help="Nothing, work: or work:ID.", completer=remote_names)] = None,
    /,
    *,
    choice: Choice = choosing.ALL,
    jsonl: Annotated[bool, Parameter(help="Print one JSON object a line, as they come.")] = False,
    session: Session = DEFAULTS,
) -> None:
    """List remotes, conversations or messages.

    Without an address the remotes, with work: its conversations, with work:ID the messages of one. Times are UTC.

    Examples:
      omnilogue ls
      omnilogue ls work: --since 30d --order -updated_at
      omnilogue ls work: --title 'Trip*' --meta team=blue
      omnilogue ls work:ID --order desc --limit 5
      omnilogue ls work: --jsonl | head
    """
    if jsonl and session.json:
        raise InvalidInputError("--json and --jsonl exclude each other")
    if address is None:
        from .accounts import print_remotes

        choice.require_only(choosing.FOR_REMOTES, "the list of remotes")
        print_remotes(session, jsonl=jsonl, complete=True)
        return
    listing, row = _listing(session, address, choice)
    await _print(session, listing, row, jsonl=jsonl)
    if getattr(listing, "complete", True) is False:
        _advise(session, address)


def _advise(session: Session, address: str) -> None:
    """Tell how conversations come into a list that the state keeps."""
    from ..client import split_address

    name, conversation_id = split_address(address)
    if conversation_id is None and is_done_by_state(session.client.remote(name).features, "list_conversations"):
        session.note(f"`omnilogue adopt {name}: ID` adds a conversation that was not created or read here.")


def _listing(session: Session, address: str, choice: Choice) -> tuple[Any, Callable[[Any], tuple[str, ...]]]:
    """Give what is to be listed, and what a row of it shows."""
    from ..client import split_address

    name, conversation_id = split_address(address)
    if conversation_id is not None:
        choice.require_only(choosing.FOR_MESSAGES, "a list of messages")
        remote, conversation_id = session.conversation(address)
        return remote.messages(conversation_id, **choice.of_messages(), **session.reading), _message_row
    if choice.ids_from is not None:
        choice.require_only(choosing.FOR_IDS, "--ids-from")
        ids = values.lines_of(choice.ids_from)
        return _by_ids(session, session.client.remote(name), ids, choice.limit), _conversation_row
    choice.require_only(choosing.FOR_CONVERSATIONS, "a list of conversations")
    asked = choice.of_conversations()
    return session.client.remote(name).conversations(**asked, **session.reading), _conversation_row


async def _by_ids(
    session: Session, remote: AsyncRemote, ids: list[str], limit: int | None
) -> AsyncIterator[Conversation]:
    """Give conversations in the order of their ids or addresses."""
    for identifier in ids[:limit]:
        yield await remote.conversation(_id_of(remote, identifier), **session.reading)


def _id_of(remote: AsyncRemote, said: str) -> str:
    """Give the id of what may be an address of this remote. Raises InvalidInputError for an empty one."""
    return values.required("ID", said.removeprefix(f"{remote.name}:"))


async def _print(session: Session, listing: Any, row: Callable[[Any], tuple[str, ...]], *, jsonl: bool) -> None:
    """Print a list in the form that was asked for; only as one document is it held as a whole."""
    items: list[Any] = []
    rows = Rows(session.output)
    try:
        async for item in _counted(session, listing):
            if jsonl:
                session.output.record(item.model_dump(mode="json"))
            elif session.json:
                items.append(item.model_dump(mode="json"))
            else:
                rows.add(*row(item))
    finally:
        rows.flush()
    complete = getattr(listing, "complete", True) is not False
    if session.json:
        session.output.document({"items": items, "complete": complete})
    if not complete:
        session.note(INCOMPLETE)


async def _counted(session: Session, listing: Any) -> AsyncIterator[Any]:
    with Progress(session) as progress:
        async for item in listing:
            progress.advance()
            yield item


def _conversation_row(conversation: Conversation) -> tuple[str, ...]:
    when = time_of(conversation.updated_at or conversation.created_at)
    pin = "* " if conversation.pinned else ""
    return str(conversation.ref), when, f"{pin}{conversation.title or ''}"


def _message_row(message: Message) -> tuple[str, ...]:
    return message.id or "", time_of(message.created_at), message.role, summary(message)


async def adopt(
    address: RemoteAddress,
    /,
    *ids: Annotated[str, Parameter(help="The ids of the conversations, or their addresses.")],
    ids_from: IdsFrom = None,
    session: Session = DEFAULTS,
) -> None:
    """Remember conversations of a vendor that cannot list.

    Each is read first, so it is known to be there. One that was deleted here only comes back. The first that the
    vendor does not have ends it; those before it are remembered.

    Examples:
      omnilogue adopt work: ID ID
      omnilogue adopt work: --ids-from ids.txt
    """
    if not ids and ids_from is None:
        raise InvalidInputError("there is no ID", hint="write ids behind the remote, or name a file with --ids-from")
    remote = session.remote(address)
    named = [*ids, *(values.lines_of(ids_from) if ids_from is not None else ())]
    wanted = [_id_of(remote, one) for one in named]  # all of them, before the first is read
    await _print(session, _adopted(session, remote, wanted), _conversation_row, jsonl=False)


async def _adopted(session: Session, remote: AsyncRemote, ids: list[str]) -> AsyncIterator[Conversation]:
    """Adopt one after the other, each in its own time."""
    for identifier in ids:
        for conversation in await remote.adopt([identifier], **session.reading):
            yield conversation


async def show(address: ConversationAddress, /, *, session: Session = DEFAULTS) -> None:
    """Print a conversation as a readable transcript.

    The messages of the active branch, oldest first. Times are UTC.

    Examples:
      omnilogue show work:ID
      omnilogue show work:ID --out trip.txt
      omnilogue show work:ID --json
    """
    remote, conversation_id = session.conversation(address)
    conversation = await remote.conversation(conversation_id, **session.reading)
    listing = remote.messages(conversation, **session.reading)
    if session.json:
        messages = [message.model_dump(mode="json") async for message in _counted(session, listing)]
        session.output.document({**conversation.model_dump(mode="json"), "messages": messages})
    else:
        for line in heading(conversation):
            session.output.line(line)
        async for message in _counted(session, listing):
            for line in message_lines(message):
                session.output.line(line)
    if listing.complete is False:
        session.note(INCOMPLETE)
