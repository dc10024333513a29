//! What is done when a device or its registers look wrong: a case for a person, a line in the audit log, and by policy
//! no more funds for the meter.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_funds::MeterState;
use timbre_funds::finding::Finding;
use timbre_protocol::inspection::SuspensionCause;

use crate::store::meters::{self, Meter};
use crate::store::{StoreError, audit, cases};

/// Something that no honest device does.
pub(crate) struct Suspicion<'a> {
    /// The kind, in kebab case.
    pub(crate) code: &'static str,
    /// What was found and what was expected.
    pub(crate) detail: &'a str,
    /// Whether the meter is to be suspended over it.
    pub(crate) suspends: bool,
}

/// Opens the case of a finding with its evidence, and suspends the meter, which must be locked, where the policy says so.
pub(crate) async fn found(
    tx: &mut AnyConnection,
    meter: &mut Meter,
    finding: &Finding,
    suspends: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (code, detail) = (finding.code, finding.message_en.as_str());
    if cases::open_finding(tx, meter.serial, now, finding).await?.is_some() {
        let subject = meter.serial.to_string();
        audit::append(tx, &subject, now, &subject, code, detail.to_owned()).await?;
    }
    suspend(tx, meter, &Suspicion { code, detail, suspends }, now).await
}

/// Opens the case and suspends the meter, which must be locked.
pub(crate) async fn act(
    tx: &mut AnyConnection,
    meter: &mut Meter,
    suspicion: &Suspicion<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Suspicion { code, detail, .. } = suspicion;
    cases::open(tx, meter.serial, now, code, detail).await?;
    let subject = meter.serial.to_string();
    audit::append(tx, &subject, now, &subject, code, (*detail).to_owned()).await?;
    suspend(tx, meter, suspicion, now).await
}

async fn suspend(
    tx: &mut AnyConnection,
    meter: &mut Meter,
    suspicion: &Suspicion<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Suspicion { code, detail, suspends } = suspicion;
    if *suspends && meter.state == MeterState::Installed {
        meter.state = MeterState::Suspended;
        meter.state_reason = Some(format!("{code}: {detail}"));
        meter.state_cause = Some(match *code {
            "device-cloned" | "state-rolled-back" => SuspensionCause::Malfunction,
            _ => SuspensionCause::Registers,
        });
        meters::update(tx, meter).await?;
        let why = format!("by policy: {code}");
        let subject = meter.serial.to_string();
        audit::append(tx, &subject, now, "policy", "suspended", why).await?;
    }
    Ok(())
}
