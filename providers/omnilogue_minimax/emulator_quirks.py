"""The switches of the MiniMax emulator: each is a contradiction or a gap of the vendor's pages."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

Path: TypeAlias = Literal[
    "threads/create",
    "threads/retrieve",
    "threads/modify",
    "threads/messages/add",
    "threads/messages/retrieve",
    "threads/messages/list",
    "threads/run/create",
    "threads/run/create_stream",
    "threads/run/retrieve",
    "threads/run/list",
    "threads/run/cancel",
    "threads/run/modify",
    "threads/run/submit_tool_outputs",
    "threads/run_steps/retrieve",
    "threads/run_steps/list",
    "assistants/create",
    "assistants/retrieve",
    "assistants/list",
    "assistants/modify",
    "assistants/delete",
    "files/upload",
    "files/list",
    "files/retrieve",
    "files/retrieve_content",
    "files/delete",
]


@dataclass(frozen=True)
class MiniMaxQuirks:
    """What the vendor's pages leave open; the defaults are what they show, or else the likelier guess."""

    # The door.

    # Where the parameters of GET calls are read; the other place is ignored. Retrieving an assistant knows the query.
    get_params: Literal["both", "query", "body"] = "both"
    # False when calls need no `GroupId`, as on the newer host; then any or none will do.
    needs_group: bool = True
    # The code for a wrong or missing key.
    wrong_key_code: Literal[1004, 2049] = 1004
    # The HTTP status of refusals; the reason is in `base_resp` either way.
    error_http_status: Literal[200, 400] = 200
    # True when a refusal shows the fields of the answer, empty, beside `base_resp`.
    errors_with_fields: bool = False
    # How an id nobody has is refused: a code of `base_resp`, or HTTP 404.
    not_found: Literal["2013", "1000", "404"] = "2013"
    # What the refusal of such an id says behind it.
    not_found_words: str = "does not exist"
    # Calls that this host does not have: HTTP 404.
    missing_paths: tuple[Path, ...] = ()
    # True when the whole service is gone: HTTP 404 on every path.
    retired: bool = False

    # Conversations and messages.

    # The words taken for `role` of a new message; both words for the assistant's role mean the same.
    accepts_roles: tuple[str, ...] = ("user", "assistant")
    # The word that answers use for the assistant's role.
    assistant_word: Literal["ai", "assistant"] = "ai"
    # Whether messages of the user show the run that answered them, as in the documented list, or empty strings.
    user_links: Literal["filled", "empty"] = "filled"
    # What a text without citations has for `annotations`.
    no_annotations: Literal["list", "null"] = "list"
    # In what `start_index` and `end_index` count; "wrong" misses the marker.
    citation_offsets: Literal["code_points", "utf16", "wrong"] = "code_points"
    # Whether a modify adds to the stored metadata or replaces all of it.
    metadata_modify: Literal["replace", "merge"] = "replace"
    # True when conversations and messages show `updated_at`.
    updated_at: bool = False

    # Lists.

    # True when all rows of a page show one id, that of its last row, as the documented lists do.
    repeated_ids: bool = False
    # True when `after` and `before` are taken and not obeyed.
    cursors_ignored: bool = False
    # The largest `limit` that is honoured.
    max_limit: Annotated[int, Field(ge=1)] = 100
    # A larger one is cut to it silently, or refused with 2013.
    over_max_limit: Literal["cut", "2013"] = "cut"

    # Runs.

    # How often a run is seen unfinished before it ends: by a retrieve, by a list or by a refused second run.
    polls: Annotated[int, Field(ge=0)] = 1
    # The state between `queued` and the end; a word nobody documented must be waited through.
    middle_state: str = "in_progress"
    # How runs end; only "completed" leaves messages.
    run_ends: Literal["completed", "failed", "expired", "cancelled", "incomplete"] = "completed"
    # How many messages a run leaves.
    messages_per_run: Annotated[int, Field(ge=1)] = 1
    # A second run beside an active one: HTTP 409 without `base_resp`, code 2013, or allowed.
    active_run: Literal["409", "2013", "allowed"] = "409"
    # What an unset time of a run or of a run step is.
    unset_times: Literal["zero", "null"] = "zero"
    # True when completed runs have `failed_at` set and `completed_at` unset, as in a documented list.
    failed_at_on_completed: bool = False
    # True when runs show the instructions with the vendor's rule about citation markers behind them.
    instructions_rewritten: bool = False
    # Whether a cancel answers with the run.
    cancel_answer: Literal["run", "base_resp"] = "run"
    # True when a cancelled run is `cancelling` until it is looked at.
    cancelling: bool = False

    # Tools and files.

    # True when a run asks for one tool at a time, though it needs several.
    one_call_at_a_time: bool = False
    # What the step of a web search has: `query` and `outputs`, as in the table, or `name`, `arguments` and `output`,
    # as in the sample.
    search_fields: Literal["query_outputs", "name_arguments_output"] = "query_outputs"
    # How messages show ids of files, which are numbers where files are listed.
    file_ids_shown: Literal["text", "integer"] = "text"

    # Streams.

    # Whether texts of the assistant come as increments or as all there is so far.
    stream_deltas: Literal["increment", "cumulative"] = "increment"
    # The last event: the finished run together with a status code, the code only, the run only, or neither.
    # After "closed" the run is still active and goes on.
    stream_end: Literal["both", "status_code", "run_final", "closed"] = "both"
    # How the members of `base_resp` are spelled in a stream: `status_code` and `status_msg`, or `code` and `message`.
    stream_base_resp: Literal["status_code", "code"] = "status_code"
    # Whether a stream may be started without a new message.
    stream_without_messages: Literal["accepted", "2013"] = "accepted"
    # After so many events of the answer, its step among them, comes an error and the run fails; None for never.
    stream_error_at: int | None = None
    # The code of that error.
    stream_error_code: int = 1033
    # True when hexadecimal pieces of a voice are cut in the middle of a byte.
    odd_voice: bool = False
    # True when events without data and events of an unknown object stand between the others.
    stream_noise: bool = False
    # What becomes of a run whose stream the client leaves.
    left_early: Literal["runs_on", "cancelled"] = "runs_on"
    # Seconds between the events of a stream.
    piece_delay: float = 0.0
