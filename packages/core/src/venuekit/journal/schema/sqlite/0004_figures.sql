-- Figures from outside that breakers hold against their limits; a desk of '' stands for all of them.
CREATE TABLE figures (
    desk TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (desk, name)
) STRICT;
