//! What the checks look at: every text file of the project, in memory, and the dependency graph. A
//! check never reads the disk, so that its test can plant a violation in a project of three lines.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::graph::Graph;
use super::source::Source;

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 3] = ["target", "timbre-demo", ".git"];

/// Files that are read as text.
const TEXT: [&str; 9] = ["rs", "toml", "md", "sql", "xml", "xsd", "sh", "txt", "csv"];

/// The project as it stands.
#[derive(Default)]
pub(crate) struct Project {
    /// Text by path from the root, with `/`; every other file is there too, with an empty text.
    files: BTreeMap<String, String>,
    /// The Rust files, lexed.
    sources: Vec<Source>,
    /// Who depends on whom.
    pub(crate) graph: Graph,
}

impl Project {
    /// Reads the project from disk and asks cargo for the graph.
    pub(crate) fn load(root: &Path) -> Result<Project> {
        let mut files = BTreeMap::new();
        walk(root, "", &mut files)?;
        Ok(Project::of(files).with_graph(Graph::load(root)?))
    }

    fn of(files: BTreeMap<String, String>) -> Project {
        let rust = files.iter().filter(|(path, _)| path.ends_with(".rs"));
        let mut sources: Vec<_> = rust.map(|(path, text)| Source::read(path, text)).collect();
        let test_modules: Vec<_> = sources.iter().flat_map(Source::test_modules).collect();
        for source in &mut sources {
            let stem = source.path.trim_end_matches(".rs");
            let within =
                |module: &String| stem == module || stem.starts_with(&format!("{module}/"));
            if test_modules.iter().any(within) {
                source.mark_as_test();
            }
        }
        Project { files, sources, graph: Graph::default() }
    }

    /// The same project with another graph.
    pub(crate) fn with_graph(self, graph: Graph) -> Project {
        Project { graph, ..self }
    }

    /// A project made of these files.
    #[cfg(test)]
    pub(crate) fn planted(files: &[(&str, &str)]) -> Project {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Project::of(files.iter().map(own).collect())
    }

    /// Every file.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether a file or folder is there.
    pub(crate) fn exists(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.contains_key(path) || self.under(&format!("{path}/")).next().is_some()
    }

    /// The paths of the files under a folder, which is written with its `/`.
    pub(crate) fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let after = self.files.range(folder.to_owned()..);
        after.map(|(path, _)| path.as_str()).take_while(move |path| path.starts_with(folder))
    }

    /// Every Rust file.
    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The Rust files under a folder, which is written with its `/`.
    pub(crate) fn sources_under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Source> {
        self.sources.iter().filter(move |source| source.path.starts_with(folder))
    }

    /// The line of a file on which some text first stands; 1 when it does not.
    pub(crate) fn line_of(&self, path: &str, wanted: &str) -> usize {
        let mut lines = self.text(path).unwrap_or_default().lines();
        lines.position(|line| line.contains(wanted)).map_or(1, |index| index + 1)
    }
}

fn walk(root: &Path, folder: &str, files: &mut BTreeMap<String, String>) -> Result<()> {
    let on_disk = root.join(folder);
    let entries = on_disk.read_dir().with_context(|| format!("cannot read {on_disk:?}"))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {on_disk:?}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !SKIPPED.contains(&name.as_str()) {
                walk(root, &path, files)?;
            }
            continue;
        }
        let is_text = name.rsplit_once('.').is_some_and(|(_, ending)| TEXT.contains(&ending));
        let text = if is_text { std::fs::read_to_string(entry.path()).ok() } else { None };
        files.insert(path, text.unwrap_or_default());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_a_module_of_tests_is_no_product() {
        let project = Project::planted(&[
            ("crates/x/src/lib.rs", "#[cfg(test)]\nmod planted;\n"),
            ("crates/x/src/planted.rs", "fn f() {}"),
            ("crates/x/src/planted/more.rs", "fn f() {}"),
            ("crates/x/src/plants.rs", "fn f() {}"),
        ]);
        let product = project
            .sources()
            .iter()
            .filter(|source| source.product_lines().any(|line| line.code.contains("fn f")));
        assert_eq!(
            product.map(|source| &source.path).collect::<Vec<_>>(),
            ["crates/x/src/plants.rs"]
        );
    }

    #[test]
    fn files_and_folders_are_found_by_path() {
        let project = Project::planted(&[("docs/a.md", "one\ntwo\n"), ("docs-b.md", "")]);
        assert!(project.exists("docs/a.md") && project.exists("docs") && project.exists("docs/"));
        assert!(!project.exists("doc"));
        assert_eq!(project.under("docs/").collect::<Vec<_>>(), ["docs/a.md"]);
        assert_eq!(project.line_of("docs/a.md", "two"), 2);
    }
}
