"""Settings of a MiniMax remote; what the vendor's pages leave open is a setting with the likelier guess as default.

The pages: https://5cetebcrn8.apifox.cn/
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from omnilogue.provider import HttpProviderSettings, Secret

GetParams: TypeAlias = Literal["both", "query", "body"]
ReadSteps: TypeAlias = Literal["ours", "all", "none"]


class Paths(BaseModel):
    """Where each call lives below `base_url`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    thread_create: str = Field(default="threads/create", min_length=1, description="Create a conversation.")
    thread_retrieve: str = Field(
        default="threads/retrieve", min_length=1, description="Read a conversation; its page is named, not public."
    )
    thread_modify: str = Field(
        default="threads/modify", min_length=1, description="Change a conversation; known from public code."
    )
    message_add: str = Field(
        default="threads/messages/add", min_length=1, description="Store a message; path known from public code."
    )
    message_retrieve: str = Field(default="threads/messages/retrieve", min_length=1, description="Read a message.")
    message_list: str = Field(default="threads/messages/list", min_length=1, description="List messages.")
    run_create: str = Field(default="threads/run/create", min_length=1, description="Have a conversation answered.")
    run_retrieve: str = Field(default="threads/run/retrieve", min_length=1, description="See how far an answer is.")
    run_list: str = Field(default="threads/run/list", min_length=1, description="List the answers that were asked for.")
    run_stream: str = Field(
        default="threads/run/create_stream",
        min_length=1,
        description="Store a turn and have it answered piece by piece; known from public code.",
    )
    run_cancel: str = Field(
        default="threads/run/cancel", min_length=1, description="Stop an answer; known from public code."
    )
    run_submit: str = Field(
        default="threads/run/submit_tool_outputs", min_length=1, description="Tell an answer what its tools said."
    )
    step_list: str = Field(default="threads/run_steps/list", min_length=1, description="List the steps of an answer.")
    step_retrieve: str = Field(
        default="threads/run_steps/retrieve", min_length=1, description="Read one step of an answer."
    )
    assistant_list: str = Field(default="assistants/list", min_length=1, description="List assistants.")
    assistant_modify: str = Field(
        default="assistants/modify", min_length=1, description="Change an assistant; known from public code."
    )
    assistant_delete: str = Field(
        default="assistants/delete", min_length=1, description="Delete an assistant; known from public code."
    )
    file_upload: str = Field(default="files/upload", min_length=1, description="Upload a file.")
    file_list: str = Field(default="files/list", min_length=1, description="List files.")
    file_retrieve: str = Field(default="files/retrieve", min_length=1, description="Read what is known of a file.")
    file_content: str = Field(default="files/retrieve_content", min_length=1, description="Read a file's bytes.")
    file_delete: str = Field(default="files/delete", min_length=1, description="Delete a file.")
    assistant_create: str = Field(default="assistants/create", min_length=1, description="Create an assistant.")
    assistant_retrieve: str = Field(default="assistants/retrieve", min_length=1, description="Read an assistant.")


class MiniMaxSettings(HttpProviderSettings):
    """A MiniMax account."""

    place: ClassVar = ("base_url", "api_key", "group_id")

    base_url: str = Field(
        default="https://api.minimax.chat/v1", description="Where the vendor answers, with its base path."
    )
    api_key: Secret = Field(description="API key; or a reference such as env:NAME.")
    group_id: str | None = Field(
        default=None,
        repr=False,
        description="Group of the account, sent with every call; the older host requires it.",
    )
    assistant_id: str | None = Field(
        default=None,
        min_length=1,
        description="Assistant that answers; without it one is created for each pair of model and instructions.",
    )
    model: str = Field(
        default="abab6.5s-chat",
        min_length=1,
        description="Model of assistants created here, where neither call nor conversation names one; inferred.",
    )
    get_params: GetParams = Field(
        default="both",
        description="Where parameters of GET calls go: the pages say the body, public code the query.",
    )
    assistant_word: str | None = Field(
        default=None,
        min_length=1,
        description="Word written for the assistant's role; without it the one the vendor takes is found out.",
    )
    poll_first: float = Field(default=0.5, gt=0, description="Seconds until an answer is first looked for.")
    poll_longest: float = Field(default=5.0, gt=0, description="Longest pause between two looks, seconds.")
    page_size: int = Field(
        default=50, ge=1, le=1000, description="Messages of a page; the vendor's default is 20, its maximum unknown."
    )
    read_steps: ReadSteps = Field(
        default="ours",
        description="Whose steps are read with messages, to show calls of tools: of runs that called tools here, of "
        "all runs (one more request each), of none.",
    )
    file_purpose: str = Field(
        default="assistants", min_length=1, description="What files of messages are uploaded for; inferred."
    )
    paths: Paths = Field(default_factory=Paths, description="Where each call lives below base_url.")

    @model_validator(mode="after")
    def _pauses_grow(self) -> Self:
        if self.poll_longest < self.poll_first:
            raise ValueError("poll_longest must not be shorter than poll_first")
        return self
