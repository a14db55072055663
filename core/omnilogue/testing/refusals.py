"""Proving that what a provider declares as unsupported, or as lossy, is refused before anything leaves."""

from __future__ import annotations

from ..errors import LossRefusedError, OmnilogueError, UnsupportedOperationError
from ..model import LOSS_CLASSES, Conversation, Grade
from .expecting import expect, expect_equal, expect_error
from .scene import Scene
from .verbs import PARTS, USES

NOBODY = "1"
"""An id for calls that are refused before they are looked at."""


async def prove(scene: Scene, operation: str) -> None:
    """Prove that an unsupported operation is refused by name, without a request, and changes nothing."""
    if operation == "receive_audio":
        await _prove_silent(scene)
    elif operation == "stop":
        expect(not scene.can("stream"), "stop is unsupported though a stream can be left, which stops it")
        await prove(scene, "stream")
    elif _has_a_way(scene, operation):
        await _refused(scene, operation, UnsupportedOperationError)


async def prove_consent(scene: Scene, operation: str) -> None:
    """Prove that a lossy operation is refused, naming what would be lost, as long as nobody consents."""
    kinds = sorted(kind for kind in scene.row(operation).losses if LOSS_CLASSES.get(kind) != "inherent")
    if operation in USES and kinds and scene.row(operation).grade is Grade.LOSSY:
        error = await _refused(scene, operation, LossRefusedError)
        expect(
            set(kinds) <= set(error.losses), f"{operation}: the refusal names {error.losses}, and not all of {kinds}"
        )


async def _refused(scene: Scene, operation: str, kind: type[OmnilogueError]) -> OmnilogueError:
    scratch = await scene.conversation() if scene.can("create_conversation") else None
    before = await _said(scene, scratch)
    requests = scene.requests
    with expect_error(f"{operation}, declared {scene.row(operation).grade}", kind) as caught:
        await USES[operation](scene, scratch.id if scratch else NOBODY, NOBODY, False)
    error = caught[0]
    expect_equal(scene.requests - requests, 0, f"requests that left for a refused {operation}")
    expect_equal(await _said(scene, scratch), before, f"messages after a refused {operation}")
    named = operation in {error.operation, *str(error).replace(",", " ").split()} or _names_part(operation, error)
    expect(named, f"the refusal of {operation} does not name it: {error}")
    return error


def _names_part(operation: str, error: OmnilogueError) -> bool:
    return operation in PARTS and f"{PARTS[operation].type} parts" in str(error)


def _has_a_way(scene: Scene, operation: str) -> bool:
    """Whether there is a verb through which the operation could be asked for at all."""
    carriers = {
        "conversation_metadata": ("create_conversation", "update_conversation"),
        "message_metadata": ("append_user", "send"),
        "choose_model": ("create_conversation", "send"),
        "attach_files": ("append_user", "send"),
        "send_images": ("append_user", "send"),
        "send_audio": ("append_user", "send"),
        "tool_calls": ("append_assistant", "send"),
        "citations": ("append_assistant",),
    }
    return operation not in carriers or any(scene.can(carrier) for carrier in carriers[operation])


async def _prove_silent(scene: Scene) -> None:
    """A remote that declares no speech gives none."""
    if scene.can("send", "create_conversation"):
        reply = await scene.remote.send(await scene.conversation(), "Hello?", allow_loss=True)
        expect_equal(reply.audio, (), "audio of a reply, though receive_audio is unsupported")


async def _said(scene: Scene, scratch: Conversation | None) -> list[tuple[str, str]]:
    return await scene.said(scratch) if scratch else []
