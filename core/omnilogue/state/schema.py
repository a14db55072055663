"""The tables of a state, and what brings an older file to them."""

from __future__ import annotations

APPLICATION_ID = 0x4F4D4E53
VERSION = 2

CONVERSATIONS = (
    """CREATE TABLE conversation (
        account TEXT NOT NULL, id TEXT NOT NULL, fields TEXT NOT NULL DEFAULT '{}', hidden INTEGER NOT NULL DEFAULT 0,
        listed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (account, id)) WITHOUT ROWID""",
    """CREATE TABLE redirect (
        account TEXT NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL, id_map TEXT NOT NULL DEFAULT '{}',
        PRIMARY KEY (account, old)) WITHOUT ROWID""",
    "CREATE TABLE note (account TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (account, key))"
    " WITHOUT ROWID",
)

LEDGER = (
    # One copy between two remotes: what was chosen, and how far it came.
    """CREATE TABLE migration (
        id TEXT PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL, source_account TEXT NOT NULL,
        target_account TEXT NOT NULL, selection TEXT NOT NULL, state TEXT NOT NULL, complete INTEGER NOT NULL,
        started_at TEXT NOT NULL, finished_at TEXT)""",
    # A conversation that a migration chose, and what became of it.
    """CREATE TABLE item (
        migration TEXT NOT NULL, conversation TEXT NOT NULL, position INTEGER NOT NULL, title TEXT, state TEXT NOT NULL,
        messages INTEGER NOT NULL DEFAULT 0, code TEXT, error TEXT, PRIMARY KEY (migration, conversation))
        WITHOUT ROWID""",
    # A conversation and its copy; outlives the migration that made it.
    """CREATE TABLE link (
        id INTEGER PRIMARY KEY, source_account TEXT NOT NULL, target_account TEXT NOT NULL, conversation TEXT NOT NULL,
        target TEXT, marker TEXT NOT NULL, migration TEXT NOT NULL, options TEXT NOT NULL, begun_at TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'new', UNIQUE (source_account, target_account, conversation))""",
    # A message and its copy: `intent` before it is written, `done` when it is known to be there.
    """CREATE TABLE message (
        link INTEGER NOT NULL, ordinal INTEGER NOT NULL, source TEXT NOT NULL, source_digest TEXT NOT NULL,
        target TEXT, digest TEXT, state TEXT NOT NULL, migration TEXT NOT NULL, begun_at TEXT NOT NULL,
        PRIMARY KEY (link, ordinal)) WITHOUT ROWID""",
    """CREATE TABLE loss (
        migration TEXT NOT NULL, conversation TEXT NOT NULL, kind TEXT NOT NULL, action TEXT NOT NULL,
        count INTEGER NOT NULL, example TEXT NOT NULL, PRIMARY KEY (migration, conversation, kind, action))
        WITHOUT ROWID""",
    # What was done, in order; rows are only ever added.
    """CREATE TABLE event (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, migration TEXT NOT NULL, conversation TEXT, what TEXT NOT NULL,
        detail TEXT NOT NULL DEFAULT '')""",
    # What a plan read of a conversation, so that a stopped plan goes on.
    """CREATE TABLE reading (
        source_account TEXT NOT NULL, target_account TEXT NOT NULL, conversation TEXT NOT NULL, options TEXT NOT NULL,
        fingerprint TEXT NOT NULL, forecast TEXT NOT NULL,
        PRIMARY KEY (source_account, target_account, conversation, options)) WITHOUT ROWID""",
)

TABLES = (*CONVERSATIONS, *LEDGER)

UPGRADES: dict[int, tuple[str, ...]] = {1: LEDGER}
"""What brings a file of a version to the next one."""

ACCOUNT_COLUMNS = (
    ("conversation", "account"),
    ("redirect", "account"),
    ("note", "account"),
    ("migration", "source_account"),
    ("migration", "target_account"),
    ("link", "source_account"),
    ("link", "target_account"),
    ("reading", "source_account"),
    ("reading", "target_account"),
)
"""Where the name of an account stands."""
