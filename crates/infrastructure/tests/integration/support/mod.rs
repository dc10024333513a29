//! What the scenarios stand on: a PostgreSQL of their own, a running infrastructure, a device that signs.

mod device;
mod postgres;
mod raw;
mod world;

pub(crate) use device::{Device, cad, nonce};
pub(crate) use postgres::Postgres;
pub(crate) use raw::{Raw, Reply};
pub(crate) use world::{World, answered, client_trusting, roots, trusting};

/// Runs each scenario on SQLite and on PostgreSQL, as a test of its own.
macro_rules! on_both {
    ($($scenario:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    super::$scenario(crate::support::World::on_sqlite().await).await;
                }
            )+
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    super::$scenario(crate::support::World::on_postgres().await).await;
                }
            )+
        }
    };
}
pub(crate) use on_both;
