-- What each desk last said of itself to the others: its exposure, its profit of the day, the profit of its agents.
CREATE TABLE standings (
    name    TEXT    NOT NULL,
    desk    TEXT    NOT NULL,
    time_ns INTEGER NOT NULL,
    value   TEXT,
    base    TEXT,
    running INTEGER NOT NULL,
    PRIMARY KEY (name, desk)
) STRICT;
