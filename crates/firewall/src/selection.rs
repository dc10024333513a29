//! What the administrator of a firewall asks for: whose traffic, to which rows, by name or by
//! address, and in which language the comments speak.

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;
use std::collections::BTreeSet;

use timbre_catalogue::{Group, Text};

use crate::Net;

/// Which part of a catalogue is let out, and for whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    /// The groups whose rows are let out.
    pub groups: BTreeSet<Group>,
    /// The meter's addresses. None at all means everybody behind the firewall, with a warning.
    pub sources: Vec<Net>,
    /// By name, by address, or both.
    pub mode: Mode,
    /// Whether the exemption from TLS inspection is written too.
    pub bypass: bool,
    /// The only resolvers the meter may ask. None at all means any resolver, with a warning.
    pub resolvers: Vec<IpAddr>,
}

impl Selection {
    /// The rows that a meter needs to work, by name, with the exemption from inspection.
    #[must_use]
    pub fn required() -> Selection {
        Selection {
            groups: BTreeSet::from([Group::Required]),
            sources: Vec::new(),
            mode: Mode::Names,
            bypass: true,
            resolvers: Vec::new(),
        }
    }

    /// Every row of every group, by name, with the exemption from inspection.
    #[must_use]
    pub fn all() -> Selection {
        Selection { groups: BTreeSet::from(Group::ALL), ..Selection::required() }
    }
}

/// Names are the reference and blocks the fallback (REQ NET-7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// By host name.
    Names,
    /// By the published blocks of addresses, and by each printed address outside them.
    Blocks,
    /// By both: whichever matches lets through.
    Both,
}

impl Mode {
    /// All of them.
    pub const ALL: [Mode; 3] = [Mode::Names, Mode::Blocks, Mode::Both];

    /// `names`, `blocks` or `both`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Names => "names",
            Mode::Blocks => "blocks",
            Mode::Both => "both",
        }
    }

    /// Whether hosts are let out by name.
    #[must_use]
    pub const fn by_name(self) -> bool {
        matches!(self, Mode::Names | Mode::Both)
    }

    /// Whether hosts are let out by address.
    #[must_use]
    pub const fn by_block(self) -> bool {
        matches!(self, Mode::Blocks | Mode::Both)
    }
}

/// The text is not a mode.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{0}” is not a mode: write names, blocks or both")]
pub struct ModeError(String);

impl FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Mode, ModeError> {
        Mode::ALL
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| ModeError(text.to_owned()))
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The language of the comments in a file of rules.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Language {
    /// French, as written in Canada.
    French,
    /// English.
    English,
}

impl Language {
    /// The sentence in this language.
    #[must_use]
    pub fn of(self, text: &Text) -> &str {
        match self {
            Language::French => &text.fr,
            Language::English => &text.en,
        }
    }
}
