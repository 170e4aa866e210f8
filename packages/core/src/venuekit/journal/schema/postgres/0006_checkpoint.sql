-- Where the chain begins since the last prune; the journal's newest row with a checkpoint says the same.
CREATE TABLE checkpoint (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    body TEXT COLLATE "C" NOT NULL
);

-- Rows may go where a checkpoint of the same transaction covers them, and nowhere else.
CREATE OR REPLACE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM checkpoint WHERE xmin::text = (txid_current() % (2^32)::bigint)::text) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the journal is append-only: % is refused', TG_OP;
END
$$;
CREATE FUNCTION journal_goes_under_a_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM gone WHERE sequence > (SELECT (body::json ->> 'cut')::bigint FROM checkpoint)) THEN
        RAISE EXCEPTION 'the journal is append-only: DELETE of rows after the checkpoint is refused';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER under_a_checkpoint AFTER DELETE ON journal REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION journal_goes_under_a_checkpoint();
