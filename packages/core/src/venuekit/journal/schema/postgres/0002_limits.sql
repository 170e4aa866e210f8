-- Limits that an operator changed while desks run; a desk of '' stands for all of them.
CREATE TABLE limits (
    desk TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (desk, name)
);
