"""The tables of an archive; a change of them is a new VERSION."""

from __future__ import annotations

APPLICATION_ID = 0x4F6D6E41
"""What SQLite's header says about who owns the file: "OmnA"."""

VERSION = 1
"""What SQLite's header keeps as `user_version`."""

TABLES = (
    # Times are ISO texts of one width in UTC, so that they sort as texts and can be read by people in fifty years.
    """
    CREATE TABLE conversations (
        ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        title TEXT,
        instructions TEXT,
        model TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        pinned INTEGER NOT NULL,
        head TEXT,
        metadata TEXT NOT NULL,
        raw TEXT
    )
    """,
    "CREATE INDEX conversations_created ON conversations (created_at)",
    "CREATE INDEX conversations_updated ON conversations (updated_at)",
    "CREATE INDEX conversations_title ON conversations (ifnull(title, ''))",
    # `ordinal` is the order of appending and is never used twice; `active` marks the branch that ends at the head;
    # `indexed` tells whether the search index knows the text; `body` is the message as JSON, so that fields of a
    # later version are kept. It comes last: what only looks at the text does not read the pages it fills.
    """
    CREATE TABLE messages (
        ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        conversation INTEGER NOT NULL REFERENCES conversations (ordinal),
        parent TEXT,
        active INTEGER NOT NULL,
        indexed INTEGER NOT NULL,
        text TEXT NOT NULL,
        body TEXT NOT NULL
    )
    """,
    "CREATE INDEX messages_all ON messages (conversation)",
    "CREATE INDEX messages_active ON messages (conversation) WHERE active = 1",
    "CREATE INDEX messages_parent ON messages (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX messages_unindexed ON messages (conversation) WHERE indexed = 0",
    # Files too large for a part, in pieces, kept as long as a message refers to them.
    """
    CREATE TABLE pieces (
        ordinal INTEGER PRIMARY KEY,
        sha256 TEXT NOT NULL,
        number INTEGER NOT NULL,
        content BLOB NOT NULL,
        UNIQUE (sha256, number)
    )
    """,
    """
    CREATE TABLE attachments (
        message INTEGER NOT NULL REFERENCES messages (ordinal) ON DELETE CASCADE,
        sha256 TEXT NOT NULL,
        PRIMARY KEY (message, sha256)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX attachments_file ON attachments (sha256)",
    """
    CREATE TRIGGER attachments_last AFTER DELETE ON attachments
    WHEN NOT EXISTS (SELECT 1 FROM attachments WHERE sha256 = old.sha256)
    BEGIN
        DELETE FROM pieces WHERE sha256 = old.sha256;
    END
    """,
)

ADD_RAW = "ALTER TABLE conversations ADD COLUMN raw TEXT"
"""For an archive that was made before conversations had it; programs of that time go on reading the file."""

SEARCH_INDEX = "CREATE VIRTUAL TABLE search_index USING fts5 (text, content = '', detail = none, tokenize = 'trigram')"
"""Which messages hold which three characters in a row. Trigrams, because Chinese has no blanks between words."""
