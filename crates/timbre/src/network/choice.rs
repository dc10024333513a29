//! What every network command lets its user choose: the catalogue, and which of its groups count.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use clap::Args;
use timbre_catalogue::{Catalogue, DomainError, Group};

use crate::cli::{in_english, in_french};
use crate::outcome::{Failure, Kind};

/// Which destinations a command is about.
#[derive(Args, Clone, Debug)]
pub(super) struct Choice {
    /// The destinations: connect-plus-sendpro-p, another shipped catalogue, timbre, or a file (TOML or JSON)
    #[arg(long, value_name = "NAME|FILE", default_value = "connect-plus-sendpro-p")]
    pub(super) catalogue: String,
    /// Which groups count: required, on (what is on by default), all, or names with commas:
    /// required,optional-on,optional-off,remote-support,network-test
    #[arg(long, value_name = "GROUPS", default_value = "on")]
    pub(super) scope: Scope,
    /// The domain of a timbre deployment, for the catalogue “timbre”
    #[arg(long, value_name = "DOMAIN")]
    pub(super) domain: Option<String>,
}

impl Choice {
    /// The catalogue that was chosen, in its domain.
    pub(super) fn catalogue(&self) -> Result<Catalogue, Failure> {
        Choice::in_domain(open(&self.catalogue)?, self.domain.as_deref())
    }

    /// The catalogue in a deployment’s own domain, if one is named.
    pub(super) fn in_domain(
        catalogue: Catalogue,
        domain: Option<&str>,
    ) -> Result<Catalogue, Failure> {
        match domain {
            None => Ok(catalogue),
            Some(domain) => {
                let title = catalogue.title().fr.clone();
                catalogue.with_domain(domain).map_err(|error| immovable(&title, &error))
            }
        }
    }
}

fn immovable(title: &str, error: &DomainError) -> Failure {
    let french = match error {
        DomainError::NotAName(text) => {
            format!(
                "«\u{a0}{text}\u{a0}» n’est pas un domaine\u{a0}: écrivez un nom DNS, comme timbre.example.org"
            )
        }
        DomainError::Fixed(_) => format!(
            "les hôtes de «\u{a0}{title}\u{a0}» sont fixes\u{a0}: seul notre propre déploiement peut changer de domaine (--catalogue timbre)"
        ),
    };
    Failure::new(Kind::Refusal, "bad-argument", french, error.to_string())
}

/// A catalogue by the name under which it is shipped, or by the file that holds it.
pub(super) fn open(name: &str) -> Result<Catalogue, Failure> {
    if let Some(catalogue) = Catalogue::open_shipped(name) {
        return Ok(catalogue);
    }
    let path = Path::new(name);
    let text = std::fs::read_to_string(path).map_err(|error| {
        let names: Vec<_> = Catalogue::shipped().map(|(name, _)| name).to_vec();
        let names = names.join(", ");
        Failure::new(
            Kind::Refusal,
            "no-such-catalogue",
            format!(
                "«\u{a0}{name}\u{a0}» n’est ni un catalogue livré ({names}) ni un fichier lisible\u{a0}: {}",
                in_french(&error)
            ),
            format!(
                "“{name}” is neither a shipped catalogue ({names}) nor a file that can be read: {}",
                in_english(&error)
            ),
        )
    })?;
    Catalogue::read_either(name, &text).map_err(|error| Failure::refusal("bad-catalogue", error))
}

/// A set of groups, as it is typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Scope(pub(super) BTreeSet<Group>);

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut groups = BTreeSet::new();
        for word in text.split(',') {
            match word.trim() {
                "all" => groups.extend(Group::ALL),
                "on" => groups.extend([Group::Required, Group::OptionalOn, Group::NetworkTest]),
                word => {
                    let group = Group::ALL.into_iter().find(|group| group.as_str() == word);
                    groups.insert(group.ok_or_else(|| {
                        let known = Group::ALL.map(Group::as_str).join(", ");
                        format!("“{word}” is not a group: write on, all, or one of {known}")
                    })?);
                }
            }
        }
        Ok(Scope(groups))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_word_or_a_list_of_groups() {
        let scope = |text: &str| text.parse::<Scope>().map(|scope| scope.0.into_iter().collect());
        assert_eq!(scope("required"), Ok(vec![Group::Required]));
        assert_eq!(scope("all"), Ok(Group::ALL.to_vec()));
        assert_eq!(
            scope("required, remote-support"),
            Ok(vec![Group::Required, Group::RemoteSupport])
        );
        let unknown = scope("mandatory");
        assert!(unknown.unwrap_err().contains("optional-off"));
    }
}
