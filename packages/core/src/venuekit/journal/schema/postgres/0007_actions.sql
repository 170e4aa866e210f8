-- Calls of venues' own tools that change something: each as it stands, the journal's newest row of it says the same.
CREATE TABLE actions (
    desk       TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    status     TEXT COLLATE "C" NOT NULL,
    call_hash  TEXT COLLATE "C" NOT NULL,
    created_ns BIGINT NOT NULL,
    body       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (desk, id)
);
CREATE INDEX actions_status ON actions (desk, status, created_ns);
CREATE INDEX actions_call ON actions (desk, call_hash, created_ns);
