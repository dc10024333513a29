//! What a dialect hands back: the files, how names behave there, what it cannot say, the exemption
//! from TLS inspection and the way back.

use timbre_catalogue::{EndpointId, Text};

use crate::Policy;

/// A file to load, paste or publish.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleFile {
    /// Its name, without a folder.
    pub name: String,
    /// All of it, ending in a line feed.
    pub text: String,
}

impl RuleFile {
    pub(crate) fn new(name: impl Into<String>, text: impl Into<String>) -> RuleFile {
        let mut text = text.into();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        RuleFile { name: name.into(), text }
    }
}

/// Something that the rules do not do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limit {
    /// The rows that stay closed because of it; none when it concerns all of them.
    pub endpoints: Vec<EndpointId>,
    /// What is not done, why, and what to do instead.
    pub text: Text,
}

/// A policy in one dialect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// The files that let the meter out.
    pub files: Vec<RuleFile>,
    /// How names behave in this dialect, and what to know before loading.
    pub notes: Vec<Text>,
    /// What this dialect cannot say; every row that stays closed is named here.
    pub cannot: Vec<Limit>,
    /// The exemption from TLS inspection, where it was asked for and the product inspects.
    pub bypass: Option<RuleFile>,
    /// What undoes the files.
    pub rollback: RuleFile,
}

impl Rules {
    /// An empty answer that already names what no dialect could open.
    pub(crate) fn begin(policy: &Policy) -> Rules {
        let mut rules = Rules {
            files: Vec::new(),
            notes: Vec::new(),
            cannot: Vec::new(),
            bypass: None,
            rollback: RuleFile::new("rollback.txt", ""),
        };
        for row in &policy.uncovered {
            // A row has several ways; what is said of them is often the same.
            let limit = Limit { endpoints: vec![row.endpoint.clone()], text: row.text.clone() };
            if !rules.cannot.contains(&limit) {
                rules.cannot.push(limit);
            }
        }
        rules
    }

    pub(crate) fn note(&mut self, fr: impl Into<String>, en: impl Into<String>) {
        self.notes.push(Text::new(fr, en));
    }

    /// Names rows that stay closed in this dialect; an empty list concerns all of them.
    pub(crate) fn cannot(
        &mut self,
        endpoints: &[EndpointId],
        fr: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.cannot.push(Limit { endpoints: endpoints.to_vec(), text: Text::new(fr, en) });
    }

    pub(crate) fn file(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.files.push(RuleFile::new(name, text));
    }

    /// Every file, the exemption and the way back included.
    pub fn every_file(&self) -> impl Iterator<Item = &RuleFile> {
        self.files.iter().chain(&self.bypass).chain([&self.rollback])
    }
}
