"""The table of commands, and the application that is made of it."""

from __future__ import annotations

import inspect

from cyclopts import App, Group, Parameter

from .._version import __version__

CONVERSATIONS = Group("Conversations", sort_key=1)
MESSAGES = Group("Messages and answers", sort_key=2)
COPYING = Group("Copying", sort_key=3)
ACCOUNTS = Group("Accounts and state", sort_key=4)
TESTING = Group("Plugins and testing", sort_key=5)
BESIDES = Group("Besides", sort_key=6)

HELP = "Manage the conversations that AI chat vendors keep on their servers: the same commands for every vendor."

EPILOGUE = """\
An address is work: (a remote), work:ID (a conversation of it) or :archive:FILE.

Examples:
  omnilogue demo                               everything at work, without keys
  omnilogue remotes add work PROVIDER          set up an account
  omnilogue ls work: --since 30d               its conversations of a month
  omnilogue send work:ID "Where to in May?"    ask, and read as it comes
  omnilogue plan work: backup:                 what a copy would bring and lose

`omnilogue COMMAND --help` tells more; `omnilogue plugins` names commands that
plugins bring."""

ROWS = (
    ("ls", "reading:ls", CONVERSATIONS, "List remotes, conversations or messages."),
    ("show", "reading:show", CONVERSATIONS, "Print a conversation as a readable transcript."),
    ("new", "writing:new", CONVERSATIONS, "Create a conversation and print its address."),
    ("adopt", "reading:adopt", CONVERSATIONS, "Remember conversations of a vendor that cannot list."),
    ("update", "writing:update", CONVERSATIONS, "Change title, instructions, model, metadata or pin."),
    ("clear", "writing:clear", CONVERSATIONS, "Remove all messages of a conversation."),
    ("rm", "writing:rm", CONVERSATIONS, "Delete a conversation, or one message of it."),
    ("export", "exporting:export", CONVERSATIONS, "Write conversations into a file."),
    ("import", "importing:import_file", CONVERSATIONS, "Store the conversations of a file as new ones."),
    ("send", "talking:send", MESSAGES, "Ask, and print the answer as it comes."),
    ("chat", "chat:chat", MESSAGES, "Hold a conversation in the terminal."),
    ("regenerate", "talking:regenerate", MESSAGES, "Ask for another answer."),
    ("append", "writing:append", MESSAGES, "Store a message; nothing is generated."),
    ("edit", "writing:edit", MESSAGES, "Replace the text of a message."),
    ("plan", "copying:plan", COPYING, "Tell what a copy would bring, lose, take and cost."),
    ("copy", "copying:copy", COPYING, "Copy conversations from one remote to another."),
    ("check", "checking:check", COPYING, "Compare two remotes, conversation by conversation."),
    ("migrations", "migrations:migrations", COPYING, "List the migrations, or tell one conversation by conversation."),
    ("retry", "copying:retry", COPYING, "Try the dead letters of a migration again."),
    ("undo", "copying:undo", COPYING, "Take back what a migration made."),
    ("remotes", "accounts:app", ACCOUNTS, "List, add, remove and check accounts."),
    ("state", "statefile:app", ACCOUNTS, "Show, back up, upgrade and rename in the state file."),
    ("providers", "installed:providers", TESTING, "Show what each provider can do, or one with its settings."),
    ("plugins", "installed:plugins", TESTING, "Show how the installed plugins fare."),
    ("emulate", "emulating:emulate", TESTING, "Serve a vendor on loopback, without a key."),
    ("demo", "demonstrating:demo", TESTING, "Show the whole product at work in a few seconds, without keys."),
    ("conform", "conforming:conform", TESTING, "Prove that a provider does what it declares."),
    ("completion", "completing:completion", BESIDES, "Print the completion script of a shell."),
)
"""Name, place, group and summary of each command; a module is imported when its command is called."""

INSTALL = "Install completion for the shell in use."

USAGES = {
    "ls": "omnilogue ls [ADDRESS] [OPTIONS]",
    "show": "omnilogue show work:ID [OPTIONS]",
    "new": "omnilogue new work: [OPTIONS]",
    "adopt": "omnilogue adopt work: ID... [OPTIONS]",
    "update": "omnilogue update work:ID [OPTIONS]",
    "clear": "omnilogue clear work:ID [OPTIONS]",
    "rm": "omnilogue rm work:ID [MESSAGE] [OPTIONS]",
    "export": "omnilogue export work:[ID] FILE [OPTIONS]",
    "import": "omnilogue import FILE work: [OPTIONS]",
    "send": "omnilogue send work:ID TEXT [OPTIONS]",
    "chat": "omnilogue chat work:[ID] [OPTIONS]",
    "regenerate": "omnilogue regenerate work:ID [MESSAGE] [OPTIONS]",
    "append": "omnilogue append work:ID TEXT [OPTIONS]",
    "edit": "omnilogue edit work:ID MESSAGE TEXT [OPTIONS]",
    "plan": "omnilogue plan SOURCE TARGET [OPTIONS]",
    "copy": "omnilogue copy SOURCE TARGET [OPTIONS]",
    "check": "omnilogue check SOURCE TARGET [OPTIONS]",
    "migrations": "omnilogue migrations [ID] [OPTIONS]",
    "retry": "omnilogue retry ID [OPTIONS]",
    "undo": "omnilogue undo ID [OPTIONS]",
    "providers": "omnilogue providers [NAME] [OPTIONS]",
    "plugins": "omnilogue plugins [OPTIONS]",
    "emulate": "omnilogue emulate PROVIDER [OPTIONS]",
    "demo": "omnilogue demo [OPTIONS]",
    "conform": "omnilogue conform PROVIDER [OPTIONS]",
    "completion": "omnilogue completion [SHELL] [OPTIONS]",
}

EXAMPLES = "Examples:\n"
"""The line of a docstring that its examples follow."""

PARAMETERS = Parameter(negative=(), negative_iterable=(), negative_none=(), show_default=False)
"""No option has a `--no-` or `--empty-` twin unless it says so, and defaults are told in words."""


def new_app(name: str, *, usage: str, summary: str | None = None) -> App:
    """Give an application whose help keeps its line ends, so that examples can be copied."""
    return App(
        name=name,
        help=summary,
        usage=f"Usage: {usage}",
        help_format="plaintext",
        default_parameter=PARAMETERS,
        version=__version__,
        group_parameters=Group("Options", sort_key=80),
        print_error=False,
        exit_on_error=False,
    )


def command_names() -> frozenset[str]:
    """Give the names of the commands that come with Omnilogue itself."""
    return frozenset(name for name, *_ in ROWS)


def build(called: str | None = None) -> App:
    """Make the application. Only the command that is `called` is imported, and brings the whole of its help."""
    app = new_app("omnilogue", usage="omnilogue COMMAND [OPTIONS]", summary=HELP)
    app.help_epilogue = EPILOGUE
    app.command("omnilogue.cli.completing:install", name="--install-completion", group=BESIDES, help=INSTALL)
    for flag in (*app.help_flags, *app.version_flags):
        app[flag].group = (BESIDES,)
    for place_in_help, (name, place, group, summary) in enumerate(ROWS):
        usage = {"usage": f"Usage: {USAGES[name]}"} if name in USAGES else {}
        summary_shown = None if name == called else summary
        app.command(
            f"omnilogue.cli.{place}", name=name, group=group, help=summary_shown, sort_key=place_in_help, **usage
        )
    return app


def tidy_help(command: App) -> None:
    """Make a command's help of its docstring: paragraphs that fill the line, and examples kept line for line."""
    whole = inspect.cleandoc(getattr(command.default_command, "__doc__", None) or "")
    text, marker, examples = whole.partition(EXAMPLES)
    command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))
    command.help_epilogue = f"Examples:\n{examples}" if marker else ""
