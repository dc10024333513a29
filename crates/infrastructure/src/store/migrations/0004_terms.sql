-- What each meter may do, version by version, and what becomes of it on the way: lost and found, last heard of.

-- A day of the month (1 to 28) on which inspections fall due, where they are not counted in days.
ALTER TABLE meters ADD COLUMN due_day BIGINT;
-- The version of its block that the device has shown; none before it did.
ALTER TABLE meters ADD COLUMN block_confirmed BIGINT;
-- 1 when the last order that the device was given was to stop; none otherwise.
ALTER TABLE meters ADD COLUMN told_to_stop BIGINT;
-- Why it is suspended, as its operator is told.
ALTER TABLE meters ADD COLUMN state_cause TEXT;

-- Every operational block there was: a mark of then is judged by the block of then.
CREATE TABLE blocks (
    meter              BIGINT NOT NULL,
    version            BIGINT NOT NULL,
    postal_code        TEXT   NOT NULL,
    minimum_refill     BIGINT NOT NULL,
    maximum_refill     BIGINT NOT NULL,
    maximum_descending BIGINT NOT NULL,
    maximum_postage    BIGINT NOT NULL,
    high_value_warning BIGINT NOT NULL,
    interval_days      BIGINT NOT NULL,
    warn_days          BIGINT NOT NULL,
    grace_days         BIGINT NOT NULL,
    due_day            BIGINT,
    issued             BIGINT NOT NULL,
    who                TEXT   NOT NULL,
    reason             TEXT   NOT NULL,
    confirmed          BIGINT,
    PRIMARY KEY (meter, version)
);

INSERT INTO blocks (meter, version, postal_code, minimum_refill, maximum_refill, maximum_descending, maximum_postage,
    high_value_warning, interval_days, warn_days, grace_days, issued, who, reason)
SELECT serial, block_version, postal_code, minimum_refill, maximum_refill, maximum_descending, maximum_postage,
    high_value_warning, interval_days, warn_days, grace_days, enrolled, 'migration', 'enrolled'
FROM meters;

-- Reports of meters lost or stolen (SOR/2010-220, s. 13), and of their return. A date is text.
CREATE TABLE losses (
    meter        BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    since        TEXT   NOT NULL,
    reported     BIGINT NOT NULL,
    who          TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    state_before TEXT   NOT NULL,
    found        BIGINT,
    found_who    TEXT,
    found_reason TEXT,
    PRIMARY KEY (meter, number)
);

-- Marks that were spoiled and given back: each once, ever. Fees are what falls to each of the fee of its claim.
CREATE TABLE refunded_marks (
    meter    BIGINT NOT NULL,
    pieces   BIGINT NOT NULL,
    customer BIGINT NOT NULL,
    claim    BIGINT NOT NULL,
    dated    TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    amount   BIGINT NOT NULL,
    fee      BIGINT NOT NULL,
    booked   BIGINT NOT NULL,
    PRIMARY KEY (meter, pieces)
);

CREATE INDEX refunded_marks_of_claim ON refunded_marks (customer, claim);

-- What a customer gave in at once: the fee is reckoned over it.
CREATE TABLE spoiled_claims (
    customer BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    post     TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    marks    BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    fee      BIGINT NOT NULL,
    way      TEXT   NOT NULL,
    booked   BIGINT NOT NULL,
    who      TEXT   NOT NULL,
    PRIMARY KEY (customer, number)
);
