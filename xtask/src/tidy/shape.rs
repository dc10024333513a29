//! How files look: each opens by saying what it is, and none is too long to be read at a sitting.

use super::Violation;
use super::project::Project;

/// A file should not be longer than this …
const LONG: usize = 300;

/// … and may not be longer than this, unless it is listed.
const TOO_LONG: usize = 500;

/// Files that may be longer, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

pub(crate) fn check_module_docs(project: &Project) -> Vec<Violation> {
    let silent = project.sources().iter().filter(|source| {
        let text = project.text(&source.path).unwrap_or_default();
        !text.starts_with("//! ")
    });
    let report = |path: &str| {
        let why = "a reader wants to know what a file is before reading it";
        let todo = "open it with //! lines: what it is, what it refuses to do";
        Violation::new(path, 1, "no module docs on the first line", why, todo)
    };
    silent.map(|source| report(&source.path)).collect()
}

pub(crate) fn check_length(project: &Project) -> Vec<Violation> {
    check_length_except(project, EXCEPTIONS)
}

fn check_length_except(project: &Project, exceptions: &[(&str, &str)]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, lines) in lengths(project).filter(|(_, lines)| *lines > TOO_LONG) {
        if !exceptions.iter().any(|(excused, _)| *excused == path) {
            violations.push(too_long(path, lines));
        }
    }
    for (path, _) in exceptions {
        if !lengths(project).any(|(long, lines)| long == *path && lines > TOO_LONG) {
            let what = format!("the exception for {path} is no longer needed");
            let why = "lists of exceptions only shrink";
            violations.push(Violation::new("xtask/src/tidy/shape.rs", 1, what, why, "remove it"));
        }
    }
    violations
}

/// The files that are longer than they should be but not too long.
pub(crate) fn long_files(project: &Project) -> Vec<Violation> {
    let long = lengths(project).filter(|(_, lines)| (LONG + 1..=TOO_LONG).contains(lines));
    long.map(|(path, lines)| too_long(path, lines)).collect()
}

fn lengths(project: &Project) -> impl Iterator<Item = (&str, usize)> {
    let sources = project.sources().iter().map(|source| source.path.as_str());
    sources.map(|path| (path, project.text(path).unwrap_or_default().lines().count()))
}

fn too_long(path: &str, lines: usize) -> Violation {
    let why = "a file is read at one sitting";
    let todo = format!("split it by noun or verb: under {LONG} lines, never over {TOO_LONG}");
    Violation::new(path, 1, format!("{lines} lines"), why, todo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_say_what_it_is_is_found() {
        let project = Project::planted(&[
            ("a.rs", "//! A thing.\n"),
            ("b.rs", "use c;\n//! Too late.\n"),
            ("c.rs", ""),
        ]);
        let found: Vec<_> = check_module_docs(&project).into_iter().map(|v| v.path).collect();
        assert_eq!(found, ["b.rs", "c.rs"]);
    }

    #[test]
    fn a_long_file_is_tolerated_and_a_too_long_one_is_not() {
        let [good, long, too_long] = [300, 500, 501].map(|lines| "x\n".repeat(lines));
        let project = Project::planted(&[("a.rs", &good), ("b.rs", &long), ("c.rs", &too_long)]);
        let tolerated: Vec<_> = long_files(&project).into_iter().map(|v| v.path).collect();
        assert_eq!(tolerated, ["b.rs"]);
        let found: Vec<_> =
            check_length_except(&project, &[]).into_iter().map(|v| v.what).collect();
        assert_eq!(found, ["501 lines"]);
    }

    #[test]
    fn an_exception_excuses_one_file_as_long_as_it_is_needed() {
        let text = "x\n".repeat(501);
        let project = Project::planted(&[("a.rs", &text), ("b.rs", "x\n")]);
        assert_eq!(check_length_except(&project, &[("a.rs", "a table")]), []);
        let found = check_length_except(&project, &[("a.rs", "a table"), ("b.rs", "no")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].what.contains("b.rs"));
    }
}
