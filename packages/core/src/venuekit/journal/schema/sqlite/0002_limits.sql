-- Limits that an operator changed while desks run; a desk of '' stands for all of them.
CREATE TABLE limits (
    desk TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (desk, name)
) STRICT;
