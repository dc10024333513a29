//! Law 6: nothing is forgotten. Every row of our own catalogue has an exchange in the protocol,
//! golden files, a route in the infrastructure and a caller in the meter; or it says why it carries
//! no exchange, and then the infrastructure serves it by the constant of its name.
//!
//! The check is textual, on code with strings and comments removed: it looks for the exchange's
//! own names (`Refill`, `endpoint::REFILL`), which the compiler then proves to mean the thing.

use timbre_catalogue::Catalogue;

use super::Violation;
use super::project::Project;
use super::source::has_word;

const ROWS: &str = "crates/catalogue/data/timbre.toml";
const WHY: &str = "what the catalogue lists must work from end to end";

/// Parts that an exchange may lack: its name, the part, the reason.
const EXCEPTIONS: &[(&str, Part, &str)] = &[];

/// What an exchange must have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Exchange,
    Golden,
    Route,
    Caller,
}

const PARTS: [Part; 4] = [Part::Exchange, Part::Golden, Part::Route, Part::Caller];

/// A row, as far as this law is concerned.
#[derive(Clone, Copy)]
struct Row<'a> {
    id: &'a str,
    exchange: Option<&'a str>,
    plain: bool,
}

/// An exchange by its three names.
struct Names {
    kebab: String,
    snake: String,
    pascal: String,
    constant: String,
}

impl Names {
    fn of(kebab: &str) -> Names {
        let capital = |word: &str| match word.split_at_checked(1) {
            Some((first, rest)) => first.to_ascii_uppercase() + rest,
            None => String::new(),
        };
        let snake = kebab.replace('-', "_");
        Names {
            kebab: kebab.to_owned(),
            pascal: kebab.split('-').map(capital).collect(),
            constant: snake.to_ascii_uppercase(),
            snake,
        }
    }
}

pub(crate) fn check(project: &Project) -> Vec<Violation> {
    let catalogue = Catalogue::timbre();
    let rows = catalogue.endpoints().iter();
    let rows = rows.map(|row| Row {
        id: row.id.as_str(),
        exchange: row.exchange.as_deref(),
        plain: row.plain.is_some(),
    });
    let rows: Vec<_> = rows.collect();
    check_rows(project, &rows, EXCEPTIONS)
}

fn check_rows(
    project: &Project,
    rows: &[Row<'_>],
    exceptions: &[(&str, Part, &str)],
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut needed = vec![false; exceptions.len()];
    for Row { id, exchange, plain } in rows.iter().copied() {
        let line = project.line_of(ROWS, &format!("\"{id}\""));
        let Some(exchange) = exchange else {
            violations.extend(check_plain(project, line, id, plain));
            continue;
        };
        let names = Names::of(exchange);
        for part in PARTS.into_iter().filter(|part| !has(project, &names, *part)) {
            match exceptions
                .iter()
                .position(|(name, excused, _)| *name == exchange && *excused == part)
            {
                Some(index) => needed[index] = true,
                None => violations.push(missing(line, id, &names, part)),
            }
        }
    }
    for ((name, part, _), _) in exceptions.iter().zip(needed).filter(|(_, needed)| !needed) {
        let what = format!("the exception “{name} {part:?}” is no longer needed");
        let why = "lists of exceptions only shrink";
        violations.push(Violation::new("xtask/src/tidy/coverage.rs", 1, what, why, "remove it"));
    }
    violations
}

/// A row without an exchange: it says why, and the infrastructure serves it by its constant.
fn check_plain(project: &Project, line: usize, id: &str, plain: bool) -> Option<Violation> {
    if !plain {
        let what = format!("{id} names no exchange");
        let todo = "write `exchange = \"…\"` under it, or `plain = \"…\"` with the reason";
        return Some(Violation::new(ROWS, line, what, WHY, todo));
    }
    let constant = id.replace(['.', '-'], "_").to_ascii_uppercase();
    if names(project, "crates/infrastructure/src/", &[&constant]) {
        return None;
    }
    let what = format!("{id} has no route in the infrastructure");
    let todo = format!("serve endpoint::{constant} under crates/infrastructure/src/");
    Some(Violation::new(ROWS, line, what, WHY, todo))
}

/// Whether the product's code under a folder says one of these names.
fn names(project: &Project, folder: &str, wanted: &[&str]) -> bool {
    let mut lines = project.sources_under(folder).flat_map(|source| source.product_lines());
    lines.any(|line| wanted.iter().any(|name| has_word(line.code, name)))
}

fn has(project: &Project, exchange: &Names, part: Part) -> bool {
    let named_under =
        |folder: &str| names(project, folder, &[&exchange.pascal, &exchange.constant]);
    match part {
        Part::Exchange => {
            let path = format!("crates/protocol/src/{}.rs", exchange.snake);
            names(project, &path, &[&format!("endpoint::{}", exchange.constant)])
        }
        Part::Golden => {
            let folder = format!("crates/protocol/golden/{}/v1/", exchange.kebab);
            let file = |start: &str| {
                let start = format!("{folder}{start}");
                project.under(&folder).any(|path| path.starts_with(&start))
            };
            file("request") && file("reply")
        }
        Part::Route => named_under("crates/infrastructure/src/"),
        Part::Caller => named_under("crates/meter/src/"),
    }
}

fn missing(line: usize, id: &str, names: &Names, part: Part) -> Violation {
    let Names { kebab, snake, pascal, constant } = names;
    let (what, todo) = match part {
        Part::Exchange => (
            format!("{id} has no exchange {kebab} in the protocol"),
            format!("write crates/protocol/src/{snake}.rs with ENDPOINT = endpoint::{constant}"),
        ),
        Part::Golden => (
            format!("the exchange {kebab} has no golden request and reply"),
            format!("add them under crates/protocol/golden/{kebab}/v1/"),
        ),
        Part::Route => (
            format!("{id} has no route in the infrastructure"),
            format!("serve {pascal} under crates/infrastructure/src/"),
        ),
        Part::Caller => (
            format!("nothing in the meter calls {id}"),
            format!("call {pascal} under crates/meter/src/, or remove the row"),
        ),
    };
    Violation::new(ROWS, line, what, WHY, todo)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: [Row<'_>; 1] =
        [Row { id: "downloads.rates", exchange: Some("rate-download"), plain: false }];
    const WHOLE: [(&str, &str); 6] = [
        (ROWS, "\n[[endpoint]]\nid = \"downloads.rates\"\n"),
        ("crates/protocol/src/rate_download.rs", "const E: EndpointId = endpoint::RATE_DOWNLOAD;"),
        ("crates/protocol/golden/rate-download/v1/request.xml", ""),
        ("crates/protocol/golden/rate-download/v1/reply-empty.xml", ""),
        ("crates/infrastructure/src/routes.rs", "serve::<RateDownload>(rates)"),
        ("crates/meter/src/startup.rs", "link.call::<RateDownload>(&request)"),
    ];

    fn found(project: &Project, exceptions: &[(&str, Part, &str)]) -> Vec<String> {
        let violations = check_rows(project, &ROW, exceptions).into_iter();
        violations.map(|violation| format!("{} {}", violation.line, violation.what)).collect()
    }

    #[test]
    fn a_row_with_all_its_parts_is_covered() {
        assert_eq!(found(&Project::planted(&WHOLE), &[]), Vec::<String>::new());
    }

    #[test]
    fn each_part_that_is_missing_is_found() {
        let expected = [
            "3 downloads.rates has no exchange rate-download in the protocol",
            "3 the exchange rate-download has no golden request and reply",
            "3 the exchange rate-download has no golden request and reply",
            "3 downloads.rates has no route in the infrastructure",
            "3 nothing in the meter calls downloads.rates",
        ];
        for (left_out, expected) in (1..WHOLE.len()).zip(expected) {
            let mut files = WHOLE.to_vec();
            files.remove(left_out);
            assert_eq!(found(&Project::planted(&files), &[]), [expected]);
        }
    }

    #[test]
    fn a_comment_or_a_test_is_no_caller() {
        let mut files = WHOLE;
        files[5].1 = "// RateDownload\n#[cfg(test)]\nmod tests { use RateDownload; }";
        let expected = ["3 nothing in the meter calls downloads.rates"];
        assert_eq!(found(&Project::planted(&files), &[]), expected);
    }

    #[test]
    fn a_row_without_an_exchange_is_found() {
        let row = Row { exchange: None, ..ROW[0] };
        let found = check_rows(&Project::planted(&WHOLE), &[row], &[]);
        assert_eq!(found[0].what, "downloads.rates names no exchange");
    }

    #[test]
    fn a_plain_row_is_served_by_its_constant() {
        let row = Row { id: "network-test.clear", exchange: None, plain: true };
        let found = check_rows(&Project::planted(&WHOLE), &[row], &[]);
        assert_eq!(found[0].what, "network-test.clear has no route in the infrastructure");
        let served = [("crates/infrastructure/src/probe.rs", "id == endpoint::NETWORK_TEST_CLEAR")];
        assert!(check_rows(&Project::planted(&served), &[row], &[]).is_empty());
    }

    #[test]
    fn an_exception_excuses_one_part_as_long_as_it_is_needed() {
        let exceptions = [("rate-download", Part::Caller, "later")];
        assert_eq!(found(&Project::planted(&WHOLE[..5]), &exceptions), Vec::<String>::new());
        let expected = ["1 the exception “rate-download Caller” is no longer needed"];
        assert_eq!(found(&Project::planted(&WHOLE), &exceptions), expected);
    }
}
