-- What each budget has spent on a UTC day, and what each order has taken of it, so that the rest can be given back.
CREATE TABLE spent (
    budget TEXT    NOT NULL,
    day    INTEGER NOT NULL,
    orders INTEGER NOT NULL,
    amount TEXT    NOT NULL,
    PRIMARY KEY (budget, day)
) STRICT;

CREATE TABLE takes (
    subject TEXT    NOT NULL,
    budget  TEXT    NOT NULL,
    day     INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    orders  INTEGER NOT NULL,
    amount  TEXT    NOT NULL,
    PRIMARY KEY (subject, budget, day)
) STRICT;
CREATE INDEX takes_time ON takes (budget, time_ns);
