//! The one writer of an SQLite store: it takes what has queued up while the last commit was flushed and commits it
//! together, so that thirty refills cost one flush. Each piece of work stands in its own savepoint: one that fails takes
//! no other with it.

use std::future::Future;
use std::pin::Pin;

use sqlx::{AnyConnection, AnyPool, Connection};
use tokio::sync::{mpsc, oneshot};

use super::{StoreError, Work};

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
            let outcome = self.work.run(tx).await;
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
        while let Some(first) = jobs.recv().await {
            let mut group = vec![first];
            while group.len() < LARGEST_GROUP {
                match jobs.try_recv() {
                    Ok(job) => group.push(job),
                    Err(_) => break,
                }
            }
            let pool = pool.clone();
            // A task of its own: a panic ends this group and not the writer.
            let done = tokio::spawn(async move {
                let committed = commit(&pool, &mut group).await;
                for job in group {
                    job.settle(committed.clone());
                }
            });
            if let Err(error) = done.await {
                tracing::error!(%error, "a group of writes was abandoned");
            }
        }
        pool.close().await;
    });
    sender
}

async fn commit(pool: &AnyPool, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    if let [only] = group {
        if only.run(&mut tx).await {
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        return Ok(());
    }
    for job in group {
        let mut savepoint = tx.begin().await?;
        if job.run(&mut savepoint).await {
            savepoint.commit().await?;
        } else {
            savepoint.rollback().await?;
        }
    }
    tx.commit().await?;
    Ok(())
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
