"""The agent's frames: both forms of them, in any order."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnilogue.errors import OmnilogueError, ProtocolError
from omnilogue.model import AudioDelta, Emotion, Event, TextDelta, Transcript
from omnilogue_mindcraft.agent_frames import Hearing, Sentences, is_connected, refusal_of

RUN = "run-1"
SENTENCES = ("Hello! ", "(*^▽^*) How are you? ", "你想不想知道。", "\U0001f9f3")
OUTPUTS: list[dict[str, Any]] = [
    {"output_type": "emotion", "emotion_output": "happy"},
    *(
        {"output_type": "llm", "asr_content": "hi there", "llm_response": text, "z_index": place}
        for place, text in enumerate(SENTENCES)
    ),
    *(
        {
            "output_type": "tts",
            "audio_seconds": 1.5 + place,
            "tts_audio": f"https://x.example/{place}.mp3",
            "z_index": place,
        }
        for place in range(len(SENTENCES))
    ),
]
STOP = {"socket_type": "agent_event", "socket_message": "agent_stop", "socket_status": 1006}


def as_documented(output: dict[str, Any]) -> dict[str, Any]:
    """Give the form of the vendor's page."""
    return {
        "socket_type": "agent_event",
        "socket_message": "request_completed",
        "socket_status": 1003,
        "event_name": "agent_action",
        "agent_output": output,
        "agent_name": "chat_bot_v3",
    }


def as_in_code(output: dict[str, Any]) -> dict[str, Any]:
    """Give the form that the vendor's demo reads."""
    return {"socket_type": "agent_event", "socket_status": 1007, "socket_data": {"agent_output": output}}


def heard(frames: list[Any], *, listens: bool = True) -> tuple[Hearing, list[Event]]:
    hearing = Hearing(RUN, listens=listens)
    return hearing, [event for frame in frames for event in hearing.take(frame)]


def told(hearing: Hearing, events: list[Event]) -> tuple[Any, ...]:
    said = "".join([event.text for event in events if isinstance(event, TextDelta)])
    return said, hearing.text, hearing.audio, hearing.emotion, hearing.transcript, hearing.is_over


WHOLE = told(*heard([*map(as_documented, OUTPUTS), STOP]))


@pytest.mark.parametrize("shape", [as_documented, as_in_code])
def test_both_forms_of_a_frame_say_the_same(shape: Any) -> None:
    hearing, events = heard([*map(shape, OUTPUTS), STOP])

    assert told(hearing, events) == WHOLE
    assert hearing.text == "".join(SENTENCES)
    assert [event for event in events if isinstance(event, Emotion)] == [Emotion(label="happy", run_id=RUN)]
    assert [event.text for event in events if isinstance(event, Transcript)] == ["hi there"]
    spoken = [(event.url, event.seconds) for event in events if isinstance(event, AudioDelta)]
    assert spoken == [(f"https://x.example/{place}.mp3", 1.5 + place) for place in range(len(SENTENCES))]


@given(st.permutations(OUTPUTS), st.lists(st.booleans(), min_size=len(OUTPUTS)), st.data())
def test_any_order_form_and_repetition_says_the_same(outputs: Any, forms: list[bool], data: st.DataObject) -> None:
    frames = [as_documented(one) if form else as_in_code(one) for one, form in zip(outputs, forms, strict=False)]
    for frame in data.draw(st.lists(st.sampled_from(frames), max_size=5)):
        frames.insert(data.draw(st.integers(0, len(frames))), frame)

    assert told(*heard([*frames, STOP])) == WHOLE


@given(st.permutations(range(7)), st.lists(st.integers(0, 6), max_size=6))
def test_sentences_are_told_in_order_and_once(places: list[int], again: list[int]) -> None:
    sentences = Sentences()
    given_so_far = [text for place in [*places, *again] for text in sentences.add(place, str(place))]

    assert given_so_far == sentences.said == list("0123456")
    assert not sentences.has_gap


def test_a_sentence_is_told_as_soon_as_those_before_it_are_there() -> None:
    sentences = Sentences()

    assert [sentences.add(place, str(place)) for place in (1, 0, 3, 2)] == [[], ["0", "1"], [], ["2", "3"]]


def test_a_sentence_that_comes_again_replaces_nothing() -> None:
    sentences = Sentences()

    assert [sentences.add(0, "first"), sentences.add(0, "second"), sentences.add(1, "b")] == [["first"], [], ["b"]]


def test_sentences_without_a_place_come_as_they_are() -> None:
    sentences = Sentences()

    assert [sentences.add(None, text) for text in "ab"] == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("stored", "rest"),
    [("ab c d", ["b c d"]), ("", ["d"]), ("something else", ["d"]), ("a", ["d"])],
)
def test_a_gap_is_filled_by_what_is_stored(stored: str, rest: list[str]) -> None:
    sentences = Sentences()
    sentences.add(0, "a")
    sentences.add(2, "d")

    assert sentences.has_gap
    assert (sentences.rest(stored), sentences.has_gap) == (rest, False)
    assert sentences.said == ["a", *rest]


def test_where_nothing_was_said_the_stored_text_is_told() -> None:
    assert Sentences().rest("all of it") == ["all of it"]


def test_a_flood_of_foreign_frames_is_not_endured() -> None:
    with pytest.raises(ProtocolError):
        heard([{}] * 10_001)


def test_outputs_of_older_agents_are_read_by_their_members() -> None:
    output = {"llm_response": "Hi", "tts_audio": "https://x.example/a.mp3", "emotion_value": "sad", "to_sleep": False}
    hearing, _ = heard([as_in_code(output), STOP])

    assert (hearing.text, hearing.emotion, [part.url for part in hearing.audio]) == (
        "Hi",
        "sad",
        ["https://x.example/a.mp3"],
    )


@pytest.mark.parametrize(
    "frame",
    [
        5,
        [],
        None,
        "text",
        b"\x00",
        {},
        {"socket_status": 1042},
        {"socket_status": True},
        {"socket_status": "1006"},
        {"socket_id": "another", **as_documented(OUTPUTS[1])},
        {"socket_id": "another", **STOP},
        {"socket_id": "another", "socket_status": 3002},
        {"socket_message": ["agent_stop"]},
    ],
)
def test_what_is_foreign_is_ignored_and_counted(frame: Any) -> None:
    hearing, events = heard([frame])

    assert (events, hearing.ignored, hearing.is_over) == ([], 1, False)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        *("agent_output", "socket_data", "socket_status", "z_index", "llm_response", "tts_audio"),
                        *("asr_content", "audio_seconds", "emotion_output", "socket_message", "text", "error"),
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_any_frame_is_understood_or_an_error_of_the_tree(frame: Any) -> None:
    with contextlib.suppress(OmnilogueError):
        heard([frame])


@pytest.mark.parametrize(
    ("status", "code", "outcome", "retryable"),
    [
        (2003, "auth", "unknown", False),
        (2004, "auth", "unknown", False),
        (2999, "auth", "unknown", False),
        (3001, "bad_request", "rejected", False),
        (3002, "quota", "rejected", False),
        (3999, "bad_request", "rejected", False),
        (4006, "server", "unknown", True),
        (4999, "server", "unknown", False),
        (5001, "vendor_error", "unknown", False),
    ],
)
def test_a_status_that_refuses_is_an_error(status: int, code: str, outcome: str, retryable: bool) -> None:
    with pytest.raises(OmnilogueError) as caught:
        heard([{"socket_status": status, "socket_data": {"message": "no"}}])

    error = caught.value
    assert (error.code, error.outcome, error.retryable) == (code, outcome, retryable)
    assert (error.vendor_code, error.vendor_message) == (str(status), "no")


def test_a_refusal_after_the_answer_began_leaves_open_what_is_stored() -> None:
    with pytest.raises(OmnilogueError) as caught:
        heard([as_documented(OUTPUTS[1]), {"socket_status": 3002}])

    assert (caught.value.code, caught.value.outcome) == ("quota", "unknown")


def test_the_words_of_a_refusal_tell_more_than_its_status() -> None:
    refusal = refusal_of({"socket_status": 4006, "socket_data": {"message": "积分不足"}}, "unknown")

    assert refusal
    assert refusal.code == "quota"


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ({"socket_status": 1008}, True),
        ({"socket_message": "connection_established"}, True),
        ({"socket_status": 1003}, False),
        ([], False),
    ],
)
def test_the_frame_that_lets_in_is_known(frame: Any, expected: bool) -> None:
    assert is_connected(frame) is expected


def test_a_typed_question_is_not_told_back() -> None:
    _, events = heard([as_documented(OUTPUTS[1])], listens=False)

    assert [event.type for event in events] == ["text_delta"]


def test_speech_is_told_as_it_is_recognised() -> None:
    frames = [
        {"socket_status": 1004, "socket_data": {"text": "hi"}},
        {"socket_status": 1004, "socket_data": {"text": "hi there"}},
        as_documented(OUTPUTS[1]),
    ]
    hearing, events = heard(frames)

    assert [event.text for event in events if isinstance(event, Transcript)] == ["hi", "hi there"]
    assert hearing.transcript == "hi there"
