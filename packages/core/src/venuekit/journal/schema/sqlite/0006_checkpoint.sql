-- Where the chain begins since the last prune; the journal's newest row with a checkpoint says the same.
CREATE TABLE checkpoint (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    body TEXT NOT NULL
) STRICT;
