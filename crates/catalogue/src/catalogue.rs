//! A whole document: its rows, and the questions that the two ends ask of them.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::read::{self, ReadError};
use crate::target::read_name;
use crate::{AddressBlock, Endpoint, EndpointId, Group, Host, Phase, Setting, Text, Version};

/// The catalogues that come with the program.
const SHIPPED: [(&str, &str); 4] = [
    ("connect-plus-sendpro-p", include_str!("../data/connect-plus-sendpro-p.toml")),
    ("connect-plus-sendpro-p-de", include_str!("../data/connect-plus-sendpro-p-de.toml")),
    ("sendpro-c", include_str!("../data/sendpro-c.toml")),
    ("timbre", include_str!("../data/timbre.toml")),
];

fn shipped(name: &str) -> Catalogue {
    Catalogue::open_shipped(name).expect("invariant: the name stands in the table")
}

/// The destinations of one document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Catalogue {
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) effective_from: Date,
    pub(crate) title: Text,
    pub(crate) source: Option<String>,
    pub(crate) regions: Vec<String>,
    pub(crate) domain: Option<String>,
    pub(crate) blocks: Vec<AddressBlock>,
    pub(crate) let_out: Vec<u16>,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// The catalogue cannot be moved to another domain.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DomainError {
    /// The text is not a DNS name, or is too long for the services' names before it.
    #[error("“{0}” is not a domain: write a DNS name, like timbre.example.org")]
    NotAName(String),
    /// The catalogue belongs to somebody else's network.
    #[error("the hosts of “{0}” are fixed: only our own deployment can move to another domain")]
    Fixed(String),
}

impl Catalogue {
    /// Our own deployment, every service at `<service>.timbre.localhost`.
    #[must_use]
    pub fn timbre() -> Catalogue {
        shipped("timbre")
    }

    /// The source specification, row by row, as printed (REQ NET-8).
    #[must_use]
    pub fn connect_plus_sendpro_p() -> Catalogue {
        shipped("connect-plus-sendpro-p")
    }

    /// Every catalogue that comes with the program, under its name.
    #[must_use]
    pub fn shipped() -> [(&'static str, Catalogue); SHIPPED.len()] {
        SHIPPED.map(|(name, _)| (name, shipped(name)))
    }

    /// The catalogue of this name that comes with the program; the name is also its [`id`].
    ///
    /// [`id`]: Catalogue::id
    #[must_use]
    pub fn open_shipped(name: &str) -> Option<Catalogue> {
        let (name, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
        let catalogue = Catalogue::read(&format!("{name}.toml"), text);
        Some(catalogue.expect("invariant: a test reads every shipped catalogue"))
    }

    /// Reads a catalogue written in TOML; `file` names it in errors.
    ///
    /// # Errors
    /// The first thing that is wrong, by file, line and field.
    pub fn read(file: &str, text: &str) -> Result<Catalogue, ReadError> {
        read::toml(file, text)
    }

    /// Reads what [`export::json`](crate::export::json) writes.
    ///
    /// # Errors
    /// The first thing that is wrong, by file, line and field.
    pub fn read_json(file: &str, text: &str) -> Result<Catalogue, ReadError> {
        read::json(file, text)
    }

    /// Reads a catalogue in either form: JSON begins with a brace, TOML never does.
    ///
    /// # Errors
    /// The first thing that is wrong, by file, line and field.
    pub fn read_either(file: &str, text: &str) -> Result<Catalogue, ReadError> {
        let json = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('{');
        if json { read::json(file, text) } else { read::toml(file, text) }
    }

    /// Its name, the same through all its versions: `connect-plus-sendpro-p`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Which edition of it this is; a later one is greater.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The first day on which this version counts. Rows may name later days of their own.
    #[must_use]
    pub fn effective_from(&self) -> Date {
        self.effective_from
    }

    /// Where the document was read, when that is public.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The countries that it is for, as two letters; empty for any.
    #[must_use]
    pub fn regions(&self) -> &[String] {
        &self.regions
    }

    /// What the document is called.
    #[must_use]
    pub fn title(&self) -> &Text {
        &self.title
    }

    /// Every row, in the order of the document.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The row with this name.
    #[must_use]
    pub fn get(&self, id: &EndpointId) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.id == *id)
    }

    /// The services, each once, in the order of the document.
    #[must_use]
    pub fn services(&self) -> Vec<&str> {
        let mut services = Vec::new();
        for endpoint in &self.endpoints {
            if !services.contains(&endpoint.service()) {
                services.push(endpoint.service());
            }
        }
        services
    }

    /// The rows of one service: what its host answers.
    pub fn of_service<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a Endpoint> {
        self.endpoints.iter().filter(move |endpoint| endpoint.service() == service)
    }

    /// The domain under which every host lies, when the catalogue is our own.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The blocks of addresses that the document publishes for firewalls (REQ NET-7).
    #[must_use]
    pub fn blocks(&self) -> &[AddressBlock] {
        &self.blocks
    }

    /// The ports that the machine's own firewall lets out (REQ NET-10).
    #[must_use]
    pub fn let_out(&self) -> &[u16] {
        &self.let_out
    }

    /// The allow-list (REQ NET-10): whether some row that is on by default leads to this host, in
    /// any letter case, at this port. Rows that are off by default do not count.
    #[must_use]
    pub fn allows(&self, host: &str, port: u16) -> bool {
        self.endpoints
            .iter()
            .filter(|endpoint| endpoint.default == Setting::On)
            .flat_map(|endpoint| &endpoint.uses)
            .any(|target| target.port == port && target.host.matches(host))
    }

    /// The same catalogue with some of its rows only; its blocks stay.
    #[must_use]
    pub fn retaining(mut self, keep: impl FnMut(&Endpoint) -> bool) -> Catalogue {
        self.endpoints.retain(keep);
        self
    }

    /// The same catalogue with the rows of these groups only.
    #[must_use]
    pub fn only(self, groups: &BTreeSet<Group>) -> Catalogue {
        self.retaining(|endpoint| groups.contains(&endpoint.group))
    }

    /// The same catalogue without the rows that are retired on a day: what is announced stays, so
    /// that firewalls made from it are open in time.
    #[must_use]
    pub fn without_retired(self, on: Date) -> Catalogue {
        self.retaining(|endpoint| endpoint.phase(on) != Phase::Retired)
    }

    /// The same deployment under another domain: every host and everything printed moves.
    ///
    /// # Errors
    /// If the text is not a DNS name that leaves room for the services, or if the catalogue is not
    /// our own.
    pub fn with_domain(mut self, domain: &str) -> Result<Catalogue, DomainError> {
        let old =
            self.domain.take().ok_or_else(|| DomainError::Fixed(self.title.en.to_string()))?;
        let refused = || DomainError::NotAName(domain.to_owned());
        let new = read_name(domain).ok_or_else(refused)?;
        for endpoint in &mut self.endpoints {
            for target in &mut endpoint.uses {
                let labels = target.host.name().and_then(|name| name.strip_suffix(&old));
                let labels =
                    labels.expect("invariant: the reader puts every host under the domain");
                let name = read_name(&format!("{labels}{new}")).ok_or_else(refused)?;
                target.host = Host::Name(name);
            }
            let printed = &mut endpoint.printed;
            for text in printed.urls.iter_mut().chain(&mut printed.domains) {
                *text = text.replacen(&format!(".{old}"), &format!(".{new}"), 1);
            }
        }
        self.domain = Some(new);
        Ok(self)
    }
}
