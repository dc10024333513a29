//! The reference: the SQL of one refill and nothing else. The same statements on the same tables, prepared once, in one
//! transaction with its commit: by pgbench on PostgreSQL, by a bare loop over rusqlite on SQLite. It checks nothing, signs
//! nothing and decides nothing.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;

use crate::measure::Times;
use crate::postgres::Postgres;

/// What the store sends for one refill, in order (`comet/refill.rs`). `:meter`, `:customer` and `:number` are whose and which.
const STATEMENTS: [&str; 9] = [
    "SELECT * FROM meters WHERE serial = :meter",
    "UPDATE meters SET serial = serial WHERE serial = :meter RETURNING *",
    "UPDATE customers SET account = account WHERE account = :customer RETURNING *",
    "INSERT INTO transfers (customer, id, kind, meter, booked, memo, reverses)
     VALUES (:customer, 'reference-' || CAST(:number AS TEXT), 'refill', :meter, :number, 'Refill of a meter', NULL) RETURNING *",
    "INSERT INTO postings (customer, transfer, line, account, amount, currency) VALUES
     (:customer, 'reference-' || CAST(:number AS TEXT), 1, 'prepaid:10000001', -105000, 'CAD'),
     (:customer, 'reference-' || CAST(:number AS TEXT), 2, 'meter:TM0000001', 100000, 'CAD'),
     (:customer, 'reference-' || CAST(:number AS TEXT), 3, 'tax-gst:10000001', 5000, 'CAD') RETURNING *",
    "UPDATE customers SET locked = 0, prepaid = prepaid - 105000, credit_limit = 0, credit_used = 0,
     daily_advance_limit = NULL, advanced = 0, advanced_on = NULL WHERE account = :customer RETURNING *",
    "INSERT INTO refills (meter, sequence, digest, amount, tax, ascending, descending, pieces, booked, reply)
     VALUES (:meter, :number, {hash}, 100000, 5000, 1, 2, 3, :number, '{reply}') RETURNING *",
    "UPDATE meters SET state_reason = NULL, last_refill = :number, control_sum = :number, ascending = 1, descending = 2,
     pieces = 3, record_sequence = 0, next_inspection = '2026-12-22' WHERE serial = :meter RETURNING *",
    "INSERT INTO seals (subject, sequence, entries, digest)
     SELECT 'reference meter ' || CAST(:meter AS TEXT), COALESCE(MAX(sequence), 0) + 1, '{seal}', {hash}
     FROM seals WHERE subject = 'reference meter ' || CAST(:meter AS TEXT) UNION ALL
     SELECT 'reference account ' || CAST(:customer AS TEXT), COALESCE(MAX(sequence), 0) + 1, '{seal}', {hash}
     FROM seals WHERE subject = 'reference account ' || CAST(:customer AS TEXT)",
];

/// As many bytes as the store writes there.
const REPLY_BYTES: usize = 800;
const SEAL_BYTES: usize = 300;

/// Meters and accounts of the reference's own: where they begin, each with a row of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub(super) first_meter: i64,
    pub(super) first_account: i64,
}

fn statements(hash: &str) -> impl Iterator<Item = String> {
    STATEMENTS.into_iter().map(move |statement| {
        statement
            .replace("{hash}", hash)
            .replace("{reply}", &"r".repeat(REPLY_BYTES))
            .replace("{seal}", &"s".repeat(SEAL_BYTES))
    })
}

/// One connection to the file of an infrastructure, since SQLite has one writer.
pub(super) struct OnSqlite {
    connection: Connection,
    statements: Vec<String>,
    rows: Rows,
    number: i64,
}

impl OnSqlite {
    pub(super) fn open(file: &Path, rows: Rows) -> Result<OnSqlite> {
        let connection = Connection::open(file)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.busy_timeout(Duration::from_secs(10))?;
        Ok(OnSqlite {
            connection,
            statements: statements("zeroblob(32)").collect(),
            rows,
            number: 0,
        })
    }

    /// For about as long as `time`, one transaction after the other.
    pub(super) fn round(&mut self, time: Duration) -> Result<Times> {
        let (start, mut times) = (Instant::now(), Times::default());
        while start.elapsed() < time {
            let begin = Instant::now();
            self.once()?;
            times.push(begin.elapsed());
        }
        Ok(times)
    }

    fn once(&mut self) -> Result<()> {
        self.number += 1;
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for text in &self.statements {
            let mut statement = self.connection.prepare_cached(text)?;
            for (name, value) in [
                (":meter", self.rows.first_meter),
                (":customer", self.rows.first_account),
                (":number", self.number),
            ] {
                if let Some(index) = statement.parameter_index(name)? {
                    statement.raw_bind_parameter(index, value)?;
                }
            }
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

/// pgbench, `clients` at a time, each with a meter and an account of its own.
pub(super) fn on_postgresql(
    postgres: &Postgres,
    database: &str,
    rows: Rows,
    clients: usize,
    time: Duration,
) -> Result<Times> {
    let folder = postgres.shared_folder()?;
    let script = folder.path().join("refill.sql");
    let hash = "decode(repeat('00', 32), 'hex')";
    let mut text = format!(
        "\\set meter {} + :client_id\n\\set customer {} + :client_id\n\\set number random(1, 1000000000000)\nBEGIN;\n",
        rows.first_meter, rows.first_account
    );
    for statement in statements(hash) {
        text.push_str(&statement.replace('\n', " "));
        text.push_str(";\n");
    }
    text.push_str("COMMIT;\n");
    fs::write(&script, text)?;
    let seconds = time.as_secs().max(1).to_string();
    let log = folder.path().join("log");
    let clients = clients.to_string();
    let output = postgres
        .program("pgbench")
        .args(["-n", "-M", "prepared", "-U", "timbre", "-T", &seconds, "-c", &clients, "-l"])
        .arg(format!("--log-prefix={}", log.display()))
        .arg("-h")
        .arg(postgres.folder())
        .arg("-f")
        .arg(&script)
        .arg(database)
        .output()
        .context("pgbench comes with PostgreSQL")?;
    ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
    times(folder.path())
}

/// pgbench's log has a line for each transaction; the third word is microseconds.
fn times(folder: &Path) -> Result<Times> {
    let mut each = Times::default();
    let (mut first, mut last) = (f64::MAX, f64::MIN);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log")) {
            continue;
        }
        for line in fs::read_to_string(&path)?.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [_, _, took, _, seconds, micros] = words[..] else { continue };
            let took = Duration::from_micros(took.parse()?);
            let end = seconds.parse::<f64>()? + micros.parse::<f64>()? / 1e6;
            (first, last) = (first.min(end - took.as_secs_f64()), last.max(end));
            each.push(took);
        }
    }
    ensure!(each.count() > 0, "pgbench did nothing");
    Ok(Times::side_by_side(vec![each], Duration::from_secs_f64(last - first)))
}
