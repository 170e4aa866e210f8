-- Calls of venues' own tools that change something: each as it stands, the journal's newest row of it says the same.
CREATE TABLE actions (
    desk       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    call_hash  TEXT    NOT NULL,
    created_ns INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    PRIMARY KEY (desk, id)
) STRICT;
CREATE INDEX actions_status ON actions (desk, status, created_ns);
CREATE INDEX actions_call ON actions (desk, call_hash, created_ns);
