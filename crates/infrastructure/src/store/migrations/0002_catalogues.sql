-- Every published version of every catalogue of destinations, as JSON, so that what changed since any of them can be told.
-- A version is a number YYYYMMDDNN, a date text, an instant microseconds.
CREATE TABLE catalogues (
    catalogue      TEXT   NOT NULL,
    version        BIGINT NOT NULL,
    effective_from TEXT   NOT NULL,
    endpoints      BIGINT NOT NULL,
    body           TEXT   NOT NULL,
    who            TEXT   NOT NULL,
    published      BIGINT NOT NULL,
    PRIMARY KEY (catalogue, version)
);
