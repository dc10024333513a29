//! The one writer of an SQLite store: it takes what has queued up while the last commit was flushed and commits it
//! together, so that thirty refills cost one flush. Where one of a group fails, the group is undone and each is done again
//! by itself: one that fails takes no other with it.

use std::future::Future;
use std::pin::Pin;

use sqlx::{AnyConnection, AnyPool, Connection};
use tokio::sync::{mpsc, oneshot};

use super::fate::{self, Fates};
use super::{StoreError, Work, seals};

const QUEUE: usize = 1024;
const LARGEST_GROUP: usize = 64;

/// A piece of work in the queue, whatever it is about.
pub(super) trait Job: Send {
    /// Does the work; false asks for it to be undone.
    fn run<'c>(
        &'c mut self,
        tx: &'c mut AnyConnection,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'c>>;

    /// Tells the one who waits what came of it.
    fn settle(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Queued<W: Work> {
    work: W,
    outcome: Option<Result<W::Output, StoreError>>,
    answer: oneshot::Sender<Result<W::Output, StoreError>>,
}

impl<W: Work> Job for Queued<W> {
    fn run<'c>(
        &'c mut self,
        tx: &'c mut AnyConnection,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'c>> {
        Box::pin(async move {
            let outcome = seals::sealed(&self.work, tx).await;
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn settle(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = match (self.outcome, committed) {
            // What failed by itself keeps its own reason, whatever became of the group.
            (Some(Err(reason)), _) => Err(reason),
            (Some(Ok(output)), Ok(())) => Ok(output),
            (None, Ok(())) => Err(abandoned()),
            (_, Err(reason)) => Err(reason),
        };
        // Whoever asked may have gone; the work is done all the same.
        let _ = self.answer.send(outcome);
    }
}

/// Starts the writer. It ends, with its connection, when the last sender is gone and the queue is empty.
pub(super) fn start(pool: AnyPool) -> mpsc::Sender<Box<dyn Job>> {
    let (sender, mut jobs) = mpsc::channel::<Box<dyn Job>>(QUEUE);
    tokio::spawn(async move {
        let mut group = Vec::new();
        while jobs.recv_many(&mut group, LARGEST_GROUP).await > 0 {
            let (pool, group) = (pool.clone(), std::mem::take(&mut group));
            // A task of its own: a panic ends this group and not the writer, and its transaction is undone.
            if let Err(error) = tokio::spawn(settle(pool, group, None)).await {
                tracing::error!(%error, "a group of writes was abandoned");
            }
        }
        pool.close().await;
    });
    sender
}

/// The queue of a store whose groups a simulation forms and commits, one at a time.
pub(crate) struct Steps {
    pool: AnyPool,
    jobs: mpsc::Receiver<Box<dyn Job>>,
    group: Vec<Box<dyn Job>>,
    fates: Fates,
}

/// Makes a queue that nothing takes from but [`Steps`].
pub(super) fn in_steps(pool: AnyPool, fates: Fates) -> (mpsc::Sender<Box<dyn Job>>, Steps) {
    let (sender, jobs) = mpsc::channel(QUEUE);
    (sender, Steps { pool, jobs, group: Vec::new(), fates })
}

impl Steps {
    /// Waits until a write has queued up. It joins the group that is to be committed next.
    pub(crate) async fn queued(&mut self) {
        match self.jobs.recv().await {
            Some(job) => self.group.push(job),
            None => std::future::pending().await,
        }
    }

    /// How many writes would be committed now.
    pub(crate) fn waiting(&self) -> usize {
        self.group.len()
    }

    /// Commits the group, as the writer of a product does.
    pub(crate) async fn commit(&mut self) {
        let group = std::mem::take(&mut self.group);
        settle(self.pool.clone(), group, Some(&self.fates)).await;
    }
}

async fn settle(pool: AnyPool, mut group: Vec<Box<dyn Job>>, fates: Option<&Fates>) {
    if group.len() > 1 {
        match commit(&pool, &mut group, fates).await {
            Ok(true) => {
                for job in group {
                    job.settle(Ok(()));
                }
                return;
            }
            Ok(false) => {}
            Err(reason) => {
                for job in group {
                    job.settle(told(Err(reason.clone())));
                }
                return;
            }
        }
    }
    for mut job in group {
        let committed = commit(&pool, std::slice::from_mut(&mut job), fates).await;
        job.settle(told(committed.map(drop)));
    }
}

/// What the one who waits is told of a commit: what became of it.
fn told(committed: Result<(), StoreError>) -> Result<(), StoreError> {
    #[cfg(feature = "planted")]
    if timbre_postage::planted::has(timbre_postage::planted::Bug::ReplyBeforeCommit) {
        return Ok(());
    }
    committed
}

/// Does all of the work in one transaction; false when a piece of it failed and nothing was done.
async fn commit(
    pool: &AnyPool,
    group: &mut [Box<dyn Job>],
    fates: Option<&Fates>,
) -> Result<bool, StoreError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    for job in group {
        if !job.run(&mut tx).await {
            tx.rollback().await?;
            return Ok(false);
        }
    }
    fate::commit(tx, fates).await?;
    Ok(true)
}

/// Queues the work and waits until it is durable or has failed.
pub(super) async fn submit<W: Work>(
    queue: &mpsc::Sender<Box<dyn Job>>,
    work: W,
) -> Result<W::Output, StoreError> {
    let (answer, outcome) = oneshot::channel();
    let job = Box::new(Queued { work, outcome: None, answer });
    queue.send(job).await.map_err(|_| abandoned())?;
    outcome.await.unwrap_or_else(|_| Err(abandoned()))
}

fn abandoned() -> StoreError {
    StoreError::Unavailable("the write was abandoned".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DatabaseUrl;
    use crate::store::Store;

    /// Notes a sign-in, and then does or does not go through with it.
    enum Note {
        Keep(i64),
        Fail(i64),
        Panic(i64),
    }

    impl Work for Note {
        type Output = ();

        async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
            let (Note::Keep(meter) | Note::Fail(meter) | Note::Panic(meter)) = self;
            sqlx::query("INSERT INTO sign_ins (meter, nonce, seen) VALUES ($1, $2, 0)")
                .bind(*meter)
                .bind(vec![0_u8; 16])
                .execute(tx)
                .await?;
            match self {
                Note::Keep(_) => Ok(()),
                Note::Fail(_) => Err(StoreError::Fault("as planned".to_owned())),
                Note::Panic(_) => panic!("as planned"),
            }
        }
    }

    async fn meters(store: &Store) -> Vec<i64> {
        let mut connection = store.reader().await.unwrap();
        let query = sqlx::query_scalar("SELECT meter FROM sign_ins ORDER BY meter");
        query.fetch_all(&mut *connection).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_that_fails_in_a_group_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::connect(&DatabaseUrl::sqlite_in(folder.path())).await.unwrap();
        let mut waiting = Vec::new();
        for meter in 1..=100 {
            let store = store.clone();
            let note = if meter % 3 == 0 { Note::Fail(meter) } else { Note::Keep(meter) };
            waiting.push(tokio::spawn(async move { store.write(note).await.is_ok() }));
        }
        for (meter, waiting) in (1_i64..).zip(waiting) {
            assert_eq!(waiting.await.unwrap(), meter % 3 != 0, "{meter}");
        }
        let kept: Vec<i64> = (1..=100).filter(|meter| meter % 3 != 0).collect();
        assert_eq!(meters(&store).await, kept);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_undoes_its_group_and_the_writer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::connect(&DatabaseUrl::sqlite_in(folder.path())).await.unwrap();
        assert!(store.write(Note::Panic(1)).await.is_err());
        store.write(Note::Keep(2)).await.unwrap();
        assert_eq!(meters(&store).await, [2]);
    }
}
