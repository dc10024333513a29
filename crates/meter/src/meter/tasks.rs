//! Carrying out what a trigger asks for, in order.

use std::collections::VecDeque;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use timbre_postage::Language;
use timbre_psd::State;

use super::{
    Configuration, Inspected, Installed, Meter, RefillReceipt, Refreshed, Uploaded, Withdrawn,
};
use crate::error::{MeterError, Refusal};
use crate::trigger::{Snapshot, Task, Trigger, plan};

/// What a task brought.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// The operational block is installed.
    Installed(Installed),
    /// Services and rates are refreshed.
    Refreshed(Refreshed),
    /// Funds were added.
    Refilled(RefillReceipt),
    /// A pending refill turned out never to have happened.
    NothingPending,
    /// The device was inspected.
    Inspected(Inspected),
    /// Records were uploaded.
    Uploaded(Uploaded),
    /// The configuration data of the meter before is here.
    Configured(Box<Configuration>),
    /// What was left was given back.
    Withdrawn(Withdrawn),
}

/// A task and how it went.
#[derive(Debug)]
pub struct TaskReport {
    /// What was to be done.
    pub task: Task,
    /// What came of it.
    pub result: Result<Outcome, MeterError>,
}

impl Meter {
    /// Carries out what `trigger` asks for. A refused task does not keep the next from being tried; a
    /// fault or a breach does, because the way to the infrastructure is the same for all.
    pub async fn trigger(&mut self, trigger: Trigger) -> Vec<TaskReport> {
        let mut tasks: VecDeque<Task> = plan(trigger, &self.snapshot()).into();
        let mut reports: Vec<TaskReport> = Vec::new();
        if let Some(first) = tasks.front().copied() {
            match self.waiting().await {
                // A device that leaves service heeds nothing more.
                Ok(_) if self.state() == State::WithdrawPending => {}
                Ok(waiting) => put_first(&mut tasks, &waiting),
                // Whoever is refused a sign-in hears it from each task.
                Err(MeterError::Refusal(_)) => {}
                Err(error) => return vec![TaskReport { task: first, result: Err(error) }],
            }
        }
        while let Some(task) = tasks.pop_front() {
            let result = self.carry_out(task).await;
            if let Ok(Outcome::Refreshed(refreshed)) = &result {
                for wanted in &refreshed.tasks {
                    let planned = tasks.iter().chain(reports.iter().map(|report| &report.task));
                    if !planned.into_iter().any(|other| other.as_str() == wanted.as_str()) {
                        tasks.push_back(*wanted);
                    }
                }
            }
            let goes_on = matches!(result, Ok(_) | Err(MeterError::Refusal(_)));
            reports.push(TaskReport { task, result });
            if !goes_on {
                break;
            }
        }
        if matches!(trigger, Trigger::Sleep | Trigger::PowerOff)
            && let Err(error) = self.psd.settle()
        {
            tracing::warn!("what was printed could not be written down: {error}");
        }
        reports
    }

    /// The machine is turned on.
    pub async fn power_on(&mut self) -> Vec<TaskReport> {
        self.trigger(Trigger::PowerOn).await
    }

    /// The machine goes to sleep.
    pub async fn sleep(&mut self) -> Vec<TaskReport> {
        self.trigger(Trigger::Sleep).await
    }

    /// The machine is turned off.
    pub async fn power_off(&mut self) -> Vec<TaskReport> {
        self.trigger(Trigger::PowerOff).await
    }

    async fn carry_out(&mut self, task: Task) -> Result<Outcome, MeterError> {
        match task {
            Task::Installation => self.install().await.map(Outcome::Installed),
            Task::StartupRefresh => self.refresh().await.map(Outcome::Refreshed),
            Task::ResumeRefill => Ok(match self.resume_refill().await? {
                Some(receipt) => Outcome::Refilled(receipt),
                None => Outcome::NothingPending,
            }),
            Task::Refill(amount) => self.refill(amount).await.map(Outcome::Refilled),
            Task::Inspection => self.inspect().await.map(Outcome::Inspected),
            Task::Configuration => {
                let told = Box::pin(self.fetch_configuration()).await?;
                Ok(Outcome::Configured(Box::new(told)))
            }
            Task::Withdrawal => Box::pin(self.withdraw()).await.map(Outcome::Withdrawn),
            Task::TransactionUpload(reason) => self.upload(reason).await.map(Outcome::Uploaded),
        }
    }

    /// What [`plan`] needs to know.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            state: self.state(),
            refill_pending: self.psd.pending_refill().is_some(),
            funds: self.registers().descending,
            refill: self.settings.refill,
            unacknowledged: self.record_sequence() - self.acknowledged,
        }
    }

    pub(super) fn state(&self) -> State {
        self.psd.state(self.today())
    }
}

/// What the provider has waiting goes before what is planned: the rest is then asked for under the block in force.
fn put_first(tasks: &mut VecDeque<Task>, waiting: &[Task]) {
    for task in waiting.iter().rev() {
        tasks.retain(|planned| planned != task);
        tasks.push_front(*task);
    }
}

impl TaskReport {
    /// How the task went, in one line for a person.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        let money = |amount: timbre_postage::Amount| amount.format(language);
        let (fr, en) = match &self.result {
            Ok(Outcome::Installed(block)) => (
                format!(
                    "Bloc opérationnel {} installé : compte {}, {}, dépôt à {}",
                    block.version, block.account, block.indicia_number, block.postal_code
                ),
                format!(
                    "Operational block {} installed: account {}, {}, posting at {}",
                    block.version, block.account, block.indicia_number, block.postal_code
                ),
            ),
            Ok(Outcome::Refreshed(refreshed)) if refreshed.rates.is_empty() => (
                "Services rafraîchis ; tarifs à jour".to_owned(),
                "Services refreshed; rates are current".to_owned(),
            ),
            Ok(Outcome::Refreshed(refreshed)) => (
                format!(
                    "Services rafraîchis ; tarifs téléchargés : {}",
                    refreshed.rates.join(", ")
                ),
                format!("Services refreshed; rates downloaded: {}", refreshed.rates.join(", ")),
            ),
            Ok(Outcome::Refilled(receipt)) => (
                format!(
                    "Recharge de {} ; {} disponibles",
                    money(receipt.amount),
                    money(receipt.available)
                ),
                format!(
                    "Refilled by {}; {} available",
                    money(receipt.amount),
                    money(receipt.available)
                ),
            ),
            Ok(Outcome::NothingPending) => (
                "La recharge en attente n’a pas eu lieu".to_owned(),
                "The pending refill did not happen".to_owned(),
            ),
            Ok(Outcome::Inspected(inspected)) if inspected.suspended => (
                "Relevé fait ; le fournisseur a suspendu la machine : rien ne s’affranchit"
                    .to_owned(),
                "Inspected; the provider has suspended the meter: nothing is franked".to_owned(),
            ),
            Ok(Outcome::Inspected(inspected)) => (
                format!("Relevé fait ; prochain le {}", inspected.next_inspection),
                format!("Inspected; next on {}", inspected.next_inspection),
            ),
            Ok(Outcome::Uploaded(uploaded)) => (
                format!("{} enregistrements téléversés", uploaded.records),
                format!("{} transaction records uploaded", uploaded.records),
            ),
            Ok(Outcome::Configured(told)) => (
                format!("Données de configuration reçues : remplace {}", told.replaces),
                format!("Configuration data received: replaces {}", told.replaces),
            ),
            Ok(Outcome::Withdrawn(withdrawn)) => (
                format!("Machine retirée ; {} rendus", money(withdrawn.amount)),
                format!("Meter withdrawn; {} given back", money(withdrawn.amount)),
            ),
            Err(error) => (
                format!("{} : {}", self.task.as_str(), error.message(Language::French)),
                format!("{}: {}", self.task.as_str(), error.message(Language::English)),
            ),
        };
        language.pick(&fr, &en).to_owned()
    }

    /// Whether a rule said no.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.result {
            Err(MeterError::Refusal(refusal)) => Some(refusal),
            _ => None,
        }
    }
}

impl Serialize for TaskReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("TaskReport", 2)?;
        report.serialize_field("task", self.task.as_str())?;
        match &self.result {
            Ok(outcome) => report.serialize_field("outcome", outcome)?,
            Err(error) => report.serialize_field("error", &error.told())?,
        }
        report.end()
    }
}
