//! Law 3: in the meter one module opens sockets, `egress.rs`, and nothing at all listens
//! (REQ NET-1, NET-10).

use std::collections::BTreeSet;

use super::Violation;
use super::project::Project;
use super::source::{Source, has_word};

/// The one module that may open a socket, with what lies in its folder.
const EGRESS: [&str; 2] = ["crates/meter/src/egress.rs", "crates/meter/src/egress/"];

/// Where something else is the very purpose: the file, a word it may use, the reason.
const EXCEPTIONS: &[(&str, &[&str], &str)] = &[
    (
        "crates/meter/src/lockdown/forbidden.rs",
        &["std::net", "TcpListener", "TcpStream", "UdpSocket"],
        "it tries what must fail, to show that the walls stand",
    ),
    (
        "crates/meter/src/lockdown/resolver.rs",
        &["std::net", "unix::net", "UnixListener"],
        "a process of its own, which answers at a file and not on a network",
    ),
];

/// Words that open a connection, or name a library that does.
const OPENS: [&str; 8] = [
    "std::net",
    "tokio::net",
    "unix::net",
    "reqwest",
    "hyper",
    "socket2",
    "TcpStream",
    "UdpSocket",
];

/// Words that wait for one.
const LISTENS: [&str; 4] = ["TcpListener", "UnixListener", "axum", "axum_server"];

pub(crate) fn check(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in project.sources_under("crates/meter/src/") {
        let excused = EXCEPTIONS.iter().find(|(path, ..)| source.path == *path);
        let excused = excused.map_or(&[] as &[&str], |(_, words, _)| words);
        let is_egress = EGRESS.iter().any(|path| source.path.starts_with(path));
        let mut report = |words: &[&str], why, todo| {
            for (line, word) in named(source, words) {
                if excused.contains(&word) {
                    continue;
                }
                let what = format!("“{word}” in the meter");
                violations.push(Violation::new(&source.path, line, what, why, todo));
            }
        };
        report(
            &LISTENS,
            "the meter provides no service on a network",
            "let the meter call out instead",
        );
        if !is_egress {
            let why = "one module opens sockets, and it takes an endpoint, never a URL";
            let todo = "call it through crates/meter/src/egress.rs (an address alone is core::net)";
            report(&OPENS, why, todo);
        }
    }
    violations
}

/// The words that the product's code names, each line once.
fn named<'a>(source: &Source, words: &[&'a str]) -> BTreeSet<(usize, &'a str)> {
    let first = |code: &str| words.iter().copied().find(|word| has_word(code, word));
    let mut found = BTreeSet::new();
    for (line, path) in source.imports() {
        found.extend(first(&path).map(|word| (line, word)));
    }
    for line in source.product_lines() {
        let known = found.iter().any(|(number, _)| *number == line.number);
        found.extend(first(line.code).filter(|_| !known).map(|word| (line.number, word)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let violations = check(&Project::planted(&[(path, text)])).into_iter();
        violations.map(|violation| format!("{} {}", violation.line, violation.what)).collect()
    }

    #[test]
    fn a_socket_outside_egress_is_found() {
        let text =
            "//! Docs.\nuse tokio::{net::TcpStream, time};\nlet c = reqwest::Client::new();\n";
        let expected = ["2 “tokio::net” in the meter", "3 “reqwest” in the meter"];
        assert_eq!(found("crates/meter/src/jobs.rs", text), expected);
        assert_eq!(found("crates/meter/src/egress.rs", text), Vec::<String>::new());
        assert_eq!(found("crates/meter/src/egress/trust.rs", text), Vec::<String>::new());
    }

    #[test]
    fn nothing_listens_not_even_egress() {
        let text = "let l = TcpListener::bind(a);";
        assert_eq!(found("crates/meter/src/egress.rs", text), ["1 “TcpListener” in the meter"]);
        let text = "#[cfg(test)]\nmod tests { use tokio::net::TcpListener; }";
        assert_eq!(found("crates/meter/src/egress.rs", text), Vec::<String>::new());
    }
}
