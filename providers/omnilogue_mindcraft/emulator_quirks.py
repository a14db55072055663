"""The switches of the MindCraft emulator: each is a contradiction or a gap of the vendor's pages."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MindCraftQuirks:
    """What the vendor's pages leave open; the defaults are what they show, or else the likelier guess."""

    # "key_record" as the clear page shows it (an API key record); "envelope" when that page is a slip.
    clear_answer: Literal["key_record", "envelope"] = "key_record"
    # True when conversations in lists carry `session_token`, as the vendor's demo reads it; the page has no such field.
    list_shows_token: bool = False
    # False when messages do not carry `session_token`.
    message_shows_token: bool = True
    # The HTTP status of a create; the status in the body is 201 either way.
    create_http_status: Literal[200, 201] = 200
    # "token_only" when creating a conversation tells nothing but its token.
    create_answer: Literal["full", "token_only"] = "full"
    # What `chat/completions` with a `session_token` keeps in the conversation.
    completions_store: Literal["both", "user", "reply", "none"] = "both"
    # What of a streamed reply is kept when the client leaves before its end.
    left_early: Literal["nothing", "partial", "whole"] = "nothing"
    # The four paths nobody documented: there, an HTML 404, a 405, or behind `elsewhere_prefix` (and 404 where guessed).
    guessed_paths: Literal["as_guessed", "missing", "not_allowed", "elsewhere"] = "as_guessed"
    # What stands before those paths when `guessed_paths` is "elsewhere": `chat/session/update/`.
    elsewhere_prefix: str = "chat/"
    # The word that answers use for a message stored as `assistant`.
    assistant_word: str = "assistant"
    # The only words taken for `message_category`; None when any word is.
    accepts_roles: tuple[str, ...] | None = None
    # "asked" when `ordering` is obeyed (newest first without it); else the one order there is.
    message_order: Literal["asked", "newest_first", "oldest_first"] = "asked"
    # A page behind the last one: an error 404, or an empty page.
    past_end: Literal["404", "empty"] = "404"
    # Whether `session_name` finds names that contain it or only equal ones.
    name_filter: Literal["substring", "exact"] = "substring"
    # The largest `size` that is honoured; a larger one is cut to it silently.
    max_size: int = 100
    # The shape of errors; "in_200" answers HTTP 200 with the error's status in the body.
    error_form: Literal["envelope", "in_200", "detail", "error_object", "field_map", "html"] = "envelope"
    # True when `config_data` of an update adds to what is stored; False when it replaces all of it.
    update_merges_config: bool = True
    # False when answers about conversations have no `status` in the body.
    session_answers_status: bool = True
    # True when `message_meta` has members beside `data`.
    meta_extra: bool = False
    # False when a stream ends without `data: [DONE]`.
    sse_done: bool = True
    # True when comment lines stand between the events of a stream.
    sse_comments: bool = False
    # True when the lines of a stream end with CR LF.
    sse_crlf: bool = False
    # After so many pieces an error object comes in a data line and the stream ends; None for never.
    sse_error_at: int | None = None
    # True when the model thinks aloud first, in `reasoning_content`.
    reasoning: bool = False
    # Seconds between the pieces of a stream.
    piece_delay: float = 0.0
    # Where the agent's frames have `agent_output`: at the top level with 1003, or below `socket_data` with 1007.
    agent_shape: Literal["top_level", "socket_data", "mixed", "untyped"] = "top_level"
    # The order in which sentences and audio come; "shuffled" is the same each time.
    agent_order: Literal["asked", "reversed", "shuffled"] = "asked"
    # True when every frame of an answer comes twice.
    agent_doubles: bool = False
    # The place of a sentence that never comes; None for none.
    agent_gap: int | None = None
    # True when frames of other requests and of kinds nobody knows come in between.
    agent_foreign: bool = False
    # True when frames name the request they answer.
    agent_echoes_id: bool = False
    # Bytes that are added to each frame of an answer.
    agent_padding: int = 0
    # The status that refuses a question instead of an answer; None for none.
    agent_refuses: int | None = None
    # After so many frames of an answer that refusal comes; 0 is before the question is stored.
    agent_refuses_after: int = 0
    # True when the service is silent after the credentials.
    agent_silent_auth: bool = False
    # What the agent keeps of a question and its answer in the conversation.
    agent_stores: Literal["both", "user", "reply", "none"] = "both"
    # The only words taken for `llm_model`; None when any word is.
    agent_models: tuple[str, ...] | None = None
