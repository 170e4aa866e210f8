-- One append-only, hash-chained journal; what can be decided by compare-and-set stands beside it.
CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    time_ns  INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    desk     TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    agent_id TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    digest   TEXT    NOT NULL
) STRICT;
CREATE INDEX journal_subject ON journal (subject, sequence);
-- Rare kinds only: an index over every order row would cost each order another page of writing.
CREATE INDEX journal_rare ON journal (desk, kind, sequence)
    WHERE kind IN ('snapshot', 'control', 'approval', 'session', 'denied');

CREATE TABLE approvals (
    id         TEXT PRIMARY KEY,
    desk       TEXT NOT NULL,
    state      TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT;
CREATE INDEX approvals_state ON approvals (desk, state, created_ns);

CREATE TABLE control (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;

CREATE TABLE breakers (
    desk TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (desk, name)
) STRICT;
