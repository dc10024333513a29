//! Law 2: layers 0–2 hold no socket, clock, thread or async runtime, and touch no file and draw no
//! random number unless they are the boundary of that very thing.

use super::Violation;
use super::arrows::layer;
use super::project::Project;
use super::source::{Source, has_word};

/// What a pure crate is kept from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    Socket,
    Clock,
    Thread,
    Async,
    File,
    Chance,
}

impl Effect {
    fn words(self) -> &'static [&'static str] {
        match self {
            Effect::Socket => &["std::net", "unix::net", "reqwest", "hyper", "socket2", "ureq"],
            Effect::Clock => &[
                "SystemTime::now",
                "Instant::now",
                "Timestamp::now",
                "Zoned::now",
                "time::SystemTime",
                "time::Instant",
                "SystemTime::UNIX_EPOCH",
            ],
            Effect::Thread => &["std::thread", "rayon", "crossbeam"],
            Effect::Async => &["tokio", "async", "await", "futures"],
            Effect::File => &["std::fs", "std::env", "std::process", "rustix"],
            Effect::Chance => &["rand", "SystemRandom", "getrandom"],
        }
    }

    fn instead(self) -> &'static str {
        match self {
            Effect::Socket => "let the shell open it (an address alone is core::net)",
            Effect::Clock => "take the time as an argument",
            Effect::Thread => "let the shell run it on a thread",
            Effect::Async => "return a value and let the shell wait",
            Effect::File => "take the text or bytes as an argument",
            Effect::Chance => "take the random bytes as an argument",
        }
    }
}

const EFFECTS: [Effect; 6] =
    [Effect::Socket, Effect::Clock, Effect::Thread, Effect::Async, Effect::File, Effect::Chance];

/// Where an effect is the very purpose of the code: the start of the path, the effect, the reason.
const EXCEPTIONS: &[(&str, Effect, &str)] = &[
    ("crates/psd/src/journal", Effect::File, "the PSD’s journal is the file that must not lie"),
    ("crates/key-store/src/", Effect::File, "keys are sealed in a file of its own making"),
    ("crates/key-store/src/", Effect::Chance, "keys and signatures need random numbers"),
    ("crates/network-test/src/", Effect::Socket, "a probe is a conversation with the network"),
    ("crates/network-test/src/", Effect::Async, "probes wait for answers, all at once"),
    ("crates/network-test/src/", Effect::Clock, "it measures how long things take"),
    ("crates/network-test/src/", Effect::Chance, "a challenge must not be guessed"),
    ("crates/network-test/src/dns/system.rs", Effect::File, "which resolvers this machine asks"),
    ("crates/network-test/src/context.rs", Effect::File, "which proxy this machine is set to"),
    ("crates/proxy/src/", Effect::Async, "it converses with a proxy over a stream it is given"),
    ("crates/proxy/src/pac/", Effect::Clock, "a script from somebody else must end in time"),
    ("crates/proxy/src/pac.rs", Effect::Thread, "a script from somebody else must end in time"),
    ("crates/proxy/src/pac/load.rs", Effect::File, "proxy.pac may be a file of this machine"),
];

const WHY: &str = "layers 0–2 are pure, so that the same input always gives the same output";

pub(crate) fn check(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut needed = [false; EXCEPTIONS.len()];
    for (package, folder) in &project.graph.ours {
        if layer(package).is_none_or(|layer| layer > 2) {
            continue;
        }
        for source in project.sources_under(&format!("{folder}/src/")) {
            for (line, effect, word) in effects(source) {
                let excused = |(path, excused, _): &(&str, Effect, &str)| {
                    source.path.starts_with(path) && *excused == effect
                };
                if let Some(index) = EXCEPTIONS.iter().position(excused) {
                    needed[index] = true;
                } else {
                    let what = format!("“{word}” in {package}");
                    let todo = effect.instead();
                    violations.push(Violation::new(&source.path, line, what, WHY, todo));
                }
            }
        }
    }
    for ((path, effect, _), _) in EXCEPTIONS.iter().zip(needed).filter(|(_, needed)| !needed) {
        violations.push(unneeded(&format!("{path} … {effect:?}")));
    }
    violations
}

fn unneeded(exception: &str) -> Violation {
    let what = format!("the exception “{exception}” is no longer needed");
    let path = "xtask/src/tidy/purity.rs";
    Violation::new(path, 1, what, "lists of exceptions only shrink", "remove it")
}

/// Every effect that the product's code names, with its line and the word for it.
fn effects(source: &Source) -> Vec<(usize, Effect, &'static str)> {
    let imports = source.imports();
    let mut places: Vec<(usize, &str)> =
        imports.iter().map(|(line, path)| (*line, path.as_str())).collect();
    places.extend(source.product_lines().map(|line| (line.number, line.code)));
    let mut found: Vec<(usize, Effect, &str)> = Vec::new();
    for (line, code) in places {
        for effect in EFFECTS {
            let mut words = effect.words().iter().filter(|word| has_word(code, word));
            if let Some(word) = words.next()
                && !found.iter().any(|(at, known, _)| (*at, *known) == (line, effect))
            {
                found.push((line, effect, word));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::graph::Graph;
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let graph =
            Graph::planted(&["timbre-psd -> timbre-protocol", "timbre-meter -> timbre-key-store"]);
        let project = Project::planted(&[(path, text)]).with_graph(graph);
        let violations = check(&project).into_iter();
        let planted = violations.filter(|violation| violation.path == path);
        planted.map(|violation| format!("{} {}", violation.line, violation.what)).collect()
    }

    #[test]
    fn each_effect_is_found() {
        for (line, word) in [
            ("let s = std::net::TcpStream::connect(a);", "std::net"),
            ("let now = jiff::Timestamp::now();", "Timestamp::now"),
            ("let now = Instant::now();", "Instant::now"),
            ("std::thread::spawn(f);", "std::thread"),
            ("async fn f() {}", "async"),
            ("tokio::spawn(f);", "tokio"),
            ("let text = std::fs::read(path);", "std::fs"),
            ("let r = SystemRandom::new();", "SystemRandom"),
        ] {
            let text = format!("//! Docs.\n{line}\n");
            let expected = format!("2 “{word}” in timbre-protocol");
            assert_eq!(found("crates/protocol/src/lib.rs", &text), [expected]);
        }
    }

    #[test]
    fn an_effect_hidden_in_a_group_of_imports_is_found() {
        let text = "use std::{\n    fmt,\n    time::{Duration, Instant},\n};\n";
        let expected = ["3 “time::Instant” in timbre-protocol"];
        assert_eq!(found("crates/protocol/src/lib.rs", text), expected);
    }

    #[test]
    fn tests_comments_and_strings_may_name_anything() {
        let text = "// tokio\nconst A: &str = \"std::net\";\n\
                    #[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert_eq!(found("crates/protocol/src/lib.rs", text), Vec::<String>::new());
        let text = "use std::thread;\n";
        assert_eq!(found("crates/psd/tests/integration.rs", text), Vec::<String>::new());
    }

    #[test]
    fn addresses_are_no_sockets_and_the_shell_may_do_anything() {
        let text = "use core::net::Ipv4Addr;\nuse std::time::Duration;\n";
        assert_eq!(found("crates/protocol/src/lib.rs", text), Vec::<String>::new());
        assert_eq!(found("crates/meter/src/lib.rs", "use tokio::net;"), Vec::<String>::new());
    }

    #[test]
    fn an_exception_excuses_one_effect_in_one_place() {
        let text = "use std::fs;\nuse std::thread;\n";
        let expected = ["2 “std::thread” in timbre-psd"];
        assert_eq!(found("crates/psd/src/journal/disk.rs", text), expected);
        assert_eq!(found("crates/psd/src/debit.rs", "use std::fs;").len(), 1);
    }

    #[test]
    fn an_exception_that_excuses_nothing_is_a_violation() {
        let found = check(&Project::planted(&[]));
        assert_eq!(found.len(), EXCEPTIONS.len());
        assert!(found[0].what.contains("is no longer needed"));
    }
}
