//! Law 5: names say what a thing is. No crate is called common, core, types or utils, and no module
//! is a drawer for the rest.

use super::Violation;
use super::project::Project;

/// Words that no crate's name may contain.
const CRATE_NAMES: [&str; 6] = ["common", "core", "types", "utils", "util", "helpers"];

/// Names that no module may have.
const MODULE_NAMES: [&str; 5] = ["utils", "util", "helpers", "misc", "stuff"];

const WHY: &str = "a name that fits everything tells nothing";

pub(crate) fn check(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in project.files() {
        let Some(folder) = path.strip_suffix("/Cargo.toml") else { continue };
        let folder = folder.rsplit('/').next().unwrap_or_default();
        let package = text.lines().find_map(|line| line.strip_prefix("name = "));
        for name in [folder, package.unwrap_or_default().trim_matches('"')] {
            if name.split(['-', '_']).any(|word| CRATE_NAMES.contains(&word)) {
                let line = project.line_of(path, "name = ");
                let what = format!("a crate is called {name}");
                let todo = "name it after what it holds, in the words of the specification";
                violations.push(Violation::new(path, line, what, WHY, todo));
                break;
            }
        }
    }
    for source in project.sources() {
        let module = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        let module = module.rsplit('/').next().unwrap_or_default();
        if MODULE_NAMES.contains(&module) {
            let what = format!("a module is called {module}");
            let todo = "put each thing where it is used, or name the module after the noun";
            violations.push(Violation::new(&source.path, 1, what, WHY, todo));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Project::planted(&[(path, text)])).into_iter().map(|v| v.what).collect()
    }

    #[test]
    fn crates_and_modules_without_a_name_are_found() {
        let manifest = "[package]\nname = \"timbre-core\"\n";
        assert_eq!(found("crates/base/Cargo.toml", manifest), ["a crate is called timbre-core"]);
        assert_eq!(found("crates/utils/Cargo.toml", ""), ["a crate is called utils"]);
        assert_eq!(found("crates/a/src/utils.rs", ""), ["a module is called utils"]);
        assert_eq!(found("crates/a/src/misc/mod.rs", ""), ["a module is called misc"]);
    }

    #[test]
    fn names_that_say_something_are_fine() {
        let manifest = "[package]\nname = \"timbre-scores\"\n";
        assert_eq!(found("crates/scores/Cargo.toml", manifest), Vec::<String>::new());
        assert_eq!(found("crates/a/src/utilities_of_mail.rs", ""), Vec::<String>::new());
    }
}
