-- What each budget has spent on a UTC day, and what each order has taken of it, so that the rest can be given back.
CREATE TABLE spent (
    budget TEXT COLLATE "C" NOT NULL,
    day    BIGINT NOT NULL,
    orders BIGINT NOT NULL,
    amount TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (budget, day)
);

CREATE TABLE takes (
    subject TEXT COLLATE "C" NOT NULL,
    budget  TEXT COLLATE "C" NOT NULL,
    day     BIGINT NOT NULL,
    time_ns BIGINT NOT NULL,
    orders  BIGINT NOT NULL,
    amount  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (subject, budget, day)
);
CREATE INDEX takes_time ON takes (budget, time_ns);
