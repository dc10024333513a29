-- Cases with what shows them, who looks into them and how they ended; and the seals by which an altered row is found.

-- One row for each transaction that wrote about a subject (a meter, an account, the rates): which rows it wrote, each with
-- the SHA-256 of the row as the database holds it. Only ever inserted; see docs/AUDIT.md.
CREATE TABLE seals (
    subject  TEXT   NOT NULL,
    sequence BIGINT NOT NULL,
    entries  TEXT   NOT NULL,
    digest   BYTES  NOT NULL,
    PRIMARY KEY (subject, sequence)
);

-- The rows of one meter are read together when its seals are checked.
CREATE INDEX transfers_of_meter ON transfers (meter);

-- A case that was open or closed before this has no state of its own: it is open until it is closed.
ALTER TABLE cases ADD COLUMN about TEXT;
ALTER TABLE cases ADD COLUMN severity TEXT;
ALTER TABLE cases ADD COLUMN state TEXT;
ALTER TABLE cases ADD COLUMN owner TEXT;
ALTER TABLE cases ADD COLUMN evidence TEXT;
ALTER TABLE cases ADD COLUMN resolution TEXT;
ALTER TABLE cases ADD COLUMN resolution_text TEXT;
ALTER TABLE cases ADD COLUMN follows BIGINT;

CREATE TABLE case_events (
    meter    BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    who      TEXT   NOT NULL,
    what     TEXT   NOT NULL,
    detail   TEXT   NOT NULL,
    PRIMARY KEY (meter, number, sequence)
);
