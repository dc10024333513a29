//! The audit (REQ FUNDS-6, SEC-3): whatever is altered past the program is found and named, on both databases; a head finds
//! what the books alone cannot show; an export is checked by Python and openssl.

use std::path::Path;
use std::process::Command;

use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{AnyConnection, AssertSqlSafe, Column, Connection, Row, ValueRef};
use timbre_infrastructure::staff::{CaseDeed, ExportFilter, Verification};
use timbre_infrastructure::{Resolution, Staff};
use timbre_protocol::{Inspection, TransactionUpload};

use crate::support::{World, cad, on_both};

on_both!(
    books_that_nobody_touched_are_intact,
    every_value_of_every_row_that_is_altered_is_named,
    a_row_that_is_removed_or_added_is_named,
    a_head_finds_books_that_were_put_back,
    an_export_is_checked_by_python_and_openssl,
    a_database_from_before_the_seals_is_sealed_as_it_is_found,
);

/// A customer, a meter that was refilled, inspected, has franked and uploaded, and a case that was resolved.
pub(crate) async fn busy(world: &World) {
    world.deposit("1000").await;
    let mut device = world.installed(42).await;
    world.refill(&mut device, "100").await;
    device.frank(3, "1.44");
    world.upload(&device, 1).await;
    let inspection = device.sign(device.inspection_draft());
    world.send::<Inspection>(&device, &inspection).await.reply();
    let mut altered = device.upload_draft(1);
    altered.records[1].amount = cad("0.44");
    world.send::<TransactionUpload>(&device, &device.sign(altered)).await.refused();
    let assign = CaseDeed::Assign { owner: "Alice".to_owned() };
    world.staff.on_case(device.serial, 1, assign).await.unwrap();
    let text = "a cable".to_owned();
    let resolve = CaseDeed::Resolve { resolution: Resolution::Explained, text };
    world.staff.on_case(device.serial, 1, resolve).await.unwrap();
    world.staff.publish_rates(timbre_postage::rates::shipped()[0].1).await.unwrap();
}

async fn verified(staff: &Staff) -> Verification {
    staff.verify_books(None, None).await.unwrap()
}

async fn books_that_nobody_touched_are_intact(world: World) {
    busy(&world).await;
    let verified = verified(&world.staff).await;
    assert!(verified.intact, "{:#?}", verified.damages);
    assert_eq!(verified.rows["refills"], 1);
    assert_eq!(verified.rows["records"], 4);
    assert_eq!(verified.rows["postings"], 2 + 3 + 2, "a deposit, a refill with its tax, usage");
}

/// A value as a statement writes it.
#[derive(Clone, PartialEq, Debug)]
enum Value {
    Nothing,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    fn of(row: &AnyRow, column: &str) -> Value {
        let value = row.try_get_raw(column).unwrap();
        if value.is_null() {
            return Value::Nothing;
        }
        match value.type_info().kind() {
            AnyTypeInfoKind::Text => Value::Text(row.get(column)),
            AnyTypeInfoKind::Blob => Value::Bytes(row.get(column)),
            _ => Value::Number(row.get(column)),
        }
    }

    /// The smallest change.
    fn altered(&self) -> Option<Value> {
        Some(match self {
            Value::Nothing => return None,
            Value::Number(number) => Value::Number(number + 1),
            Value::Text(text) => Value::Text(format!("{text}x")),
            Value::Bytes(bytes) => {
                let mut bytes = bytes.clone();
                *bytes.last_mut()? ^= 1;
                Value::Bytes(bytes)
            }
        })
    }

    fn sql(&self, postgres: bool) -> String {
        match self {
            Value::Nothing => "NULL".to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Value::Bytes(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                if postgres { format!("'\\x{digits}'::bytea") } else { format!("x'{digits}'") }
            }
        }
    }
}

type Values = Vec<(String, Value)>;

async fn table(raw: &mut AnyConnection, table: &str) -> Result<Vec<Values>, sqlx::Error> {
    let sql = format!("SELECT * FROM {table}");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(raw).await?;
    let names =
        |row: &AnyRow| row.columns().iter().map(|column| column.name().to_owned()).collect();
    let values = |row: &AnyRow| {
        let names: Vec<String> = names(row);
        names.into_iter().map(|name| (name.clone(), Value::of(row, &name))).collect()
    };
    Ok(rows.iter().map(values).collect())
}

/// Puts `to` in one column of the row that holds `row`.
async fn set(
    raw: &mut AnyConnection,
    table: &str,
    row: &Values,
    column: &str,
    to: &Value,
    postgres: bool,
) {
    let is = |(name, value): &(String, Value)| {
        format!("{name} IS NOT DISTINCT FROM {}", value.sql(postgres))
    };
    let conditions: Vec<String> = row.iter().map(is).collect();
    let sql = format!(
        "UPDATE {table} SET {column} = {} WHERE {}",
        to.sql(postgres),
        conditions.join(" AND ")
    );
    let done = sqlx::query(AssertSqlSafe(sql.clone())).execute(raw).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{sql}");
}

const TABLES: [&str; 13] = [
    "audit",
    "blocks",
    "case_events",
    "cases",
    "customers",
    "inspections",
    "meters",
    "postings",
    "rate_tables",
    "records",
    "refills",
    "seals",
    "transfers",
];

async fn every_value_of_every_row_that_is_altered_is_named(world: World) {
    busy(&world).await;
    let postgres = world.database.is_some();
    let mut raw = world.unguarded().await;
    let mut altered = 0;
    for name in TABLES {
        let rows = table(&mut raw, name).await.unwrap();
        let row = rows.last().unwrap_or_else(|| panic!("{name} holds nothing to alter"));
        for (index, (column, value)) in row.iter().enumerate() {
            let Some(to) = value.altered() else { continue };
            set(&mut raw, name, row, column, &to, postgres).await;
            let found = verified(&world.staff).await;
            let named = found.damages.iter().any(|damage| damage.table == name);
            assert!(named, "{name}.{column} = {to:?}: {:#?}", found.damages);
            let mut now = row.clone();
            now[index].1 = to;
            set(&mut raw, name, &now, column, value, postgres).await;
            altered += 1;
        }
    }
    assert!(altered > 100, "{altered} values were altered");
    let put_back = verified(&world.staff).await;
    assert!(put_back.intact, "{:#?}", put_back.damages);
    raw.close().await.unwrap();
}

async fn a_row_that_is_removed_or_added_is_named(world: World) {
    busy(&world).await;
    let mut raw = world.unguarded().await;
    for (sql, table, row) in [
        ("DELETE FROM refills", "refills", "42/1"),
        ("DELETE FROM inspections", "inspections", "42/1/1"),
        ("DELETE FROM case_events WHERE sequence = 3", "case_events", "42/1/3"),
        ("DELETE FROM records WHERE sequence = 4", "records", "42/3"),
        ("DELETE FROM seals WHERE subject = 'rates'", "rate_tables", "ca-retail-2013-01-14"),
        (
            "INSERT INTO transfers (customer, id, kind, booked, memo) VALUES (10000001, 'gift', 'deposit', 1, '')",
            "transfers",
            "10000001/gift",
        ),
        (
            "INSERT INTO customers (account, name, postal_code, language, currency, locked, prepaid, credit_limit,
                credit_used, advanced, created)
             VALUES (10000009, 'Mallory', 'H2X 1Y4', 'fr', 'CAD', 0, 0, 0, 0, 0, 0)",
            "customers",
            "10000009",
        ),
    ] {
        sqlx::query(sql).execute(&mut raw).await.unwrap();
        let found = verified(&world.staff).await;
        let named = found.damages.iter().any(|damage| (damage.table.as_str(), damage.row.as_str()) == (table, row));
        assert!(named, "{sql}: {:#?}", found.damages);
    }
    raw.close().await.unwrap();
}

async fn a_head_finds_books_that_were_put_back(world: World) {
    busy(&world).await;
    world.deposit("77").await;
    let head = world.staff.audit_head().await.unwrap();
    let read = world.staff.read_head(head.text()).await.unwrap();
    assert_eq!(read, head);
    world.deposit("5").await;
    let found = world.staff.verify_books(Some(read.clone()), None).await.unwrap();
    assert!(found.intact, "the books go on: {:#?}", found.damages);
    // Two deposits are taken back, seals and all, as if the database were an older copy.
    for sql in [
        "DELETE FROM postings WHERE transfer IN ('deposit-77', 'deposit-5')",
        "DELETE FROM transfers WHERE id IN ('deposit-77', 'deposit-5')",
        "DELETE FROM audit WHERE subject = 'account 10000001' AND sequence > 2",
        "UPDATE customers SET prepaid = prepaid - 82000",
        "DELETE FROM seals WHERE subject = 'account 10000001' AND sequence > 3",
    ] {
        world.alter(sql).await;
    }
    assert!(verified(&world.staff).await.intact, "by themselves the books cannot show it");
    let found = world.staff.verify_books(Some(read), None).await.unwrap();
    assert_eq!(found.damages.len(), 1, "{:#?}", found.damages);
    assert_eq!(found.damages[0].subject, "account 10000001");
    let forged = head.text().replace("account 10000001", "account 10000002");
    assert_eq!(world.staff.read_head(&forged).await.unwrap_err().code(), "audit-head");
}

async fn a_database_from_before_the_seals_is_sealed_as_it_is_found(world: World) {
    busy(&world).await;
    world.alter("DELETE FROM seals").await;
    assert!(!verified(&world.staff).await.intact);
    let desk = Staff::open(&world.config, "Alice").await.unwrap();
    let found = verified(&desk).await;
    assert!(found.intact, "{:#?}", found.damages);
    let told = desk.audit_log(Some("books")).await.unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].detail.ends_with("rows were sealed as they were found"), "{}", told[0].detail);
    // Once is all: seals that are gone later are missed.
    world.alter("DELETE FROM seals").await;
    desk.close().await;
    let desk = Staff::open(&world.config, "Alice").await.unwrap();
    assert!(!verified(&desk).await.intact);
    desk.close().await;
}

async fn an_export_is_checked_by_python_and_openssl(world: World) {
    busy(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export");
    let manifest = world.staff.export_books(&export, ExportFilter::default(), None).await.unwrap();
    assert!(manifest.files.iter().any(|file| file.file == "tables/records.csv"));
    let again = world.staff.export_books(&export, ExportFilter::default(), None).await;
    assert_eq!(again.unwrap_err().code(), "export", "a folder that holds something");
    let judged = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(&export).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let openssl = [
        "dgst",
        "-sha256",
        "-verify",
        "audit-key.pem",
        "-signature",
        "manifest.json.sig",
        "manifest.json",
    ];
    assert_eq!(judged("openssl", &openssl), (true, "Verified OK\n".to_owned()));
    assert_eq!(judged("python3", &["verify.py"]), (true, "OK\n".to_owned()));
    // A cent more in one posting, and in the manifest the hash that goes with it.
    let postings = export.join("tables/postings.csv");
    let text = std::fs::read_to_string(&postings).unwrap();
    std::fs::write(&postings, text.replacen("100000", "110000", 1)).unwrap();
    let (sound, said) = judged("python3", &["verify.py"]);
    assert!(!sound && said.contains("postings.csv is not the file of the manifest"), "{said}");
    assert!(said.contains("is not what was sealed") && said.contains("sums to"), "{said}");
    let part = folder.path().join("part");
    let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
    let filter =
        ExportFilter { from: Some(today), to: Some(today), meter: "TM0000042".parse().ok() };
    world.staff.export_books(&part, filter, None).await.unwrap();
    let output = Command::new("python3").arg("verify.py").current_dir(&part).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "OK\n");
}

/// Bytes of the SQLite file itself: either the file does not open, or the verification says what is wrong, or what the
/// file holds is not changed at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_of_the_file_that_is_flipped_is_found() {
    let world = World::on_sqlite().await;
    busy(&world).await;
    let (config, folder) = (world.config.clone(), tempfile::tempdir().unwrap());
    sqlx::any::install_default_drivers();
    world.running.shutdown().await;
    let file = config.data_dir.join("infrastructure.db");
    // What is in the log beside the file moves into it.
    let mut raw = AnyConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let sound = std::fs::read(&file).unwrap();
    let honest = contents(&file).await.unwrap();
    let seed = u64::from(std::process::id());
    let (mut found, mut harmless) = (0, 0);
    for turn in 0..30_u64 {
        // A step that is prime to the length visits the file from end to end.
        let position = usize::try_from((seed + turn * 7_919 * 31) % sound.len() as u64).unwrap();
        let mut bytes = sound.clone();
        bytes[position] ^= 1 << (turn % 8);
        let copy = folder.path().join(format!("{turn}.db"));
        std::fs::write(&copy, &bytes).unwrap();
        let read = contents(&copy).await;
        let same = read.as_ref().is_ok_and(|contents| *contents == honest);
        std::fs::write(&file, &bytes).unwrap();
        let intact = match Staff::open(&config, "auditor").await {
            Err(_) => false,
            Ok(desk) => {
                let verified = desk.verify_books(None, None).await;
                desk.close().await;
                verified.is_ok_and(|verified| verified.intact)
            }
        };
        assert!(
            !intact || same,
            "byte {position} of the file was flipped (seed {seed}, turn {turn}), and nothing was found: {:?}",
            read.map(|contents| contents.into_iter().zip(&honest).find(|(now, was)| now != *was)),
        );
        if intact {
            harmless += 1
        } else {
            found += 1
        }
        for left in ["infrastructure.db-wal", "infrastructure.db-shm"] {
            let _ = std::fs::remove_file(config.data_dir.join(left));
        }
    }
    assert!(found > 0, "of 30 bytes, {harmless} hold nothing");
}

/// Everything in the tables of money, read past the program.
async fn contents(file: &Path) -> Result<Vec<Vec<Values>>, sqlx::Error> {
    sqlx::any::install_default_drivers();
    let mut raw = AnyConnection::connect(&format!("sqlite://{}", file.display())).await?;
    let mut contents = Vec::new();
    for name in TABLES {
        contents.push(table(&mut raw, name).await?);
    }
    raw.close().await?;
    Ok(contents)
}

impl World {
    /// A connection whose alterations no foreign key stops: what a person with the database’s own tools does.
    async fn unguarded(&self) -> AnyConnection {
        let mut raw = self.connection().await;
        let sql = match self.database {
            Some(_) => "SET session_replication_role = replica",
            None => "PRAGMA foreign_keys = OFF",
        };
        sqlx::query(sql).execute(&mut raw).await.unwrap();
        raw
    }
}
