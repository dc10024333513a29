//! What the tests of vendors' dialects share: the dialects, and a small catalogue that never
//! changes, with one row of every kind.

use timbre_catalogue::Catalogue;
use timbre_firewall::{Dialect, Language, Mode, Policy, RuleFile, Rules, write};

use crate::judges;

/// The dialects of products that no program here can load.
pub(crate) const VENDORS: [Dialect; 10] = [
    Dialect::Fortigate,
    Dialect::PaloAlto,
    Dialect::JuniperSrx,
    Dialect::CheckPoint,
    Dialect::Sophos,
    Dialect::Meraki,
    Dialect::Zscaler,
    Dialect::WindowsDefender,
    Dialect::AwsNetworkFirewall,
    Dialect::Terraform,
];

/// One row of every kind.
pub(crate) fn every_kind() -> Catalogue {
    Catalogue::read("every-kind.toml", include_str!("../fixtures/every-kind.toml")).unwrap()
}

/// The small catalogue and the source document, for one meter, for both families, and for everybody.
pub(crate) fn policies() -> Vec<Policy> {
    let catalogues = [every_kind(), Catalogue::connect_plus_sendpro_p()];
    let selections = judges::selections();
    let each = |catalogue: &Catalogue| {
        selections.iter().map(|selection| Policy::of(catalogue, selection)).collect::<Vec<_>>()
    };
    catalogues.iter().flat_map(each).collect()
}

/// All of [`policies`] in one dialect, in both languages.
pub(crate) fn all_rules(dialect: Dialect) -> Vec<(Policy, Rules)> {
    let in_language = |language| {
        let policies = policies().into_iter();
        policies.map(move |policy| {
            let rules = write(dialect, &policy, language);
            (policy, rules)
        })
    };
    in_language(Language::French).chain(in_language(Language::English)).collect()
}

/// One meter, one mode, the small catalogue.
pub(crate) fn one(dialect: Dialect, mode: Mode) -> Rules {
    let policy = Policy::of(&every_kind(), &judges::everything(mode));
    write(dialect, &policy, Language::English)
}

/// A file of some rules, by its name.
pub(crate) fn file<'a>(rules: &'a Rules, name: &str) -> &'a RuleFile {
    rules.every_file().find(|file| file.name == name).unwrap_or_else(|| panic!("no file {name}"))
}
