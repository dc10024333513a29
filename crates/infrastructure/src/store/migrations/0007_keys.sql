-- The last contact of each meter: the number that it presented and the one that it was given, by which a copy or an
-- earlier state of it is found out; and whom the device believed then.
CREATE TABLE contacts (
    meter           BIGINT PRIMARY KEY,
    confirmed       BIGINT NOT NULL,
    issued          BIGINT NOT NULL,
    newest          BIGINT NOT NULL,
    record_sequence BIGINT NOT NULL,
    record_chain    BYTES  NOT NULL,
    funds_key       TEXT   NOT NULL,
    rates_key       TEXT   NOT NULL,
    address         TEXT   NOT NULL,
    at              BIGINT NOT NULL
);

-- The keys of the deployment, several to a role. The private halves are elsewhere. What a key is on a day follows from its
-- dates: next until it signs, then active, retiring once another one signs, retired from a date on, or revoked.
CREATE TABLE role_keys (
    role        TEXT   NOT NULL,
    generation  BIGINT NOT NULL,
    public_key  BYTES  NOT NULL,
    made        BIGINT NOT NULL,
    signs_from  BIGINT NOT NULL,
    retires     BIGINT,
    revoked     BIGINT,
    reason      TEXT,
    PRIMARY KEY (role, generation)
);

-- Every key that a meter ever signed with, so that what it signed stays verifiable for its time.
CREATE TABLE device_keys (
    meter      BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    device     BYTES  NOT NULL,
    indicium   BYTES  NOT NULL,
    renewed    BIGINT NOT NULL,
    digest     BYTES  NOT NULL,
    PRIMARY KEY (meter, generation)
);
