//! The configuration of squid: whether `http_access` lets a request through, and for TLS whether
//! `ssl_bump` would look inside, which counts as blocked (REQ NET-6: a meter refuses a connection
//! that somebody opened on the way). squid keeps connections itself, so answers are not judged.

mod acl;
mod bump;

use timbre_catalogue::Text;

use super::Input;
use super::program::{Action, Chain, Program, Rule};
use super::words::At;
use acl::Acls;

pub(super) fn read(files: &[Input<'_>]) -> Program {
    let lines = directives(files);
    let mut program = Program::default();
    let acls = Acls::read(&lines, files);
    let mut access = Chain::new(
        Action::Block,
        At::default(),
        Text::fixed("http_access\u{a0}: aucune ligne ne convient", "http_access: no line matches"),
    );
    for Directive { at, text: line } in &lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["http_access", verdict, ref names @ ..] => {
                let action = match verdict {
                    "allow" => Action::Allow,
                    "deny" => Action::Block,
                    _ => Action::Unclear,
                };
                // After the last line squid does the opposite of it.
                access.end.action = match action {
                    Action::Block => Action::Allow,
                    Action::Allow => Action::Block,
                    _ => Action::Unclear,
                };
                access.end.at = *at;
                let condition = acls.all(names);
                access.rules.push(Rule { at: *at, text: line.into(), condition, action });
            }
            ["include", ..] if !included(&words, files) => program.skip(*at, line),
            [
                "if"
                | "else"
                | "endif"
                | "adapted_http_access"
                | "http_access2"
                | "miss_access"
                | "url_rewrite_program"
                | "redirect_program",
                ..,
            ] => program.skip(*at, line),
            _ => {}
        }
    }
    program.chains.insert("access".to_owned(), access);
    program.chains.insert("bump".to_owned(), bump::read(&lines, &acls));
    program.entries = vec!["access".to_owned(), "bump".to_owned()];
    program
}

/// Whether an included file was given too; a pattern never counts.
fn included(words: &[&str], files: &[Input<'_>]) -> bool {
    words[1..].iter().all(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        files.iter().any(|file| file.name.rsplit('/').next() == Some(name))
    })
}

/// A line of the configuration that says something.
struct Directive {
    at: At,
    text: String,
}

/// Every directive; comments left out, continued lines joined.
fn directives(files: &[Input<'_>]) -> Vec<Directive> {
    let mut all = Vec::new();
    for (file, input) in files.iter().enumerate() {
        let mut open: Option<Directive> = None;
        for (number, line) in input.text.lines().enumerate() {
            let line = without_comment(line).trim();
            let (part, goes_on) = match line.strip_suffix('\\') {
                Some(part) => (part, true),
                None => (line, false),
            };
            let at = At { file, line: number + 1 };
            let directive = open.get_or_insert_with(|| Directive { at, text: String::new() });
            directive.text.push_str(part);
            if !goes_on {
                all.extend(open.take());
            }
        }
        all.extend(open);
    }
    all.retain(|directive| !directive.text.trim().is_empty());
    all
}

/// A `#` begins a comment at the start of a line or after a space.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices('#').map(|(at, _)| at);
    let mut comment = comment.filter(|at| *at == 0 || line[..*at].ends_with(char::is_whitespace));
    comment.next().map_or(line, |at| &line[..at])
}
