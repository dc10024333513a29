//! Which database, by URL. It may carry a password, which only the driver gets to see.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A database, of one of the two kinds that the store runs on.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    url: String,
    pub(crate) engine: Engine,
}

/// The two databases the store runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// The text names no database that the store runs on.
#[derive(Debug, thiserror::Error)]
#[error("not a database: write postgres://user@host/name, or sqlite:///folder/file.db")]
pub struct DatabaseUrlError;

impl DatabaseUrl {
    /// The SQLite file `infrastructure.db` of a data folder, made when it does not exist.
    #[must_use]
    pub fn sqlite_in(data_dir: &Path) -> Self {
        let absolute = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
        let file = absolute.join("infrastructure.db");
        let mut path = String::new();
        for character in file.to_string_lossy().chars() {
            match character {
                '%' => path.push_str("%25"),
                '?' => path.push_str("%3F"),
                '#' => path.push_str("%23"),
                other => path.push(other),
            }
        }
        DatabaseUrl { url: format!("sqlite://{path}?mode=rwc"), engine: Engine::Sqlite }
    }

    /// The URL, password and all, for the driver alone.
    pub(crate) fn reveal(&self) -> &str {
        &self.url
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        let (scheme, rest) = text.split_once(':').ok_or(DatabaseUrlError)?;
        let engine = match scheme {
            "postgres" | "postgresql" => Engine::Postgres,
            "sqlite" => Engine::Sqlite,
            _ => return Err(DatabaseUrlError),
        };
        if rest.trim_start_matches('/').is_empty() {
            return Err(DatabaseUrlError);
        }
        let creates = engine == Engine::Sqlite && !text.contains('?');
        let url = if creates { format!("{text}?mode=rwc") } else { text.to_owned() };
        Ok(DatabaseUrl { url, engine })
    }
}

impl fmt::Display for DatabaseUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.url.split_once("://") else {
            return f.write_str(&self.url);
        };
        let rest = rest.split('?').next().unwrap_or_default();
        match rest.split_once('@') {
            Some((user, place)) => {
                let name = user.split(':').next().unwrap_or_default();
                write!(f, "{scheme}://{name}@{place}")
            }
            None => write!(f, "{scheme}://{rest}"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        let url: DatabaseUrl =
            "postgres://timbre:secret@db/timbre?sslmode=require".parse().unwrap();
        assert_eq!(
            format!("{url} {url:?}"),
            "postgres://timbre@db/timbre postgres://timbre@db/timbre"
        );
    }
}
