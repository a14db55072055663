"""What holds for every provider, whatever it can do: its declarations, its names, its secrets."""

from __future__ import annotations

from ...errors import READS, InvalidInputError, NotFoundError, OmnilogueError
from ...model import LOSS_CLASSES, OPERATIONS, Grade
from ...provider.contract import overrides
from ...provider.loading import METHODS, check_contract
from ..case import case
from ..expecting import expect, expect_equal, expect_error
from ..refusals import prove, prove_consent
from ..scene import Scene


@case()
async def contract_is_kept(scene: Scene) -> None:
    """What is declared has its method, and what has a method is declared; also with these settings."""
    check_contract(scene.info)
    settings = scene.info.settings
    expect_equal(set(settings.place) - settings.model_fields.keys(), set(), "names in `place` that are no settings")
    for operation, method in METHODS.items():
        if scene.row(operation).grade is Grade.NATIVE:
            expect(overrides(scene.info.provider, method), f"{operation} is native with these settings, without method")


@case()
async def features_name_every_operation(scene: Scene) -> None:
    """Every operation has a row; what is not native tells why, what is lossy tells which kinds."""
    expect_equal(tuple(scene.features), OPERATIONS, "operations of the features")
    for operation, row in scene.features.items():
        expect(row.grade is Grade.NATIVE or row.note.strip(), f"{operation} is {row.grade} and no note tells why")
        is_read = row.grade is Grade.LOSSY and operation in READS  # it may miss items, and says so in its pages
        is_fit = bool(row.losses) == (row.grade is Grade.LOSSY)
        expect(is_fit or is_read, f"{operation} is {row.grade} and loses {row.losses}")
        expect(set(row.losses) <= LOSS_CLASSES.keys(), f"{operation} loses {row.losses}, which are no kinds of loss")


@case()
async def features_have_sensible_limits(scene: Scene) -> None:
    """A limit that is a number is a positive one."""
    for operation, row in scene.features.items():
        for name, value in row.limits.model_dump(exclude_none=True).items():
            is_number = isinstance(value, int) and not isinstance(value, bool)
            expect(not is_number or value > 0, f"{operation}: the limit {name} is {value}")


@case()
async def unsupported_operations_are_refused(scene: Scene) -> None:
    """Whatever is declared unsupported is refused by name, before anything leaves."""
    for operation in OPERATIONS:
        if not scene.can(operation):
            await prove(scene, operation)


@case()
async def lossy_operations_ask_first(scene: Scene) -> None:
    """Whatever is declared lossy is refused, naming the kinds, until somebody consents."""
    for operation in OPERATIONS:
        await prove_consent(scene, operation)


@case()
async def settings_are_described(scene: Scene) -> None:
    """Every setting has a description, because people read it in the table of providers."""
    fields = scene.info.settings.model_fields
    silent = sorted(name for name, field in fields.items() if not field.description)
    expect_equal(silent, [], "settings without a description")


@case()
async def check_finds_nothing_wrong(scene: Scene) -> None:
    """A check that only reads succeeds and tells something of every operation."""
    found = await scene.remote.check()
    expect(found.ok, f"the check failed: {found.error}")
    expect_equal(set(found.operations), set(OPERATIONS), "operations of the check")


@case()
async def secrets_are_never_shown(scene: Scene) -> None:
    """No secret of the settings is in a conversation, a message or an error."""
    shown = [repr(scene.remote), str(scene.info), str(scene.features.document())]
    if scene.can("create_conversation"):
        conversation = await scene.conversation()
        messages = await scene.messages(conversation)
        shown += [conversation.model_dump_json(), *(message.model_dump_json() for message in messages)]
        if scene.can("send"):
            shown.append((await scene.remote.send(conversation, "Hello?", allow_loss=True)).model_dump_json())
    error = await _failure(scene)
    shown += [str(error), repr(error), str(error.to_dict()), str(vars(error))]
    for secret in scene.secrets():
        expect(not any(secret in text for text in shown), "a secret of the settings is shown")


async def _failure(scene: Scene) -> OmnilogueError:
    with expect_error("messages of an unknown conversation", NotFoundError) as caught:
        await scene.said(scene.remote_ref("no-such-conversation"))
    return caught[0]


@case()
async def closing_twice_is_harmless(scene: Scene) -> None:
    """A remote may be closed twice, and refuses work afterwards."""
    conversation_id = (await scene.conversation()).id if scene.can("create_conversation") else "1"
    await scene.clear_up()
    await scene.remote.aclose()
    await scene.remote.aclose()
    scene.forget()
    with expect_error("use after closing", InvalidInputError):
        await scene.said(scene.remote_ref(conversation_id))


CASES = (
    contract_is_kept,
    features_name_every_operation,
    features_have_sensible_limits,
    unsupported_operations_are_refused,
    lossy_operations_ask_first,
    settings_are_described,
    check_finds_nothing_wrong,
    secrets_are_never_shown,
    closing_twice_is_harmless,
)
