"""The emulator keeps to the vendor's page, and each quirk turns one of its gaps."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from omnilogue_ichati.emulator import TOKEN, IChatiEmulator

BAR = "\u00a6"
SEND = {"seriesId": 1, "modelId": 1, "message": "hello", "enableMemory": True}
AGAIN = {"seriesId": 1, "modelId": 1, "enableMemory": True}


@pytest.fixture
def vendor() -> Iterator[IChatiEmulator]:
    with IChatiEmulator() as emulator:
        yield emulator


@pytest.fixture
def client(vendor: IChatiEmulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    # There is no TLS on loopback, and reading certificates takes longer than a test.
    with httpx.Client(base_url=vendor.url, headers=headers, timeout=5.0, verify=False) as client:
        yield client


@pytest.fixture
def topic(vendor: IChatiEmulator) -> str:
    return f"chat/topic/{vendor.store.add_topic().id}"


def contents(vendor: IChatiEmulator, topic: str) -> list[tuple[int, str]]:
    return [(row.type, row.message) for row in vendor.store.messages(int(topic.rpartition("/")[2]))]


# The door.


def test_the_settings_lead_below_a_prefix(vendor: IChatiEmulator) -> None:
    assert vendor.url.endswith("/api/")
    assert vendor.settings == {"base_url": vendor.url, "token": TOKEN, "series_id": "1", "model_id": "1"}


@pytest.mark.parametrize("given", ["", "Bearer wrong", TOKEN, f"Token {TOKEN}"])
def test_a_request_without_the_token_is_401(client: httpx.Client, given: str) -> None:
    answer = client.get("chat/topic", headers={"Authorization": given})

    assert (answer.status_code, answer.json()["statusCode"]) == (401, 401)


@pytest.mark.parametrize("name", ["X-Token", "Cookie"])
def test_another_header_carries_the_token_alone(vendor: IChatiEmulator, client: httpx.Client, name: str) -> None:
    vendor.configure(auth_header=name)

    assert client.get("chat/topic", headers={name: TOKEN}).status_code == 200
    assert client.get("chat/topic", headers={name: f"Bearer {TOKEN}"}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "chat"), ("GET", "chat/topic/"), ("PUT", "chat/topic"), ("DELETE", "chat/topic/431/message/1")],
)
def test_what_is_not_documented_is_404(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, answer.json()["error"]) == (404, "Not Found")


# Topics.


@pytest.mark.parametrize("status", [200, 201])
def test_a_topic_is_created_as_documented(vendor: IChatiEmulator, client: httpx.Client, status: int) -> None:
    vendor.configure(post_status=status)
    vendor.store.now = lambda: datetime(2021, 1, 1, tzinfo=UTC)

    answer = client.post("chat/topic", json={"name": "topic_1", "seriesId": 1})

    assert answer.status_code == status
    assert answer.json() == {
        "id": 431,
        "userId": 4,
        "name": "topic_1",
        "seriesId": 1,
        "favorite": False,
        "createdAt": "2021-01-01T00:00:00.000Z",
        "updatedAt": "2021-01-01T00:00:00.000Z",
    }


@pytest.mark.parametrize(
    "body", [{"seriesId": 1}, {"name": "x"}, {"name": "x", "seriesId": "1"}, {"name": "x", "seriesId": 1, "y": 2}, []]
)
def test_a_topic_needs_its_fields_and_no_others(client: httpx.Client, body: Any) -> None:
    assert client.post("chat/topic", json=body).status_code == 400


def test_which_fields_are_required_is_a_quirk(vendor: IChatiEmulator, client: httpx.Client, topic: str) -> None:
    vendor.configure(required_fields=())
    assert client.post("chat/topic", json={}).status_code == 201
    assert client.post(f"{topic}/message", json={"message": "hello"}).status_code == 201

    vendor.configure(required_fields=("enableMemory",))
    assert client.post(f"{topic}/message", json={"message": "hello"}).status_code == 400


def test_lists_are_bare_arrays_by_series(vendor: IChatiEmulator, client: httpx.Client) -> None:
    for series_id in (1, 2, 1):
        vendor.store.add_topic("T", series_id)

    assert [row["id"] for row in client.get("chat/topic").json()] == [431, 432, 433]
    assert [row["id"] for row in client.get("chat/topic?seriesId=1").json()] == [431, 433]
    assert client.get("chat/topic?seriesId=x").status_code == 400
    assert client.get("chat/topic?page=1").status_code == 400
    vendor.configure(list_without_series=False, list_order="newest_first")
    assert client.get("chat/topic").status_code == 400
    assert [row["id"] for row in client.get("chat/topic?seriesId=1").json()] == [433, 431]


@pytest.mark.parametrize("echo", ["stale", "fresh"])
def test_a_topic_is_changed_and_its_answer_may_not_show_it(
    vendor: IChatiEmulator, client: httpx.Client, topic: str, echo: str
) -> None:
    vendor.configure(patch_echo=echo)

    answer = client.patch(topic, json={"name": "New", "favorite": True}).json()

    shown = ("Trip", False) if echo == "stale" else ("New", True)
    assert (answer["name"], answer["favorite"]) == shown
    assert client.get(topic).json()["name"] == "New"
    assert client.patch(topic, json={"favorite": False}).status_code == 200
    assert client.get(topic).json()["name"] == "New"
    assert client.patch(topic, json={"seriesId": 2}).status_code == 400


def test_a_deleted_topic_is_shown_once_more(client: httpx.Client, topic: str) -> None:
    assert client.delete(topic).json()["name"] == "Trip"
    assert client.delete(topic).status_code == 404
    assert client.get(topic).status_code == 404
    assert client.get("chat/topic/x").status_code == 400


# Messages.


def test_a_reply_is_text_with_a_tail(vendor: IChatiEmulator, client: httpx.Client, topic: str) -> None:
    answer = client.post(f"{topic}/message", json=SEND)

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == f'Answer 1 to: hello{BAR}{{"userMsgId":12345,"assistantMsgId":12346,"topicId":431}}'
    assert contents(vendor, topic) == [(0, "hello"), (1, "Answer 1 to: hello")]


def test_messages_are_listed_as_documented(vendor: IChatiEmulator, client: httpx.Client, topic: str) -> None:
    vendor.store.now = lambda: datetime(2023, 4, 3, 6, 7, 55, 371_000, tzinfo=UTC)
    client.post(f"{topic}/message", json=SEND)

    user, ai = client.request("GET", f"{topic}/message", json={"topicId": 999}).json()

    assert user == {
        "id": 12345,
        "userId": 4,
        "topicId": 431,
        "type": 0,
        "message": "hello",
        "seriesId": 1,
        "images": [],
        "createdAt": "2023-04-03T06:07:55.371Z",
        "updatedAt": "2023-04-03T06:07:55.371Z",
    }
    assert (ai["type"], ai["userId"], ai["createdAt"]) == (1, 4, user["createdAt"])


@pytest.mark.parametrize("equal", [True, False])
def test_a_reply_may_have_the_time_of_its_question(
    vendor: IChatiEmulator, client: httpx.Client, topic: str, equal: bool
) -> None:
    vendor.configure(equal_times=equal)
    moments = iter(datetime(2023, 4, 3, second=second, tzinfo=UTC) for second in range(50))
    vendor.store.now = lambda: next(moments)
    client.post(f"{topic}/message", json=SEND)

    user, ai = client.get(f"{topic}/message").json()

    assert (user["createdAt"] == ai["createdAt"]) is equal


def test_a_list_may_need_the_body_the_page_shows(vendor: IChatiEmulator, client: httpx.Client, topic: str) -> None:
    vendor.configure(list_needs_body=True)

    assert client.get(f"{topic}/message").status_code == 400
    assert client.request("GET", f"{topic}/message", json={"topicId": 431}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        SEND | {"message": ""},
        SEND | {"modelId": "1"},
        SEND | {"enableMemory": 1},
        SEND | {"seriesId": 2},
        SEND | {"enableGoogleResults": True},
        {"message": "hello"},
    ],
)
def test_a_send_is_strict(vendor: IChatiEmulator, client: httpx.Client, topic: str, body: Any) -> None:
    assert client.post(f"{topic}/message", json=body).status_code == 400
    assert client.post(f"{topic}/message", content=b"{}").status_code == 415
    assert contents(vendor, topic) == []


def test_what_a_send_takes_is_a_quirk(vendor: IChatiEmulator, client: httpx.Client, topic: str) -> None:
    vendor.configure(series_must_match=False, send_takes_google=True)

    answer = client.post(f"{topic}/message", json=SEND | {"seriesId": 2, "enableGoogleResults": True})

    assert answer.status_code == 201


def test_memory_decides_what_the_model_is_shown(vendor: IChatiEmulator, client: httpx.Client, topic: str) -> None:
    client.post(f"{topic}/message", json=SEND | {"message": "one"})
    client.post(f"{topic}/message", json=SEND | {"message": "two"})
    client.post(f"{topic}/message", json=SEND | {"message": "three", "enableMemory": False})
    client.post(f"{topic}/message/12348/regenerate", json=AGAIN)

    assert vendor.shown == [
        ["one"],
        ["one", "Answer 1 to: one", "two"],
        ["three"],
        ["one", "Answer 1 to: one", "two"],
    ]


@pytest.mark.parametrize("echo", ["stale", "fresh"])
def test_a_message_is_changed_and_its_answer_may_not_show_it(
    vendor: IChatiEmulator, client: httpx.Client, topic: str, echo: str
) -> None:
    vendor.configure(patch_echo=echo)
    client.post(f"{topic}/message", json=SEND)

    answer = client.patch(f"{topic}/message/12345", json={"message": "hi"})

    assert answer.json()["message"] == ("hello" if echo == "stale" else "hi")
    assert contents(vendor, topic)[0] == (0, "hi")
    assert client.patch(f"{topic}/message/1", json={"message": "hi"}).status_code == 404
    other = f"chat/topic/{vendor.store.add_topic().id}"
    assert client.patch(f"{other}/message/12345", json={"message": "hi"}).status_code == 404


@pytest.mark.parametrize(
    ("effect", "ids"),
    [("replaces", [12345, 12346]), ("adds", [12345, 12346, 12347]), ("supersedes", [12345, 12347])],
)
def test_what_a_regenerate_does_is_a_quirk(
    vendor: IChatiEmulator, client: httpx.Client, topic: str, effect: str, ids: list[int]
) -> None:
    vendor.configure(regenerate_effect=effect)
    client.post(f"{topic}/message", json=SEND)

    answer = client.post(f"{topic}/message/12346/regenerate", json=AGAIN)

    assert answer.text.startswith(f"Answer 2 to: hello{BAR}")
    assert f'"assistantMsgId":{ids[-1]},' in answer.text
    assert [row.id for row in vendor.store.messages(431)] == ids
    assert contents(vendor, topic)[-1] == (1, "Answer 2 to: hello")


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize(("target", "ids"), [("assistant", (12346, 12345)), ("user", (12345, 12346))])
def test_which_message_a_regenerate_names_is_a_quirk(
    vendor: IChatiEmulator, client: httpx.Client, target: str, ids: tuple[int, int], status: int
) -> None:
    vendor.configure(regenerate_target=target, wrong_target_status=status)
    topic, (right, wrong) = f"chat/topic/{vendor.store.add_topic().id}", ids
    client.post(f"{topic}/message", json=SEND)

    assert client.post(f"{topic}/message/{wrong}/regenerate", json=AGAIN).status_code == status
    assert client.post(f"{topic}/message/{right}/regenerate", json=AGAIN).status_code == 201


# Replies.


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_pieces_have_the_size_that_is_asked_for(
    vendor: IChatiEmulator, client: httpx.Client, topic: str, size: int
) -> None:
    vendor.configure(reply=f"a{BAR}\u4f60", piece_bytes=size)

    with client.stream("POST", f"{topic}/message", json=SEND) as answer:
        body = b"".join(answer.iter_raw())

    assert body.decode() == f'a{BAR}\u4f60{BAR}{{"userMsgId":12345,"assistantMsgId":12346,"topicId":431}}'


@pytest.mark.parametrize(
    ("quirks", "tail"),
    [
        ({"tail": "none"}, ""),
        ({"tail": "other_topic"}, '{BAR}{"userMsgId":12345,"assistantMsgId":12346,"topicId":432}'),
        ({"tail": "strings"}, '{BAR}{"userMsgId":"12345","assistantMsgId":"12346","topicId":"431"}'),
        ({"tail_end": "\r\n"}, '{BAR}{"userMsgId":12345,"assistantMsgId":12346,"topicId":431}\r\n'),
        ({"ends_after": 2}, ""),
        ({"ends_after": 4}, "{BAR}"),
    ],
)
def test_the_tail_is_a_quirk(
    vendor: IChatiEmulator, client: httpx.Client, topic: str, quirks: dict[str, Any], tail: str
) -> None:
    vendor.configure(reply="ok", **quirks)

    assert client.post(f"{topic}/message", json=SEND).text == "ok" + tail.replace("{BAR}", BAR)
    assert contents(vendor, topic) == [(0, "hello"), (1, "ok")]


def test_a_tail_may_have_more_members(vendor: IChatiEmulator, client: httpx.Client, topic: str) -> None:
    vendor.configure(tail="extra_keys")

    assert re.search(r'"topicId":431,"model":', client.post(f"{topic}/message", json=SEND).text)


@pytest.mark.parametrize(("keeps", "kept"), [("both", 2), ("user", 1), ("nothing", 0)])
def test_what_is_kept_of_a_turn_is_a_quirk(
    vendor: IChatiEmulator, client: httpx.Client, topic: str, keeps: str, kept: int
) -> None:
    vendor.configure(keeps=keeps)
    client.post(f"{topic}/message", json=SEND)

    assert len(contents(vendor, topic)) == kept


# Errors.


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("nest", {"statusCode": 404, "message": "Topic not found", "error": "Not Found"}),
        ("nest_list", {"statusCode": 404, "message": ["Topic not found"], "error": "Not Found"}),
        ("code", {"code": 404, "message": "Topic not found"}),
        ("error_object", {"error": {"message": "Topic not found", "code": 404}}),
    ],
)
def test_errors_have_the_chosen_form(vendor: IChatiEmulator, client: httpx.Client, form: str, body: Any) -> None:
    vendor.configure(error_form=form)

    answer = client.get("chat/topic/1")

    assert (answer.status_code, answer.json()) == (404, body)


@pytest.mark.parametrize(("form", "kind"), [("text", "text/plain"), ("html", "text/html")])
def test_errors_may_be_no_json(vendor: IChatiEmulator, client: httpx.Client, form: str, kind: str) -> None:
    vendor.configure(error_form=form)

    answer = client.get("chat/topic/1")

    assert answer.headers["content-type"].startswith(kind)
    assert "Topic not found" in answer.text


@pytest.mark.parametrize(
    ("how", "kind"), [("json_success", "application/json"), ("text_success", "text/plain; charset=utf-8")]
)
def test_a_send_may_be_refused_with_a_success(
    vendor: IChatiEmulator, client: httpx.Client, topic: str, how: str, kind: str
) -> None:
    vendor.configure(send_errors=how)

    answer = client.post(f"{topic}/message", json={})

    assert (answer.status_code, answer.headers["content-type"]) == (201, kind)
    assert answer.json()["statusCode"] == 400
    assert client.get("chat/topic/1").status_code == 404
