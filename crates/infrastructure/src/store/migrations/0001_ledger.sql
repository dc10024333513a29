-- The books of the provider. Money is mills, an instant microseconds, a date text (2025-01-13). What grows begins its key
-- with the meter or the account, so that it can be partitioned by it.

-- The keys and the authority of the deployment, as its first process had them: another one must have the same.
CREATE TABLE identities (
    name  TEXT  PRIMARY KEY,
    value BYTES NOT NULL
);

CREATE TABLE customers (
    account             BIGINT PRIMARY KEY,
    name                TEXT   NOT NULL,
    postal_code         TEXT   NOT NULL,
    language            TEXT   NOT NULL,
    currency            TEXT   NOT NULL,
    locked              BIGINT NOT NULL,
    prepaid             BIGINT NOT NULL,
    credit_limit        BIGINT NOT NULL CHECK (credit_limit >= 0),
    credit_used         BIGINT NOT NULL CHECK (credit_used >= 0),
    daily_advance_limit BIGINT,
    advanced            BIGINT NOT NULL,
    advanced_on         TEXT,
    created             BIGINT NOT NULL
);

CREATE TABLE meters (
    serial             BIGINT PRIMARY KEY,
    account            BIGINT NOT NULL REFERENCES customers (account),
    indicia_number     BIGINT NOT NULL UNIQUE,
    device_key         BYTES  NOT NULL,
    indicium_key       BYTES,
    postal_code        TEXT   NOT NULL,
    currency           TEXT   NOT NULL,
    minimum_refill     BIGINT NOT NULL,
    maximum_refill     BIGINT NOT NULL,
    maximum_descending BIGINT NOT NULL,
    maximum_postage    BIGINT NOT NULL,
    high_value_warning BIGINT NOT NULL,
    interval_days      BIGINT NOT NULL,
    warn_days          BIGINT NOT NULL,
    grace_days         BIGINT NOT NULL,
    state              TEXT   NOT NULL,
    state_reason       TEXT,
    block_version      BIGINT NOT NULL,
    last_refill        BIGINT NOT NULL,
    control_sum        BIGINT NOT NULL,
    last_inspection    BIGINT NOT NULL,
    next_inspection    TEXT,
    ascending          BIGINT NOT NULL,
    descending         BIGINT NOT NULL,
    pieces             BIGINT NOT NULL,
    record_sequence    BIGINT NOT NULL,
    record_chain       BYTES  NOT NULL,
    enrolled           BIGINT NOT NULL
);

CREATE INDEX meters_of_account ON meters (account);

-- A transfer is a set of postings that sum to zero; the request behind it is its name, so that it is booked once.
CREATE TABLE transfers (
    customer BIGINT NOT NULL,
    id       TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    meter    BIGINT,
    booked   BIGINT NOT NULL,
    memo     TEXT   NOT NULL,
    reverses TEXT,
    PRIMARY KEY (customer, id)
);

CREATE TABLE postings (
    customer BIGINT NOT NULL,
    transfer TEXT   NOT NULL,
    line     BIGINT NOT NULL,
    account  TEXT   NOT NULL,
    amount   BIGINT NOT NULL CHECK (amount <> 0),
    currency TEXT   NOT NULL,
    PRIMARY KEY (customer, transfer, line),
    FOREIGN KEY (customer, transfer) REFERENCES transfers (customer, id)
);

CREATE INDEX postings_of_account ON postings (customer, account);

CREATE TABLE refills (
    meter      BIGINT NOT NULL,
    sequence   BIGINT NOT NULL,
    digest     BYTES  NOT NULL,
    amount     BIGINT NOT NULL,
    tax        BIGINT NOT NULL,
    ascending  BIGINT NOT NULL,
    descending BIGINT NOT NULL,
    pieces     BIGINT NOT NULL,
    booked     BIGINT NOT NULL,
    reply      TEXT   NOT NULL,
    PRIMARY KEY (meter, sequence)
);

CREATE TABLE inspections (
    meter           BIGINT NOT NULL,
    sequence        BIGINT NOT NULL,
    attempt         BIGINT NOT NULL,
    digest          BYTES  NOT NULL,
    ascending       BIGINT NOT NULL,
    descending      BIGINT NOT NULL,
    pieces          BIGINT NOT NULL,
    control_sum     BIGINT NOT NULL,
    last_refill     BIGINT NOT NULL,
    record_sequence BIGINT NOT NULL,
    record_chain    BYTES  NOT NULL,
    made            BIGINT NOT NULL,
    reply           TEXT   NOT NULL,
    PRIMARY KEY (meter, sequence, attempt)
);

-- The time of a record is text, to the last digit that the device wrote: the chain covers it.
CREATE TABLE records (
    meter        BIGINT NOT NULL,
    sequence     BIGINT NOT NULL,
    made         TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    amount       BIGINT NOT NULL,
    ascending    BIGINT NOT NULL,
    descending   BIGINT NOT NULL,
    pieces       BIGINT NOT NULL,
    product      BIGINT,
    weight_mg    BIGINT,
    destination  TEXT,
    service      TEXT,
    cost_account TEXT,
    reference    TEXT,
    mark_date    TEXT,
    rate_table   TEXT,
    chain        BYTES  NOT NULL,
    PRIMARY KEY (meter, sequence)
);

CREATE TABLE sign_ins (
    meter BIGINT NOT NULL,
    nonce BYTES  NOT NULL,
    seen  BIGINT NOT NULL,
    PRIMARY KEY (meter, nonce)
);

CREATE TABLE cases (
    meter  BIGINT NOT NULL,
    number BIGINT NOT NULL,
    opened BIGINT NOT NULL,
    code   TEXT   NOT NULL,
    detail TEXT   NOT NULL,
    closed BIGINT,
    PRIMARY KEY (meter, number)
);

CREATE TABLE marks (
    meter  BIGINT NOT NULL,
    pieces BIGINT NOT NULL,
    seen   BIGINT NOT NULL,
    PRIMARY KEY (meter, pieces)
);

CREATE TABLE rate_tables (
    name            TEXT   PRIMARY KEY,
    currency        TEXT   NOT NULL,
    effective_from  TEXT   NOT NULL,
    effective_until TEXT,
    digest          BYTES  NOT NULL,
    signed          TEXT   NOT NULL,
    published       BIGINT NOT NULL
);

-- Each subject (a meter, an account, the rates) has its own chain: an altered or missing line breaks it.
CREATE TABLE audit (
    subject  TEXT   NOT NULL,
    sequence BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    who      TEXT   NOT NULL,
    what     TEXT   NOT NULL,
    detail   TEXT   NOT NULL,
    chain    BYTES  NOT NULL,
    PRIMARY KEY (subject, sequence)
);
