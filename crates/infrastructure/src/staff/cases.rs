//! Cases at the desk: who looks into each, what was found out, how it ended. Each deed stands in the case’s own history
//! and in the audit log.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_funds::finding::Severity;
use timbre_postage::MeterSerial;

use super::{Staff, StaffError};
use crate::store::cases::{self, Case, CaseEvent, CaseState, Deed, Resolution};
use crate::store::{StoreError, Work, audit, meters};

/// The longest text that is kept of a person’s words, in bytes.
const LONGEST_TEXT: usize = 4_000;

/// Which cases are asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CaseFilter {
    /// Of this meter.
    pub meter: Option<MeterSerial>,
    /// In this state; without it, every one that is not resolved unless `all` is set.
    pub state: Option<CaseState>,
    /// Resolved ones too.
    pub all: bool,
    /// Of this kind.
    pub code: Option<String>,
    /// Of this gravity or more.
    pub severity: Option<Severity>,
    /// Of this person.
    pub owner: Option<String>,
}

impl CaseFilter {
    fn takes(&self, case: &Case) -> bool {
        let in_state = match self.state {
            Some(state) => case.state == state,
            None => self.all || case.state != CaseState::Resolved,
        };
        in_state
            && self.code.as_ref().is_none_or(|code| *code == case.code)
            && self.severity.is_none_or(|severity| case.severity >= severity)
            && self.owner.as_ref().is_none_or(|owner| Some(owner) == case.owner.as_ref())
    }
}

/// A case with everything that happened to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CaseStory {
    /// The case.
    #[serde(flatten)]
    pub case: Case,
    /// Its history, oldest first.
    pub events: Vec<CaseEvent>,
}

/// What a person does about a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CaseDeed {
    /// Gives it to somebody.
    Assign {
        /// Whom.
        owner: String,
    },
    /// Adds a note; with `waits`, that an answer or a device is waited for.
    Note {
        /// The note.
        text: String,
        /// Whether something is waited for.
        waits: bool,
    },
    /// Ends it.
    Resolve {
        /// How.
        resolution: Resolution,
        /// … and in words.
        text: String,
    },
    /// Takes it up again.
    Reopen {
        /// Why.
        text: String,
    },
}

impl Staff {
    /// The cases of one meter, or of all, open and closed.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn cases(&self, serial: Option<MeterSerial>) -> Result<Vec<Case>, StaffError> {
        Ok(cases::of(&mut *self.store.reader().await?, serial).await?)
    }

    /// The cases that a filter takes.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn find_cases(&self, filter: &CaseFilter) -> Result<Vec<Case>, StaffError> {
        let mut found = self.cases(filter.meter).await?;
        found.retain(|case| filter.takes(case));
        Ok(found)
    }

    /// One case with its history.
    ///
    /// # Errors
    /// [`StaffError::UnknownCase`], or a fault of the store.
    pub async fn case(&self, serial: MeterSerial, number: u64) -> Result<CaseStory, StaffError> {
        let mut reader = self.store.reader().await?;
        let case = cases::find(&mut reader, serial, number).await?;
        let case = case.ok_or(StaffError::UnknownCase { serial, number })?;
        let events = cases::events(&mut reader, serial, number).await?;
        Ok(CaseStory { case, events })
    }

    /// Does something about a case.
    ///
    /// # Errors
    /// [`StaffError::UnknownCase`], [`StaffError::WrongCaseState`] (a resolved case is reopened first),
    /// [`StaffError::Invalid`] for a text that is empty or too long, or a fault of the store.
    pub async fn on_case(
        &self,
        serial: MeterSerial,
        number: u64,
        deed: CaseDeed,
    ) -> Result<Case, StaffError> {
        let text = match &deed {
            CaseDeed::Assign { owner } => owner,
            CaseDeed::Note { text, .. }
            | CaseDeed::Resolve { text, .. }
            | CaseDeed::Reopen { text } => text,
        };
        if text.trim().is_empty() || text.len() > LONGEST_TEXT {
            return Err(StaffError::Invalid("a name or a text has between 1 and 4000 bytes"));
        }
        let act = Act { serial, number, deed, who: self.who.clone(), now: self.now() };
        self.store.write(act).await?
    }
}

struct Act {
    serial: MeterSerial,
    number: u64,
    deed: CaseDeed,
    who: String,
    now: Timestamp,
}

impl Work for Act {
    type Output = Result<Case, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let (serial, number) = (self.serial, self.number);
        // The meter’s row is the lock of its cases.
        let meter = meters::lock(tx, serial).await?;
        let case = match meter {
            Some(_) => cases::find(tx, serial, number).await?,
            None => return Ok(Err(StaffError::UnknownMeter(serial))),
        };
        let Some(mut case) = case else {
            return Ok(Err(StaffError::UnknownCase { serial, number }));
        };
        let resolved = case.state == CaseState::Resolved;
        if resolved != matches!(self.deed, CaseDeed::Reopen { .. }) {
            let state = case.state.as_str();
            return Ok(Err(StaffError::WrongCaseState { serial, number, state }));
        }
        let (what, detail) = self.apply(&mut case);
        let deed = Deed { at: self.now, who: &self.who, what, detail: &detail };
        cases::update(tx, &case, &deed).await?;
        let told = format!("case {number}: {detail}");
        let what = format!("case-{what}");
        audit::append(tx, &serial.to_string(), self.now, &self.who, &what, told).await?;
        Ok(Ok(case))
    }
}

impl Act {
    /// Changes the case; gives what was done, and the particulars.
    fn apply(&self, case: &mut Case) -> (&'static str, String) {
        match &self.deed {
            CaseDeed::Assign { owner } => {
                case.owner = Some(owner.clone());
                case.state = CaseState::Assigned;
                ("assigned", owner.clone())
            }
            CaseDeed::Note { text, waits: true } => {
                case.state = CaseState::Waiting;
                ("waiting", text.clone())
            }
            CaseDeed::Note { text, waits: false } => {
                // Whatever was waited for has come.
                if case.state == CaseState::Waiting {
                    case.state = match case.owner {
                        Some(_) => CaseState::Assigned,
                        None => CaseState::Open,
                    };
                }
                ("noted", text.clone())
            }
            CaseDeed::Resolve { resolution, text } => {
                case.state = CaseState::Resolved;
                case.closed = Some(self.now);
                case.resolution = Some(*resolution);
                case.resolution_text = Some(text.clone());
                ("resolved", format!("{}: {text}", resolution.as_str()))
            }
            CaseDeed::Reopen { text } => {
                case.state = match case.owner {
                    Some(_) => CaseState::Assigned,
                    None => CaseState::Open,
                };
                case.closed = None;
                case.resolution = None;
                case.resolution_text = None;
                ("reopened", text.clone())
            }
        }
    }
}
