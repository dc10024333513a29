//! The services without a socket: a request's bytes and the time go in, the answer's bytes come out, by the same handlers
//! over the same store. For simulations: they decide when a group of writes is committed and what becomes of it, and a
//! crash is to drop everything and open it again. It listens to nothing and reads no clock.

use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jiff::Timestamp;
use timbre_catalogue::{Catalogue, EndpointId};
use timbre_key_store::KeyStore;
use timbre_protocol::{token, write};

use crate::call::Call;
use crate::config::{DatabaseUrl, Policy};
use crate::deployment::Deployment;
use crate::http::{self, Doing, Metrics};
use crate::keys::Keyring;
use crate::refusal::{Refused, Transport};
use crate::staff::Staff;
use crate::store::{Fates, Steps, Store, StoreError};

/// How writes become durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Commits {
    /// Several share a commit, as on SQLite.
    InGroups,
    /// Each has its own, as on PostgreSQL, and is done again when that failed in passing.
    OneByOne,
}

/// An infrastructure in this process.
pub struct InProcess {
    deployment: Arc<Deployment>,
    /// The queue of writes, where they share commits.
    steps: Option<Steps>,
    fates: Fates,
}

/// A request that is being answered. Dropped, it is a request whose server has crashed.
pub struct Answering {
    doing: Doing<String>,
    now: Timestamp,
    answer: Option<Vec<u8>>,
}

impl Answering {
    /// The answer, once there is one.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        self.answer.take()
    }
}

impl InProcess {
    /// Opens the store, an SQLite file, and stands ready.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub async fn open(
        url: &DatabaseUrl,
        keys: Arc<dyn KeyStore>,
        commits: Commits,
    ) -> Result<Self, StoreError> {
        let fates = Fates::default();
        let (store, steps) = match commits {
            Commits::InGroups => {
                let (store, steps) = Store::in_groups(url, fates.clone()).await?;
                (store, Some(steps))
            }
            Commits::OneByOne => (Store::one_by_one(url, fates.clone()).await?, None),
        };
        let deployment = Deployment {
            store,
            keys: Arc::new(
                Keyring::given(keys, Timestamp::UNIX_EPOCH)
                    .map_err(|error| StoreError::Fault(error.to_string()))?,
            ),
            catalogue: Catalogue::timbre(),
            port: 443,
            policy: Policy::quiet(),
            metrics: Metrics::new(),
        };
        Ok(InProcess { deployment: Arc::new(deployment), steps, fates })
    }

    /// Takes a request of an exchange. Nothing happens before [`InProcess::advance`].
    pub fn ask(
        &self,
        endpoint: &EndpointId,
        bearer: Option<&str>,
        body: Vec<u8>,
        now: Timestamp,
    ) -> Answering {
        let doing = doing(&self.deployment, endpoint, bearer, body, now);
        Answering { doing, now, answer: None }
    }

    /// Goes on with a request until there is an answer or it waits for a commit; whether there is an answer.
    pub async fn advance(&mut self, asked: &mut Answering) -> bool {
        let done: Result<String, Refused> = match &mut self.steps {
            None => (&mut asked.doing).await,
            Some(steps) => tokio::select! {
                biased;
                done = &mut asked.doing => done,
                () = steps.queued() => return false,
            },
        };
        asked.answer = Some(told(done, asked.now));
        true
    }

    /// How many writes wait for a commit.
    pub fn waiting(&self) -> usize {
        self.steps.as_ref().map_or(0, Steps::waiting)
    }

    /// Commits what waits, together.
    pub async fn commit(&mut self) {
        if let Some(steps) = &mut self.steps {
            steps.commit().await;
        }
    }

    /// Does something of the staff's to its end, committing what it writes (and what waits with it).
    pub async fn carry_out<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work: Pin<Box<_>> = Box::pin(work);
        loop {
            let Some(steps) = &mut self.steps else { return work.await };
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = steps.queued() => steps.commit().await,
            }
        }
    }

    /// The staff's desk at this instant; `who` stands in the audit log.
    pub fn staff(&self, who: &str, now: Timestamp) -> Staff {
        let Deployment { store, keys, policy, .. } = &*self.deployment;
        Staff::new(store.clone(), keys.clone(), who, policy.clone()).at(now)
    }

    /// What becomes of the commits to come.
    pub fn fates(&self) -> &Fates {
        &self.fates
    }

    /// Closes the store: what was not committed never was.
    pub async fn close(self) {
        drop(self.steps);
        self.deployment.store.clone().close().await;
    }
}

/// What a request to an exchange starts, as if it had come from this machine.
pub(crate) fn doing(
    deployment: &Arc<Deployment>,
    endpoint: &EndpointId,
    bearer: Option<&str>,
    body: Vec<u8>,
    now: Timestamp,
) -> Doing<String> {
    let mut headers = HeaderMap::new();
    let bearer = bearer.and_then(|text| format!("{} {text}", token::SCHEME).parse().ok());
    headers.extend(bearer.map(|value| (AUTHORIZATION, value)));
    match http::exchange(endpoint) {
        Some((limit, _)) if body.len() > limit => {
            Box::pin(async move { Err(Transport::TooLarge { limit }.into()) })
        }
        Some((_, handler)) => {
            let peer = Ipv4Addr::LOCALHOST.into();
            handler(deployment.clone(), Arc::new(Call::new(body, &headers, peer, now)))
        }
        None => {
            let path = endpoint.to_string();
            Box::pin(async move { Err(Transport::NotFound(path).into()) })
        }
    }
}

/// The bytes of what came of a request.
pub(crate) fn told(done: Result<String, Refused>, now: Timestamp) -> Vec<u8> {
    done.unwrap_or_else(|refused| write(&refused.message(now))).into_bytes()
}
