-- What each desk last said of itself to the others: its exposure, its profit of the day, the profit of its agents.
CREATE TABLE standings (
    name    TEXT COLLATE "C" NOT NULL,
    desk    TEXT COLLATE "C" NOT NULL,
    time_ns BIGINT NOT NULL,
    value   TEXT COLLATE "C",
    base    TEXT COLLATE "C",
    running BIGINT NOT NULL,
    PRIMARY KEY (name, desk)
);
