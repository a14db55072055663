"""The switches of the iChati emulator: each is a contradiction or a gap of the vendor's one page."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class IChatiQuirks:
    """What the vendor's page leaves open; the defaults are what it shows, or else the likelier guess."""

    # The header that carries the token; in `Authorization` it stands behind "Bearer ", in any other alone.
    auth_header: str = "Authorization"
    # "stale" when the answer to a PATCH shows what was there before, as both samples of the page do.
    patch_echo: Literal["stale", "fresh"] = "stale"
    # False when a list of topics without `seriesId` is refused.
    list_without_series: bool = True
    # The order in which topics and messages are listed.
    list_order: Literal["oldest_first", "newest_first"] = "oldest_first"
    # True when a list of messages is refused without the body that the page shows for it.
    list_needs_body: bool = False
    # Fields that are refused when they are missing.
    required_fields: tuple[str, ...] = ("name", "seriesId", "modelId", "message")
    # True when `seriesId` of a send or regenerate must be the topic's.
    series_must_match: bool = True
    # True when a send takes `enableGoogleResults`, which the page shows for a regenerate only.
    send_takes_google: bool = False
    # HTTP status of whatever is answered to a POST.
    post_status: Literal[200, 201] = 201
    # The message id a regenerate wants.
    regenerate_target: Literal["assistant", "user", "both"] = "assistant"
    # The HTTP status by which it refuses the other one of the pair.
    wrong_target_status: Literal[400, 404] = 400
    # What a regenerate does to the old reply: writes over it, leaves it, or takes it away.
    regenerate_effect: Literal["replaces", "adds", "supersedes"] = "replaces"
    # True when a message and its reply have one `createdAt`, as on the page.
    equal_times: bool = True
    # What the model says, word for word; None for an answer that depends on what was asked.
    reply: str | None = None
    # What stands behind the bar: as documented, of another topic, with ids as text, with more members, or no tail.
    tail: Literal["documented", "other_topic", "strings", "extra_keys", "none"] = "documented"
    # What follows the tail.
    tail_end: str = ""
    # Bytes of one piece of a reply; None for words.
    piece_bytes: int | None = None
    # Bytes after which a reply ends as if it were whole; None for all.
    ends_after: int | None = None
    # What of a turn is kept, whatever was said of it.
    keeps: Literal["both", "user", "nothing"] = "both"
    # What of a reply is kept when the client leaves before its end.
    left_early: Literal["nothing", "partial", "whole"] = "whole"
    # The content type of a reply.
    reply_type: str = "text/plain; charset=utf-8"
    # Seconds between the pieces of a reply.
    piece_delay: float = 0.0
    # The form of errors; nobody documented one.
    error_form: Literal["nest", "nest_list", "code", "error_object", "text", "html"] = "nest"
    # How a send or regenerate is refused: by its status, or with a success as JSON or as JSON called text.
    send_errors: Literal["status", "json_success", "text_success"] = "status"
    # What stands in `images` of a user's message.
    images: Literal["empty", "urls", "objects"] = "empty"
