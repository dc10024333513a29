//! The database under the services: gone and back, shared by two processes, and the requests in progress at a stop.

use std::time::Duration;

use sqlx::{AnyConnection, Connection};
use timbre_infrastructure::{Config, Staff, serve};
use timbre_protocol::Refill;

use crate::support::{Postgres, World, cad, client_trusting};

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_stops_and_comes_back_needs_no_restart_of_ours() {
    let server = Postgres::start_new("restarted");
    let world = World::on(Some(server.new_database())).await;
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "20").await;
    server.stop();
    let request = device.refill("30");
    let sent = world.send::<Refill>(&device, &request).await;
    assert!(sent.text.contains("retry-after-seconds"), "{}", sent.text);
    assert_eq!(sent.refused(), (503, "unavailable".to_owned()));
    let (status, health) = world.admin("/health").await;
    assert_eq!(status, 503, "{health}");
    let (_, metrics) = world.admin("/metrics").await;
    assert!(metrics.contains("timbre_database_errors_total 1"), "{metrics}");
    server.start();
    device.apply(&world.send::<Refill>(&device, &request).await.reply());
    assert_eq!(world.admin("/health").await.0, 200);
    let customer = world.staff.customer(world.customer.account).await.unwrap();
    assert_eq!(customer.prepaid, cad("947.50"));
    world.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sqlite_file_that_somebody_holds_is_waited_for_and_then_refused() {
    let world = World::on_sqlite().await;
    world.deposit("1000").await;
    let device = world.installed(42).await;
    let mut other = world.connection().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let request = device.refill("30");
    let sent = world.send::<Refill>(&device, &request).await;
    assert_eq!(sent.refused(), (503, "unavailable".to_owned()));
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    world.send::<Refill>(&device, &request).await.reply();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_one_postgresql() {
    let world = World::on_postgres().await;
    world.deposit("1000").await;
    // Another folder with the same authority and keys, as on another machine.
    let second = serve(Config { ..world.config.clone() }).await.unwrap();
    let client = client_trusting(&second.ca_pem, second.https_addr);
    let mut device = world.installed(42).await;
    let request = device.refill("100");
    let first = world.send::<Refill>(&device, &request).await;
    let world = World { client, running: second, ..world };
    // The token of the one is good at the other, and so is its refill.
    let again = world.send::<Refill>(&device, &request).await;
    assert_eq!(first.text, again.text);
    device.apply(&again.reply());
    world.refill(&mut device, "50").await;
    let customer = world.staff.customer(world.customer.account).await.unwrap();
    assert_eq!(customer.prepaid, cad("842.50"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_with_the_keys_of_another_deployment_is_not_let_in() {
    let world = World::on_postgres().await;
    let folder = tempfile::tempdir().unwrap();
    let other = Config { data_dir: folder.path().to_owned(), ..world.config.clone() };
    let error = serve(other.clone()).await.unwrap_err().to_string();
    assert!(error.contains("authority here is not that of the deployment"), "{error}");
    assert!(!error.contains("host="), "{error}");
    assert!(Staff::open(&other, "Mallory").await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_from_before_the_catalogues_is_brought_up_to_date_and_loses_nothing() {
    for world in [World::on_sqlite().await, World::on_postgres().await] {
        world.deposit("1000").await;
        let mut other = world.connection().await;
        for sql in ["DROP TABLE catalogues", "DELETE FROM _sqlx_migrations WHERE version = 2"] {
            sqlx::query(sql).execute(&mut other).await.unwrap();
        }
        other.close().await.unwrap();
        let (config, account) = (world.config.clone(), world.customer.account);
        world.running.shutdown().await;
        let running = serve(config).await.unwrap();
        let staff = running.staff("scenario");
        assert_eq!(staff.customer(account).await.unwrap().prepaid, cad("1000"));
        assert_eq!(staff.catalogues().await.unwrap().len(), 4);
        running.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_progress_at_a_stop_is_answered() {
    let world = World::on_sqlite().await;
    world.deposit("1000").await;
    let device = world.installed(42).await;
    // A writer from outside holds the refill up while the stop begins.
    let mut other = world.connection().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let request =
        world.client.post(world.url::<Refill>()).header("Content-Type", "application/xml");
    let token = format!("Timbre {}", device.token.as_deref().unwrap());
    let body = timbre_protocol::write(&device.refill("100"));
    let refill = tokio::spawn(request.header("Authorization", token).body(body).send());
    while !world.admin("/metrics").await.1.contains("timbre_requests_in_progress 1") {
        tokio::task::yield_now().await;
    }
    let url = world.url::<Refill>();
    let stopped = tokio::spawn(world.running.shutdown());
    // New callers are turned away at once.
    while world.client.get(&url).timeout(Duration::from_secs(1)).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopped.is_finished());
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    let reply = refill.await.unwrap().unwrap();
    assert_eq!(reply.status(), 200);
    assert!(reply.text().await.unwrap().contains("refill-reply"));
    stopped.await.unwrap();
    other.close().await.unwrap();
}

impl World {
    /// A connection past the infrastructure, to do to the database what the infrastructure never would.
    pub(crate) async fn connection(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let url = match self.config.database.to_string() {
            url if url.starts_with("sqlite") => url,
            _ => self.database.clone().expect("a PostgreSQL"),
        };
        AnyConnection::connect(&url).await.expect("the database answers")
    }

    /// Tampers.
    pub(crate) async fn alter(&self, sql: &'static str) {
        let mut connection = self.connection().await;
        let done = sqlx::query(sql).execute(&mut connection).await.expect("the database obeys");
        assert!(done.rows_affected() > 0, "{sql}");
        connection.close().await.expect("closed");
    }
}
