//! How a command ends: its exit status, and how its failure is told to a person or to a program.

use std::fmt::Display;
use std::process::ExitCode;

use serde::Serialize;
use timbre_postage::Language;

/// A command that did what was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(
    not(feature = "machines"),
    expect(dead_code, reason = "some are said by the machines alone")
)]
pub(crate) enum Outcome {
    /// All of it.
    Done,
    /// All that could be done; some pieces were set aside.
    SomeSetAside,
    /// The question was answered, and the answer is no.
    NotGenuine,
    /// A verdict with a status of its own.
    Verdict(u8),
}

impl Outcome {
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Outcome::Done => ExitCode::SUCCESS,
            Outcome::SomeSetAside => ExitCode::from(1),
            Outcome::NotGenuine => ExitCode::from(5),
            Outcome::Verdict(status) => ExitCode::from(status),
        }
    }
}

/// Whose turn it is when a command fails (see `docs/ARCHITECTURE.md`, “Errors”).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(
    not(feature = "machines"),
    expect(dead_code, reason = "some are said by the machines alone")
)]
pub(crate) enum Kind {
    /// A business rule says no: the person who asked can change what they ask.
    Refusal,
    /// The environment failed: the same command may succeed later.
    Fault,
    /// Something is not genuine: stop and tell the provider.
    Breach,
}

/// A command that did not do what was asked, and what its user should know.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    /// A stable code for programs.
    pub(crate) code: String,
    pub(crate) french: String,
    pub(crate) english: String,
    /// The exit status.
    status: u8,
}

impl Failure {
    pub(crate) fn new(
        kind: Kind,
        code: &str,
        french: impl Into<String>,
        english: impl Into<String>,
    ) -> Self {
        let status = match kind {
            Kind::Refusal => 3,
            Kind::Fault => 4,
            Kind::Breach => 5,
        };
        let (french, english) = (french.into(), english.into());
        Failure { kind, code: code.to_owned(), french, english, status }
    }

    /// The same failure with another exit status.
    #[cfg(feature = "network")]
    pub(crate) fn exiting(self, status: u8) -> Self {
        Failure { status, ..self }
    }

    /// A failure of the environment that has one text.
    pub(crate) fn fault(code: &str, error: impl Display) -> Self {
        Failure::of_one_text(Kind::Fault, code, error)
    }

    /// Something that was given and does not read, with the one text of the reader.
    pub(crate) fn refusal(code: &str, error: impl Display) -> Self {
        Failure::of_one_text(Kind::Refusal, code, error)
    }

    fn of_one_text(kind: Kind, code: &str, error: impl Display) -> Self {
        let text = error.to_string();
        Failure::new(kind, code, text.clone(), text)
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status)
    }

    /// The failure as a person reads it.
    pub(crate) fn message(&self, language: Language) -> &str {
        language.pick(&self.french, &self.english)
    }

    /// The failure as a program reads it.
    pub(crate) fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Told<'a> {
            error: Error<'a>,
        }
        #[derive(Serialize)]
        struct Error<'a> {
            kind: Kind,
            code: &'a str,
            fr: &'a str,
            en: &'a str,
        }
        let told = Told {
            error: Error { kind: self.kind, code: &self.code, fr: &self.french, en: &self.english },
        };
        serde_json::to_string_pretty(&told).expect("a failure is plain text and always serialises")
    }
}
