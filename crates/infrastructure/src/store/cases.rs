//! Cases: what did not add up about a meter, for a person to look into, from its finding to its resolution. What was done
//! about it is a list of events that only grows.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use timbre_funds::finding::{Evidence, Finding, Kind, Severity};
use timbre_postage::MeterSerial;

use super::StoreError;
use super::row::{Columns, stored};
use super::seals::{self, Subject};

mod state;

pub use state::{CaseState, Resolution};

/// Something about a meter that a person must look into.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Case {
    /// The meter.
    pub meter: MeterSerial,
    /// The number of the case among the meter's, from 1.
    pub number: u64,
    /// When it was opened.
    pub opened: Timestamp,
    /// What kind of thing, by the table of kinds: `control-sum-differs`.
    pub code: String,
    /// What was found and what was expected.
    pub detail: String,
    /// What tells it from another of its kind: `record 17`.
    pub about: String,
    /// How grave it is.
    pub severity: Severity,
    /// Where it stands.
    pub state: CaseState,
    /// Who looks into it.
    pub owner: Option<String>,
    /// What shows it.
    pub evidence: Evidence,
    /// When a person closed it.
    pub closed: Option<Timestamp>,
    /// How it ended.
    pub resolution: Option<Resolution>,
    /// … and in words.
    pub resolution_text: Option<String>,
    /// The earlier case of the same finding that was resolved.
    pub follows: Option<u64>,
}

/// Something that happened to a case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CaseEvent {
    /// From 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What, in kebab case: `opened`, `seen-again`, `assigned`, `noted`, `waiting`, `resolved`, `reopened`.
    pub what: String,
    /// The particulars.
    pub detail: String,
}

/// Who did what to a case, when.
pub(crate) struct Deed<'a> {
    pub(crate) at: Timestamp,
    pub(crate) who: &'a str,
    pub(crate) what: &'a str,
    pub(crate) detail: &'a str,
}

/// Who opens cases by itself.
const BY_ITSELF: &str = "timbre";

/// Opens a case; the meter's row must be locked. An open case of the same kind and detail is not opened twice.
pub(crate) async fn open(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    at: Timestamp,
    code: &'static str,
    detail: &str,
) -> Result<(), StoreError> {
    let finding = Finding {
        code,
        about: detail.to_owned(),
        message_fr: detail.to_owned(),
        message_en: detail.to_owned(),
        evidence: Evidence::default(),
    };
    open_finding(tx, meter, at, &finding).await?;
    Ok(())
}

/// Opens a case of a finding; the meter's row must be locked. The same finding is one case while that is open, and a new one
/// that follows it once it was resolved, unless a person explained this very evidence. Gives the number of a new case.
pub(crate) async fn open_finding(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    at: Timestamp,
    finding: &Finding,
) -> Result<Option<u64>, StoreError> {
    debug_assert!(
        Kind::of(finding.code).is_some(),
        "{} has no row in funds::finding",
        finding.code
    );
    let of_meter = of(&mut *tx, Some(meter)).await?;
    let same = |case: &&Case| case.code == finding.code && case.about == finding.about;
    let last = of_meter.iter().rfind(same);
    match last {
        Some(case) if case.state != CaseState::Resolved => {
            if case.evidence != finding.evidence {
                let known = events(tx, meter, case.number).await?;
                // What was said of it last is not said again.
                if known.last().is_none_or(|event| event.detail != finding.message_en) {
                    let detail = &finding.message_en;
                    let deed = Deed { at, who: BY_ITSELF, what: "seen-again", detail };
                    add_event(tx, meter, case.number, &deed).await?;
                }
            }
            return Ok(None);
        }
        Some(case)
            if case.resolution.is_some_and(Resolution::explains)
                && case.evidence == finding.evidence =>
        {
            return Ok(None);
        }
        _ => {}
    }
    let case = Case {
        meter,
        number: of_meter.last().map_or(1, |case| case.number + 1),
        opened: at,
        code: finding.code.to_owned(),
        detail: finding.message_en.clone(),
        about: finding.about.clone(),
        severity: Kind::of(finding.code).map_or(Severity::Serious, |kind| kind.severity),
        state: CaseState::Open,
        owner: None,
        evidence: finding.evidence.clone(),
        closed: None,
        resolution: None,
        resolution_text: None,
        follows: last.map(|case| case.number),
    };
    insert(tx, &case).await?;
    let deed = Deed { at, who: BY_ITSELF, what: "opened", detail: &case.detail };
    add_event(tx, meter, case.number, &deed).await?;
    Ok(Some(case.number))
}

async fn insert(tx: &mut AnyConnection, case: &Case) -> Result<(), StoreError> {
    let evidence = serde_json::to_string(&case.evidence)
        .map_err(|error| StoreError::Fault(error.to_string()))?;
    let row = sqlx::query(
        "INSERT INTO cases (meter, number, opened, code, detail, about, severity, state, evidence, follows)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *",
    )
    .bind(i64::from(case.meter.number()))
    .bind(stored(case.number)?)
    .bind(case.opened.as_microsecond())
    .bind(case.code.clone())
    .bind(case.detail.clone())
    .bind(case.about.clone())
    .bind(case.severity.as_str())
    .bind(case.state.as_str())
    .bind(evidence)
    .bind(case.follows.map(stored).transpose()?)
    .fetch_one(tx)
    .await?;
    seals::note(&seals::CASES, &Subject::Meter(case.meter), &row)
}

/// Writes back where a case stands, with what was done; the meter's row must be locked.
pub(crate) async fn update(
    tx: &mut AnyConnection,
    case: &Case,
    deed: &Deed<'_>,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "UPDATE cases SET state = $3, owner = $4, closed = $5, resolution = $6, resolution_text = $7
         WHERE meter = $1 AND number = $2 RETURNING *",
    )
    .bind(i64::from(case.meter.number()))
    .bind(stored(case.number)?)
    .bind(case.state.as_str())
    .bind(case.owner.clone())
    .bind(case.closed.map(Timestamp::as_microsecond))
    .bind(case.resolution.map(Resolution::as_str))
    .bind(case.resolution_text.clone())
    .fetch_one(&mut *tx)
    .await?;
    seals::note(&seals::CASES, &Subject::Meter(case.meter), &row)?;
    add_event(tx, case.meter, case.number, deed).await
}

async fn add_event(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    number: u64,
    deed: &Deed<'_>,
) -> Result<(), StoreError> {
    let sequence = events(tx, meter, number).await?.last().map_or(1, |event| event.sequence + 1);
    let row = sqlx::query(
        "INSERT INTO case_events (meter, number, sequence, at, who, what, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *",
    )
    .bind(i64::from(meter.number()))
    .bind(stored(number)?)
    .bind(stored(sequence)?)
    .bind(deed.at.as_microsecond())
    .bind(deed.who.to_owned())
    .bind(deed.what.to_owned())
    .bind(deed.detail.to_owned())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::CASE_EVENTS, &Subject::Meter(meter), &row)
}

/// What happened to a case, oldest first.
pub(crate) async fn events(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    number: u64,
) -> Result<Vec<CaseEvent>, StoreError> {
    let rows =
        sqlx::query("SELECT * FROM case_events WHERE meter = $1 AND number = $2 ORDER BY sequence")
            .bind(i64::from(meter.number()))
            .bind(stored(number)?)
            .fetch_all(connection)
            .await?;
    let read = |row| {
        let row = Columns(row);
        Ok(CaseEvent {
            sequence: row.number("sequence")?,
            at: row.instant("at")?,
            who: row.text("who")?,
            what: row.text("what")?,
            detail: row.text("detail")?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// The cases of one meter, or of all.
pub(crate) async fn of(
    connection: &mut AnyConnection,
    meter: Option<MeterSerial>,
) -> Result<Vec<Case>, StoreError> {
    let query = match meter {
        None => sqlx::query("SELECT * FROM cases ORDER BY meter, number"),
        Some(meter) => sqlx::query("SELECT * FROM cases WHERE meter = $1 ORDER BY number")
            .bind(i64::from(meter.number())),
    };
    query.fetch_all(connection).await?.into_iter().map(read).collect()
}

/// One case.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    meter: MeterSerial,
    number: u64,
) -> Result<Option<Case>, StoreError> {
    let row = sqlx::query("SELECT * FROM cases WHERE meter = $1 AND number = $2")
        .bind(i64::from(meter.number()))
        .bind(stored(number)?)
        .fetch_optional(connection)
        .await?;
    row.map(read).transpose()
}

/// A case from before there were states is open until it is closed.
fn read(row: AnyRow) -> Result<Case, StoreError> {
    let row = Columns(row);
    let closed = row.optional_instant("closed")?;
    let unnamed = || if closed.is_some() { CaseState::Resolved } else { CaseState::Open };
    let evidence = row.optional_text("evidence")?.map(|text| {
        serde_json::from_str(&text).map_err(|error| StoreError::unreadable("evidence", error))
    });
    let detail = row.text("detail")?;
    Ok(Case {
        meter: row.serial("meter")?,
        number: row.number("number")?,
        opened: row.instant("opened")?,
        code: row.text("code")?,
        about: row.optional_text("about")?.unwrap_or_else(|| detail.clone()),
        detail,
        severity: row.optional_parsed("severity")?.unwrap_or(Severity::Serious),
        state: row.optional_parsed("state")?.unwrap_or_else(unnamed),
        owner: row.optional_text("owner")?,
        evidence: evidence.transpose()?.unwrap_or_default(),
        closed,
        resolution: row.optional_parsed("resolution")?,
        resolution_text: row.optional_text("resolution_text")?,
        follows: row.optional_number("follows")?,
    })
}

/// Resolves every open case of a meter, whose row must be locked.
pub(crate) async fn close_all(
    tx: &mut AnyConnection,
    meter: MeterSerial,
    at: Timestamp,
    who: &str,
    why: &str,
) -> Result<(), StoreError> {
    let of_meter = of(&mut *tx, Some(meter)).await?;
    for mut case in of_meter.into_iter().filter(|case| case.state != CaseState::Resolved) {
        case.state = CaseState::Resolved;
        case.closed = Some(at);
        case.resolution = Some(Resolution::Lifted);
        case.resolution_text = Some(why.to_owned());
        update(tx, &case, &Deed { at, who, what: "resolved", detail: why }).await?;
    }
    Ok(())
}
