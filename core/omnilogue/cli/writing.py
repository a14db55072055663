"""Commands that change what a vendor keeps: `new`, `update`, `append`, `edit`, `rm`, `clear`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ..errors import InvalidInputError
from . import values
from .grades import is_done_by_state
from .session import DEFAULTS, Session
from .words import Attach, ConversationAddress, Meta, RemoteAddress, Text

if TYPE_CHECKING:
    from ..model import Change


async def new(
    address: RemoteAddress,
    /,
    *,
    title: Annotated[str | None, Parameter(help="Its title.", allow_leading_hyphen=True)] = None,
    instructions: Annotated[str | None, Parameter(help="The system prompt.", allow_leading_hyphen=True)] = None,
    model: Annotated[str | None, Parameter(help="The model that will answer.")] = None,
    meta: Meta = (),
    session: Session = DEFAULTS,
) -> None:
    """Create a conversation and print its address.

    Examples:
      omnilogue new work: --title Trip --instructions "Be brief."
      id=$(omnilogue new work: --meta team=blue) && omnilogue send "$id" "Hello"
    """
    remote = session.remote(address)
    conversation = await remote.create(
        title=title, instructions=instructions, model=model, metadata=values.pairs("--meta", meta), **session.writing
    )
    if session.json:
        session.output.document(conversation.model_dump(mode="json"))
    else:
        session.output.line(str(conversation.ref))


async def update(
    address: ConversationAddress,
    /,
    *,
    title: Annotated[str | None, Parameter(help="The new title.", allow_leading_hyphen=True)] = None,
    instructions: Annotated[str | None, Parameter(help="The new system prompt.", allow_leading_hyphen=True)] = None,
    model: Annotated[str | None, Parameter(help="The model that will answer from now on.")] = None,
    meta: Meta = (),
    unset: Annotated[tuple[str, ...], Parameter(help="Metadata to remove; repeatable.", metavar="KEY")] = (),
    pin: Annotated[bool | None, Parameter(negative="--no-pin", help="Pin it, or take the pin away.")] = None,
    session: Session = DEFAULTS,
) -> None:
    """Change title, instructions, model, metadata or pin.

    What is not named stays as it is.

    Examples:
      omnilogue update work:ID --title "Trip to Lisbon" --pin
      omnilogue update work:ID --meta team=blue --unset draft
    """
    remote, conversation_id = session.conversation(address)
    fields = {"title": title, "instructions": instructions, "model": model, "pinned": pin}
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    metadata: dict[str, Any] = {**values.pairs("--meta", meta)}
    if both := sorted(metadata.keys() & set(unset)):
        raise InvalidInputError(f"--meta and --unset both name {both[0]}")
    metadata |= dict.fromkeys(unset)
    if metadata:
        given["metadata"] = metadata
    if not given:
        raise InvalidInputError("there is nothing to change", hint="give --title, --meta or another option")
    conversation = await remote.update(conversation_id, **given, **session.writing)
    if session.json:
        session.output.document(conversation.model_dump(mode="json"))
    else:
        session.output.line(str(conversation.ref))


async def append(
    address: ConversationAddress,
    text: Text = None,
    /,
    *,
    role: Annotated[str, Parameter(help="user, assistant, system, developer, tool or other:WORD.")] = "user",
    attach: Attach = (),
    session: Session = DEFAULTS,
) -> None:
    """Store a message; nothing is generated.

    Prints the id of the stored message. TEXT may begin with a hyphen; - alone reads standard input.

    Examples:
      omnilogue append work:ID "Lisbon it is." --role assistant
      omnilogue append work:ID - < notes.txt
      omnilogue append work:ID "The map" --attach map.png
    """
    from ..model import Message
    from ..remote import options

    parts = options.parts_of(values.content(text, attach))
    message = options.build(Message, role=values.role(role), parts=parts)
    remote, conversation_id = session.conversation(address)
    stored = await remote.append(conversation_id, message, **session.writing)
    if session.json:
        session.output.document(stored.model_dump(mode="json"))
    else:
        session.output.line(stored.id or "")


async def edit(
    address: ConversationAddress,
    message: Annotated[str, Parameter(help="The id of the message.")],
    text: Annotated[str, Parameter(help="Its new text; - is standard input.", allow_leading_hyphen=True)],
    /,
    *,
    session: Session = DEFAULTS,
) -> None:
    """Replace the text of a message.

    Its other parts and all later messages stay, and nothing is generated. Where a vendor cannot edit, the conversation
    is built anew, with consent, and its new address is told; the old one goes on working.

    Examples:
      omnilogue edit work:ID MESSAGE "Go to Lisbon."
      omnilogue edit work:ID MESSAGE - < text.txt
    """
    wanted, new_text = values.required("MESSAGE", message), values.text(text)
    remote, conversation_id = session.conversation(address)
    change = await remote.edit(conversation_id, wanted, new_text, **session.writing)
    _tell(session, conversation_id, change)


def rm(
    address: ConversationAddress,
    message: Annotated[str | None, Parameter(help="The id of one message; without it the whole conversation.")] = None,
    /,
    *,
    session: Session = DEFAULTS,
) -> Coroutine[Any, Any, None]:
    """Delete a conversation, or one message of it.

    On a terminal it asks before a whole conversation goes. Where a vendor cannot delete, the conversation is left out
    here only, and that is told.

    Examples:
      omnilogue rm work:ID
      omnilogue rm work:ID MESSAGE
      omnilogue rm work:ID --yes
    """
    if message is not None:
        return _delete_message(session, address, values.required("MESSAGE", message))
    remote, _ = session.conversation(address)
    stays = is_done_by_state(remote.features, "delete_conversation")
    question = "Delete {} here only? {} keeps it." if stays else "Delete {} at {} with all its messages?"
    session.confirm(question.format(address, remote.provider))
    return _delete(session, address, stays=stays)


async def _delete(session: Session, address: str, *, stays: bool) -> None:
    remote, conversation_id = session.conversation(address)
    await remote.delete(conversation_id, **session.writing)
    if session.json:
        session.output.document({"deleted": address, **({"forgotten": True} if stays else {})})
    else:
        session.output.line(f"deleted {address}{' here only: the vendor keeps it' if stays else ''}")
    if stays:
        session.note(f"`omnilogue adopt {remote.name}: {conversation_id}` brings it back.")


async def _delete_message(session: Session, address: str, message_id: str) -> None:
    remote, conversation_id = session.conversation(address)
    change = await remote.delete_message(conversation_id, message_id, **session.writing)
    _tell(session, conversation_id, change)


async def clear(address: ConversationAddress, /, *, session: Session = DEFAULTS) -> None:
    """Remove all messages of a conversation.

    Title, instructions, metadata and pin stay. Where a vendor cannot, an empty conversation takes its place, with
    consent, and its address is told.

    Examples:
      omnilogue clear work:ID
    """
    remote, conversation_id = session.conversation(address)
    _tell(session, conversation_id, await remote.clear(conversation_id, **session.writing))


def _tell(session: Session, conversation_id: str, change: Change) -> None:
    """Print a change: the address to use from now on, and a warning where it is another one."""
    if session.json:
        session.output.document(change.model_dump(mode="json"))
    else:
        session.output.line(str(change.conversation))
    if change.conversation.id != conversation_id:
        built = "The conversation was built anew: it" if change.grade == "lossy" else "The conversation"
        session.note(f"{built} is {change.conversation} now.")
