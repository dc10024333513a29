-- The end of a device's life and what follows it. A withdrawal is booked once; a device is replaced once and replaces at
-- most one.

CREATE TABLE withdrawals (
    meter           BIGINT PRIMARY KEY,
    sequence        BIGINT NOT NULL,
    digest          BYTES  NOT NULL,
    amount          BIGINT NOT NULL CHECK (amount >= 0),
    ascending       BIGINT NOT NULL,
    pieces          BIGINT NOT NULL,
    record_sequence BIGINT NOT NULL,
    booked          BIGINT NOT NULL,
    reply           TEXT   NOT NULL
);

-- The registers are those of the old device as the books held them when it was replaced.
CREATE TABLE replacements (
    meter      BIGINT PRIMARY KEY,
    successor  BIGINT NOT NULL UNIQUE,
    cause      TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    ascending  BIGINT NOT NULL,
    descending BIGINT NOT NULL,
    pieces     BIGINT NOT NULL,
    replaced   BIGINT NOT NULL
);

-- What customers set on their machines, as the machines tell it.
CREATE TABLE machine_settings (
    meter            BIGINT PRIMARY KEY,
    automatic_refill BIGINT NOT NULL,
    refill_threshold BIGINT NOT NULL,
    refill_amount    BIGINT NOT NULL,
    currency         TEXT   NOT NULL,
    language         TEXT   NOT NULL,
    told             BIGINT NOT NULL
);
