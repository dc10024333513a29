//! What is done when a device or its registers look wrong: a case for a person, a line in the audit log, and by policy
//! no more funds for the meter.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_funds::MeterState;

use crate::store::meters::{self, Meter};
use crate::store::{StoreError, audit, cases};

/// Something that no honest device does.
pub(crate) struct Suspicion<'a> {
    /// The kind, in kebab case.
    pub(crate) code: &'a str,
    /// What was found and what was expected.
    pub(crate) detail: &'a str,
    /// Whether the meter is to be suspended over it.
    pub(crate) suspends: bool,
}

/// Opens the case and suspends the meter, which must be locked.
pub(crate) async fn act(
    tx: &mut AnyConnection,
    meter: &mut Meter,
    suspicion: &Suspicion<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Suspicion { code, detail, suspends } = suspicion;
    cases::open(tx, meter.serial, now, code, detail).await?;
    let subject = meter.serial.to_string();
    audit::append(tx, &subject, now, &subject, code, (*detail).to_owned()).await?;
    if *suspends && meter.state == MeterState::Installed {
        meter.state = MeterState::Suspended;
        meter.state_reason = Some(format!("{code}: {detail}"));
        meters::update(tx, meter).await?;
        let why = format!("by policy: {code}");
        audit::append(tx, &subject, now, "policy", "suspended", why).await?;
    }
    Ok(())
}
