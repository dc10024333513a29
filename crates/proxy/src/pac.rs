//! A proxy auto-configuration script: a program of the customer's that names the proxies for each
//! destination. It is a stranger's program: it runs with little memory, for a short time, and can do
//! nothing but ask for names, addresses and the time, all of which the caller gives it.

mod answer;
mod calendar;
mod engine;
mod host;
mod load;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::ZonedDateTime;

use crate::destination::Destination;
use crate::error::Remedy;
use crate::route::Route;

pub use load::load_pac;

/// What a script may hold.
pub(crate) const SCRIPT_LIMIT: usize = 1024 * 1024;

/// A script, ready to be asked.
#[derive(Clone)]
pub struct Pac {
    name: Arc<str>,
    script: Arc<str>,
    limit: Duration,
}

/// The world as a script sees it.
#[derive(Clone)]
pub struct Surroundings {
    /// The addresses of a name; empty when it has none. It may block.
    pub resolve: Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>,
    /// The address of this machine on the network in question.
    pub my_address: IpAddr,
    /// The time, and where.
    pub now: ZonedDateTime,
}

impl Pac {
    /// A script and the name it is known by in errors: its URL or its file.
    ///
    /// # Errors
    /// When it is too long or cannot be a script that answers: it is tried once without being asked.
    pub fn new(name: &str, script: &str) -> Result<Pac, PacError> {
        if script.len() > SCRIPT_LIMIT {
            let reason = format!("it is longer than {SCRIPT_LIMIT} bytes");
            return Err(PacError::Wrong { script: name.to_owned(), reason });
        }
        let pac = Pac { name: name.into(), script: script.into(), limit: Duration::from_secs(2) };
        engine::check(&pac)?;
        Ok(pac)
    }

    /// How long one question may take; two seconds unless set.
    #[must_use]
    pub fn with_time_limit(self, limit: Duration) -> Pac {
        Pac { limit, ..self }
    }

    /// The routes to `destination` that the script names, in its order, those of a kind that is not
    /// supported left out. An empty answer means direct. It blocks, for as long as its limit allows.
    ///
    /// # Errors
    /// When the script fails, takes too long, or names nothing that can be used.
    pub fn routes(
        &self,
        destination: &Destination,
        surroundings: &Surroundings,
    ) -> Result<Vec<Route>, PacError> {
        let answer = engine::ask(self, destination, surroundings)?;
        answer::routes(&answer).ok_or_else(|| PacError::NothingUsable {
            script: self.name.to_string(),
            answer: crate::conversation::plain(&answer),
        })
    }
}

impl fmt::Debug for Pac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pac").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Surroundings { my_address, now, .. } = self;
        f.debug_struct("Surroundings")
            .field("my_address", my_address)
            .field("now", now)
            .finish_non_exhaustive()
    }
}

/// Why a script brings no route.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PacError {
    /// It cannot be had.
    #[error("the proxy script {script} cannot be read: {reason}")]
    Unavailable {
        /// Where it should be.
        script: String,
        /// What went wrong.
        reason: String,
    },
    /// It is not a script, or it failed.
    #[error("the proxy script {script} is wrong: {reason}")]
    Wrong {
        /// The script.
        script: String,
        /// What the engine said.
        reason: String,
    },
    /// It did not come to an end in time.
    #[error("the proxy script {script} gave no answer within {} s", limit.as_secs_f32())]
    TooSlow {
        /// The script.
        script: String,
        /// What it was given.
        limit: Duration,
    },
    /// Its answer holds no proxy that is spoken to in plain HTTP, and not `DIRECT`.
    #[error("the proxy script {script} names nothing that can be used: “{answer}”")]
    NothingUsable {
        /// The script.
        script: String,
        /// Its answer.
        answer: String,
    },
}

impl PacError {
    /// A stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            PacError::Unavailable { .. } => "pac-unavailable",
            PacError::Wrong { .. } => "pac-wrong",
            PacError::TooSlow { .. } => "pac-too-slow",
            PacError::NothingUsable { .. } => "pac-nothing-usable",
        }
    }

    /// The error in French.
    #[must_use]
    pub fn french(&self) -> String {
        match self {
            PacError::Unavailable { script, reason } => {
                format!("le script de configuration {script} ne peut être lu : {reason}")
            }
            PacError::Wrong { script, reason } => {
                format!("le script de configuration {script} est erroné : {reason}")
            }
            PacError::TooSlow { script, limit } => format!(
                "le script de configuration {script} n’a pas répondu en {} s",
                limit.as_secs_f32()
            ),
            PacError::NothingUsable { script, answer } => format!(
                "le script de configuration {script} ne nomme rien d’utilisable : « {answer} »"
            ),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        let (fr, en) = match self {
            PacError::Unavailable { .. } => (
                "vérifiez l’adresse du script et que le réseau de la machine y mène sans serveur mandataire",
                "check the script’s address, and that the meter’s network leads there without a proxy",
            ),
            PacError::Wrong { .. } | PacError::TooSlow { .. } => (
                "montrez cette erreur à l’administrateur du réseau, ou réglez le serveur mandataire par son adresse",
                "show this error to the network’s administrator, or set the proxy by its address",
            ),
            PacError::NothingUsable { .. } => (
                "seuls les serveurs mandataires HTTP (PROXY) sont pris en charge : demandez-en un à l’administrateur du réseau",
                "only HTTP proxies (PROXY) are supported: ask the network’s administrator for one",
            ),
        };
        Remedy { fr, en }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A world with no names in it.
    pub(crate) fn nowhere() -> Surroundings {
        Surroundings {
            resolve: Arc::new(|_| Vec::new()),
            my_address: IpAddr::from([127, 0, 0, 1]),
            now: "2025-06-02T13:00:00[America/Toronto]".parse().unwrap(),
        }
    }
}
