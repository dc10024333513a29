//! What the database can answer besides data, in the three kinds a caller treats differently: try again at once, try
//! again later, never.

/// A fault of the database.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is locked by someone else, or is full: the same request may succeed later.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// Two transactions met; the same work succeeds when it is done again.
    #[error("two transactions met: {0}")]
    Conflict(String),
    /// The database refuses the statement or holds what cannot be read: a defect, not a condition.
    #[error("the database refuses: {0}")]
    Fault(String),
}

impl StoreError {
    /// A stored value that cannot be what it should be.
    pub(crate) fn unreadable(what: &str, error: impl std::fmt::Display) -> Self {
        StoreError::Fault(format!("stored {what}: {error}"))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreError::Unavailable(text),
            // Two have added to one list at once: the second finds the first when it is done again.
            sqlx::Error::Database(database)
                if matches!(database.constraint(), Some("audit_pkey" | "seals_pkey")) =>
            {
                StoreError::Conflict(text)
            }
            sqlx::Error::Database(database) => match database.code().as_deref().map(kind_of_code) {
                Some(Kind::Conflict) => StoreError::Conflict(text),
                Some(Kind::Unavailable) => StoreError::Unavailable(text),
                Some(Kind::Fault) | None => StoreError::Fault(text),
            },
            _ => StoreError::Fault(text),
        }
    }
}

#[derive(PartialEq, Debug)]
enum Kind {
    Conflict,
    Unavailable,
    Fault,
}

/// PostgreSQL answers with an SQLSTATE of five characters, SQLite with its extended result code in decimal.
fn kind_of_code(code: &str) -> Kind {
    if code.len() == 5 {
        return match code {
            "40001" | "40P01" => Kind::Conflict,
            _ if ["08", "53", "57", "58"].contains(&&code[..2]) => Kind::Unavailable,
            _ => Kind::Fault,
        };
    }
    // The low byte is the primary code: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6 | 8 | 10 | 13 | 14) => Kind::Unavailable,
        _ => Kind::Fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        for (code, kind) in [
            ("40001", Kind::Conflict),    // PostgreSQL: serialisation failure
            ("57P01", Kind::Unavailable), // PostgreSQL: stopped by its administrator
            ("53100", Kind::Unavailable), // PostgreSQL: disk full
            ("23505", Kind::Fault),       // PostgreSQL: unique violation
            ("517", Kind::Unavailable),   // SQLite: BUSY_SNAPSHOT
            ("13", Kind::Unavailable),    // SQLite: FULL
            ("1555", Kind::Fault),        // SQLite: CONSTRAINT_PRIMARYKEY
        ] {
            assert_eq!(kind_of_code(code), kind, "{code}");
        }
    }
}
