-- One append-only, hash-chained journal; what can be decided by compare-and-set stands beside it.
-- Text is compared byte for byte, so that the order of names is the same in every locale.
CREATE TABLE journal (
    sequence BIGINT PRIMARY KEY,
    time_ns  BIGINT NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    desk     TEXT COLLATE "C" NOT NULL,
    subject  TEXT COLLATE "C" NOT NULL,
    agent_id TEXT COLLATE "C" NOT NULL,
    body     TEXT COLLATE "C" NOT NULL,
    digest   TEXT COLLATE "C" NOT NULL
);
CREATE INDEX journal_subject ON journal (subject, sequence);
-- Rare kinds only: an index over every order row would cost each order another page of writing.
CREATE INDEX journal_rare ON journal (desk, kind, sequence)
    WHERE kind IN ('snapshot', 'control', 'approval', 'session', 'denied');

-- Against mistakes, not against an owner of the table: the digests are what proves a row.
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % is refused', TG_OP;
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();

CREATE TABLE approvals (
    id         TEXT COLLATE "C" PRIMARY KEY,
    desk       TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    created_ns BIGINT NOT NULL,
    body       TEXT COLLATE "C" NOT NULL
);
CREATE INDEX approvals_state ON approvals (desk, state, created_ns);

CREATE TABLE control (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    revision BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);

CREATE TABLE breakers (
    desk TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (desk, name)
);

CREATE TABLE schema_version (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL
);
