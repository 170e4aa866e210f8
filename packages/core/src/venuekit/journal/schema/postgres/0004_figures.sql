-- Figures from outside that breakers hold against their limits; a desk of '' stands for all of them.
CREATE TABLE figures (
    desk TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (desk, name)
);
