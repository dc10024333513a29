//! Startup refresh (REQ DL-1): what there is that the meter lacks, and what it should do next.

use jiff::{Timestamp, ToSpan};
use sqlx::AnyConnection;
use timbre_catalogue::{Endpoint, endpoint};
use timbre_postage::MeterSerial;
use timbre_protocol::replacement::MachineSettings;
use timbre_protocol::startup_refresh::{Reply, Request, ServiceStatus, TableVersion, Task};
use timbre_protocol::write;

use crate::call::{self, Call, today};
use crate::deployment::Deployment;
use crate::refusal::Refused;
use crate::store::meters::{self, Meter};
use crate::store::{
    StoreError, Work, blocks, inspections, machine_settings, rate_tables, replacements,
};

/// A meter keeps a table this long after its last day, for the pieces of the days before.
const KEPT_DAYS: i64 = 31;

pub(crate) async fn handle(deployment: &Deployment, call: &Call) -> Result<String, Refused> {
    let request: Request = call.read()?;
    call.signed_in(deployment, request.serial)?;
    let meter = call::known(deployment, request.serial).await?;
    if request.block_version > meter.block_confirmed {
        let (serial, version) = (request.serial, request.block_version);
        deployment.store.write(Confirm { serial, version, now: call.now }).await?;
    }
    let mut connection = deployment.store.reader().await?;
    let oldest = today(call.now).saturating_sub(KEPT_DAYS.days());
    let tables = rate_tables::all(&mut connection).await?;
    let rate_tables: Vec<TableVersion> = tables
        .into_iter()
        .filter(|table| table.currency == meter.currency)
        .filter(|table| table.effective_until.is_none_or(|last| last >= oldest))
        .map(|table| TableVersion { name: table.name, digest: table.digest })
        .collect();
    let last = inspections::last(&mut connection, meter.serial, meter.currency).await?;
    let outstanding = last.is_some_and(|last| last.record_sequence > meter.record_sequence);
    let replaced = replacements::by(&mut connection, meter.serial, meter.currency).await?;
    let mut tasks = tasks(&meter, &request, call, outstanding);
    if replaced.is_some_and(|replaced| request.replaces != Some(replaced.meter)) {
        tasks.push(Task::FetchConfiguration);
    }
    let known = machine_settings::find(&mut connection, meter.serial).await?;
    drop(connection);
    if let Some(settings) = request.settings.clone().filter(|told| known.as_ref() != Some(told)) {
        keep(deployment, &meter, settings, call.now).await?;
    }
    let lacking = rate_tables.iter().any(|table| !request.rate_tables.contains(table));
    let changed = |id: &timbre_catalogue::EndpointId| match id {
        id if *id == endpoint::RATE_DOWNLOAD => lacking,
        id if *id == endpoint::INSTALLATION => tasks.contains(&Task::RenewBlock),
        id if *id == endpoint::REPLACEMENT => tasks.contains(&Task::FetchConfiguration),
        _ => false,
    };
    let status =
        |row: &Endpoint| ServiceStatus { name: row.id.to_string(), changed: changed(&row.id) };
    let services = deployment.exchanges().map(status).collect();
    Ok(write(&Reply { server_time: call.now, services, rate_tables, tasks }))
}

/// Keeps what the customer set on the machine, for one that takes its place. What cannot be settings of this machine is
/// not kept: it decides nothing here, so it is no reason to refuse the machine its refresh.
async fn keep(
    deployment: &Deployment,
    meter: &Meter,
    settings: MachineSettings,
    now: Timestamp,
) -> Result<(), Refused> {
    let amounts = [settings.refill_threshold, settings.refill_amount];
    let fits = amounts.iter().all(|amount| amount.currency() == meter.currency);
    if fits && ["fr", "en"].contains(&settings.language.as_str()) {
        deployment.store.write(Keep { serial: meter.serial, settings, now }).await?;
    }
    Ok(())
}

struct Keep {
    serial: MeterSerial,
    settings: MachineSettings,
    now: Timestamp,
}

impl Work for Keep {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        machine_settings::keep(tx, self.serial, &self.settings, self.now).await
    }
}

fn tasks(meter: &Meter, request: &Request, call: &Call, outstanding: bool) -> Vec<Task> {
    let mut tasks = Vec::new();
    if request.block_version < meter.block_version {
        tasks.push(Task::RenewBlock);
    }
    let due = meter.next_inspection.is_some_and(|due| due <= today(call.now));
    if due || meter.order_waits() {
        tasks.push(Task::Inspect);
    }
    if outstanding {
        tasks.push(Task::UploadTransactions);
    }
    tasks
}

/// The device obeys a block that it had not shown before.
struct Confirm {
    serial: MeterSerial,
    version: u32,
    now: Timestamp,
}

impl Work for Confirm {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        if let Some(mut meter) = meters::lock(tx, self.serial).await?
            && blocks::confirm(tx, &mut meter, self.version, self.now).await?
        {
            meters::update(tx, &meter).await?;
        }
        Ok(())
    }
}
