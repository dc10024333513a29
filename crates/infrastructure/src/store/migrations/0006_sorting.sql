-- What the sorting centre remembers of marks. A mark is kept in a table of the date that it bears (marks_20261124), made
-- when the first mark of that date comes, listed here, and dropped whole when no mark of that date is accepted any more.
DROP TABLE marks;

CREATE TABLE mark_days (
    day BIGINT PRIMARY KEY
);

-- For each meter and date of marks, the lowest and the highest count of pieces that was accepted, with the register that
-- each showed. A day is its digits: 20261124.
CREATE TABLE mark_runs (
    meter           BIGINT NOT NULL,
    day             BIGINT NOT NULL,
    first_pieces    BIGINT NOT NULL,
    first_ascending BIGINT NOT NULL,
    last_pieces     BIGINT NOT NULL,
    last_ascending  BIGINT NOT NULL,
    PRIMARY KEY (meter, day)
);

CREATE INDEX mark_runs_of_day ON mark_runs (day);

-- The machines of the postal operator that may ask. A token is shown once; its hash is kept.
CREATE TABLE sorters (
    number  BIGINT PRIMARY KEY,
    name    TEXT   NOT NULL UNIQUE,
    place   TEXT   NOT NULL,
    area    TEXT   NOT NULL,
    token   BYTES  NOT NULL UNIQUE,
    added   BIGINT NOT NULL,
    revoked BIGINT
);

-- What the staff change is followed by those who keep meters in memory.
CREATE INDEX audit_by_time ON audit (at);
