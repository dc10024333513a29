//! The map from the specification to the code, `docs/SPEC-MAP.md`: every requirement stands in it,
//! and every file and test that it names is there. Citations in the code (`REQ NET-3`) must name a
//! requirement that exists.

use super::Violation;
use super::project::Project;
use super::source::{has_word, words};

const MAP: &str = "docs/SPEC-MAP.md";

/// The requirements of the specification: each family and how many it has.
const FAMILIES: &[(&str, u32)] = &[
    ("NET", 10),
    ("FUNDS", 6),
    ("IDENT", 1),
    ("REC", 4),
    ("DL", 6),
    ("ACCT", 2),
    ("WEB", 9),
    ("SUPPORT", 1),
    ("SEC", 4),
];

pub(crate) fn check(project: &Project) -> Vec<Violation> {
    let mut violations = unknown_citations(project);
    let Some(map) = project.text(MAP) else {
        let todo = "write it: requirement → file → test";
        violations.push(Violation::new(MAP, 1, "the map is missing", HONEST, todo));
        return violations;
    };
    for (family, count) in FAMILIES {
        for id in (1..=*count).map(|number| format!("{family}-{number}")) {
            if !cites(map, &id) {
                let todo = "add its row: where it is done and tested, or that it is not there yet";
                let what = format!("{id} is not in the map");
                violations.push(Violation::new(MAP, 1, what, HONEST, todo));
            }
        }
    }
    for (index, line) in map.lines().enumerate() {
        for named in places(line) {
            if let Some(what) = wrong(project, named) {
                let todo = "name what is there now";
                violations.push(Violation::new(MAP, index + 1, what, HONEST, todo));
            }
        }
    }
    violations
}

const HONEST: &str = "whoever wonders where a requirement is met must find it";

/// Whether a requirement is named, and not only as the start of a longer number.
fn cites(text: &str, id: &str) -> bool {
    words(text, id).any(|at| !text[..at].ends_with('-'))
}

/// The files, folders and tests that a line names in backticks or as the target of a link.
fn places(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split('`').skip(1).step_by(2);
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let relative = |target: &str| !target.contains("://") && !target.starts_with('#');
    let linked = linked.filter(move |target| relative(target));
    let path = |text: &str| text.contains('/') && !text.contains(' ') && !text.starts_with('/');
    quoted.filter(move |text| path(text)).chain(linked)
}

/// What is wrong with a named place: `path`, `path#L7` or `path::test_name`. Links may be relative
/// to the folder of the map.
fn wrong(project: &Project, named: &str) -> Option<String> {
    let place = named.split('#').next().unwrap_or_default();
    let (path, test) = match place.split_once("::") {
        Some((path, test)) => (path, test.rsplit("::").next()),
        None => (place, None),
    };
    let path = path.strip_prefix("../").map_or_else(|| path.to_owned(), str::to_owned);
    let beside = format!("docs/{path}");
    let path = if project.exists(&path) { path } else { beside };
    if !project.exists(&path) {
        return Some(format!("{named} is not there"));
    }
    let function = test.map(|test| format!("fn {test}"));
    let text = project.text(&path).unwrap_or_default();
    match function {
        Some(function) if !has_word(text, &function) => Some(format!("{named} is not there")),
        _ => None,
    }
}

/// Citations of requirements that do not exist.
fn unknown_citations(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in project.sources() {
        for line in source.lines() {
            for cited in citations(line.comment).filter(|cited| !is_known(cited)) {
                let what = format!("REQ {cited} is no requirement");
                let todo = "cite an id of docs/SPEC-MAP.md";
                violations.push(Violation::new(&source.path, line.number, what, HONEST, todo));
            }
        }
    }
    violations
}

/// The ids after `REQ `, also when several follow: `REQ NET-2, NET-3`.
fn citations(comment: &str) -> impl Iterator<Item = &str> {
    comment.split("REQ ").skip(1).flat_map(|rest| {
        let ids = rest.split([',', ' ']).filter(|word| !word.is_empty());
        ids.map_while(|word| {
            let id = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let (family, number) = id.split_once('-')?;
            let family = family.bytes().all(|b| b.is_ascii_uppercase());
            (family && number.starts_with(|c: char| c.is_ascii_digit())).then_some(id)
        })
    })
}

fn is_known(id: &str) -> bool {
    id.split_once('-').is_some_and(|(family, number)| {
        let count = FAMILIES.iter().find(|(name, _)| *name == family).map(|(_, count)| *count);
        let number = number.parse::<u32>().ok();
        number.zip(count).is_some_and(|(number, count)| (1..=count).contains(&number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole_map() -> String {
        let ids = FAMILIES
            .iter()
            .flat_map(|(family, count)| (1..=*count).map(move |n| format!("| {family}-{n} | |")));
        ids.collect::<Vec<_>>().join("\n")
    }

    fn found(map: &str) -> Vec<String> {
        let test = "#[test]\nfn a_lost_reply_costs_nothing() {}";
        let project = Project::planted(&[(MAP, map), ("crates/psd/src/refill.rs", test)]);
        check(&project).into_iter().map(|v| format!("{} {}", v.line, v.what)).collect()
    }

    #[test]
    fn a_map_with_every_requirement_is_whole() {
        assert_eq!(found(&whole_map()), Vec::<String>::new());
    }

    #[test]
    fn a_requirement_that_is_missing_is_found_though_a_longer_number_is_there() {
        let map = whole_map().replace("| NET-1 |", "|").replace("| SEC-4 |", "|");
        assert_eq!(found(&map), ["1 NET-1 is not in the map", "1 SEC-4 is not in the map"]);
    }

    #[test]
    fn what_the_map_names_must_be_there() {
        let good = "`crates/psd/src/refill.rs` `crates/psd` \
                    `crates/psd/src/refill.rs::a_lost_reply_costs_nothing` \
                    [refill](../crates/psd/src/refill.rs#L2) [map](SPEC-MAP.md) \
                    [site](https://example.org/x) `POST /v1` `text/xml is no path`";
        assert_eq!(found(&format!("{good}\n{}", whole_map())), Vec::<String>::new());
        for bad in ["`crates/psd/src/gone.rs`", "`crates/psd/src/refill.rs::gone`", "[x](gone.md)"]
        {
            let found = found(&format!("{}\n{bad}", whole_map()));
            assert_eq!(found.len(), 1, "{bad}");
            assert!(found[0].ends_with("is not there"), "{found:?}");
        }
    }

    #[test]
    fn a_missing_map_is_found() {
        assert_eq!(check(&Project::planted(&[])).len(), 1);
    }

    #[test]
    fn a_citation_of_a_requirement_that_does_not_exist_is_found() {
        let text = "//! Fine (REQ NET-1, FUNDS-6; REQ SEC-4).\n//! REQ NET-2 and REQ NET-11.\n";
        let map = whole_map();
        let project = Project::planted(&[("a.rs", text), (MAP, &map)]);
        let found: Vec<_> = check(&project).into_iter().map(|v| (v.line, v.what)).collect();
        assert_eq!(found, [(2, "REQ NET-11 is no requirement".to_owned())]);
    }
}
