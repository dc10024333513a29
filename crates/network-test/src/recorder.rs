//! Writes checks down as they end: numbers, times and events in one place.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use timbre_catalogue::EndpointId;

use crate::{
    Blame, Check, CheckId, CheckNumber, Code, Confidence, Culprit, Event, Evidence, Plan, Verdict,
};

/// For whom a check speaks, what it speaks to and by which way.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) endpoints: Vec<EndpointId>,
    pub(crate) required: bool,
    pub(crate) target: String,
    pub(crate) way: String,
}

impl About {
    /// The network as a whole.
    pub(crate) fn network(target: impl Into<String>, way: impl Into<String>) -> About {
        About { endpoints: Vec::new(), required: true, target: target.into(), way: way.into() }
    }
}

/// What a check came to, before it is written down.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// None: a failure where something required is meant, else a warning.
    verdict: Option<Verdict>,
    code: Option<Code>,
    because: Option<CheckNumber>,
    evidence: Vec<Evidence>,
    blame: Option<Blame>,
}

impl Outcome {
    pub(crate) fn pass() -> Outcome {
        Outcome {
            verdict: Some(Verdict::Pass),
            ..Outcome::trouble(Code::NotApplicable).without_code()
        }
    }

    /// As bad as the endpoint is needed.
    pub(crate) fn trouble(code: Code) -> Outcome {
        Outcome {
            verdict: None,
            code: Some(code),
            because: None,
            evidence: Vec::new(),
            blame: None,
        }
    }

    pub(crate) fn warn(code: Code) -> Outcome {
        Outcome { verdict: Some(Verdict::Warn), ..Outcome::trouble(code) }
    }

    /// It passed, and something is still worth knowing.
    pub(crate) fn remark(code: Code) -> Outcome {
        Outcome { verdict: Some(Verdict::Pass), ..Outcome::trouble(code) }
    }

    pub(crate) fn skip(code: Code) -> Outcome {
        Outcome { verdict: Some(Verdict::Skip), ..Outcome::trouble(code) }
    }

    pub(crate) fn because(of: CheckNumber) -> Outcome {
        Outcome { because: Some(of), ..Outcome::skip(Code::NotTestedLowerLayer) }
    }

    pub(crate) fn inconclusive() -> Outcome {
        Outcome { verdict: Some(Verdict::Inconclusive), ..Outcome::trouble(Code::CouldNotTest) }
    }

    fn without_code(self) -> Outcome {
        Outcome { code: None, ..self }
    }

    pub(crate) fn fact(mut self, name: &str, value: impl Into<String>) -> Outcome {
        let value = value.into();
        self.evidence.push(Evidence { name: name.to_owned(), value, private: false });
        self
    }

    /// A fact that names an inside of the customer’s network.
    pub(crate) fn private(mut self, name: &str, value: impl Into<String>) -> Outcome {
        let value = value.into();
        self.evidence.push(Evidence { name: name.to_owned(), value, private: true });
        self
    }

    pub(crate) fn facts(mut self, facts: impl IntoIterator<Item = Evidence>) -> Outcome {
        self.evidence.extend(facts);
        self
    }

    pub(crate) fn blame(self, who: Culprit, confidence: Confidence) -> Outcome {
        self.blame_named(who, None, confidence)
    }

    pub(crate) fn blame_named(
        mut self,
        who: Culprit,
        name: Option<String>,
        confidence: Confidence,
    ) -> Outcome {
        let layer = self.code.map_or(crate::Layer::Tool, Code::layer);
        self.blame = Some(Blame { layer, who, name, confidence });
        self
    }

    pub(crate) fn is_trouble(&self) -> bool {
        self.verdict.is_none()
    }
}

/// A check that has begun.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) number: CheckNumber,
    id: CheckId,
    about: About,
    began: Instant,
}

/// All checks of a run.
pub(crate) struct Recorder<'a> {
    plan: &'a Plan,
    on_event: &'a (dyn Fn(Event) + Sync),
    pub(crate) started: Instant,
    next: AtomicU32,
    checks: Mutex<Vec<Check>>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(plan: &'a Plan, on_event: &'a (dyn Fn(Event) + Sync)) -> Recorder<'a> {
        Recorder {
            plan,
            on_event,
            started: Instant::now(),
            next: AtomicU32::new(1),
            checks: Mutex::default(),
        }
    }

    /// Whether a check is asked for.
    pub(crate) fn wants(&self, id: CheckId) -> bool {
        self.plan.only.is_empty() || self.plan.only.contains(&id)
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.on_event)(event);
    }

    pub(crate) fn begin(&self, id: CheckId, about: &About) -> Draft {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if self.wants(id) {
            self.tell(Event::Begun { id, target: about.target.clone() });
        }
        Draft { number, id, about: about.clone(), began: Instant::now() }
    }

    /// Writes a check down; one that is not asked for still has its number.
    pub(crate) fn end(&self, draft: Draft, outcome: Outcome) -> CheckNumber {
        let Draft { number, id, about, began } = draft;
        if !self.wants(id) {
            return number;
        }
        let trouble = if about.required { Verdict::Fail } else { Verdict::Warn };
        let check = Check {
            number,
            id,
            endpoints: about.endpoints,
            required: about.required,
            target: about.target,
            way: about.way,
            verdict: outcome.verdict.unwrap_or(trouble),
            code: outcome.code,
            because: outcome.because,
            evidence: outcome.evidence,
            blame: outcome.blame,
            at_ms: millis(began.duration_since(self.started)),
            took_ms: millis(began.elapsed()),
        };
        self.tell(Event::Done { check: Box::new(check.clone()) });
        self.lock().push(check);
        number
    }

    /// Begins and ends at once.
    pub(crate) fn note(&self, id: CheckId, about: &About, outcome: Outcome) -> CheckNumber {
        let draft = self.begin(id, about);
        self.end(draft, outcome)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Check>> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every check by number; what refers to a check that was not asked for refers to nothing.
    pub(crate) fn into_checks(self) -> Vec<Check> {
        let mut checks = self.checks.into_inner().unwrap_or_else(PoisonError::into_inner);
        checks.sort_by_key(|check| check.number);
        let numbers: Vec<CheckNumber> = checks.iter().map(|check| check.number).collect();
        for check in &mut checks {
            check.because = check.because.filter(|number| numbers.binary_search(number).is_ok());
        }
        checks
    }
}

pub(crate) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
