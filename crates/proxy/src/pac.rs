//! A proxy auto-configuration script: a program of the customer's that names the proxies for each
//! destination. It is a stranger's program: it runs with little memory, for a short time, and can do
//! nothing but ask for names, addresses and the time, all of which the caller gives it.

mod answer;
mod calendar;
mod engine;
mod host;
mod load;

use core::net::IpAddr;
use std::fmt;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use jiff::ZonedDateTime;

use crate::destination::Destination;
use crate::error::Remedy;
use crate::route::Route;

pub use load::load_pac;

/// What a script may hold.
pub(crate) const SCRIPT_LIMIT: usize = 1024 * 1024;

/// A question's state: it runs, it is done, or nobody waits for it any more.
const RUNS: u8 = 0;
const DONE: u8 = 1;
const GIVEN_UP: u8 = 2;
/// What the engine gets beyond the limit to stop by itself.
const GRACE: Duration = Duration::from_millis(250);

/// A script, ready to be asked.
#[derive(Clone)]
pub struct Pac {
    name: Arc<str>,
    script: Arc<str>,
    limit: Duration,
    /// How many questions that were given up still run.
    strays: Arc<AtomicI32>,
}

/// Names to addresses.
pub type Resolve = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// The world as a script sees it.
#[derive(Clone)]
pub struct Surroundings {
    /// The addresses of a name; empty when it has none. It may block.
    pub resolve: Resolve,
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
        let pac = Pac {
            name: name.into(),
            script: script.into(),
            limit: Duration::from_secs(2),
            strays: Arc::default(),
        };
        pac.bounded(engine::check)?;
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
        let (destination, surroundings) = (destination.clone(), surroundings.clone());
        let answer = self.bounded(move |pac| engine::ask(pac, &destination, &surroundings))?;
        answer::routes(&answer).ok_or_else(|| PacError::NothingUsable {
            script: self.name.to_string(),
            answer: crate::conversation::plain(&answer),
        })
    }
}

impl Pac {
    /// Waits for `work` only as long as the limit allows. The engine stops by itself at its next step,
    /// but some steps are long (joining an array of a thousand million, or a name that DNS is slow about):
    /// such a one is left to end by itself, and the script is asked nothing more until it has.
    fn bounded<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Pac) -> Result<T, PacError> + Send + 'static,
    ) -> Result<T, PacError> {
        let too_slow = || PacError::TooSlow { script: self.name.to_string(), limit: self.limit };
        if self.strays.load(Ordering::Acquire) > 0 {
            return Err(too_slow());
        }
        let state = Arc::new(AtomicU8::new(RUNS));
        let (sender, receiver) = mpsc::sync_channel(1);
        let (pac, here) = (self.clone(), Arc::clone(&state));
        let run = move || {
            let done = work(&pac);
            if here.swap(DONE, Ordering::AcqRel) == GIVEN_UP {
                pac.strays.fetch_sub(1, Ordering::AcqRel);
            }
            // Nobody listens any more when it took too long.
            let _ = sender.send(done);
        };
        let spawned = std::thread::Builder::new().name("proxy-script".to_owned()).spawn(run);
        spawned.map_err(|error| PacError::Wrong {
            script: self.name.to_string(),
            reason: format!("it cannot be run: {error}"),
        })?;
        if let Ok(done) = receiver.recv_timeout(self.limit + GRACE) {
            return done;
        }
        let given_up =
            state.compare_exchange(RUNS, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if given_up {
            self.strays.fetch_add(1, Ordering::AcqRel);
        }
        Err(too_slow())
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
