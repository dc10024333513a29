//! Who depends on whom, as `cargo metadata` says after resolving features.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// The dependency graph, by package name.
#[derive(Default)]
pub(crate) struct Graph {
    /// The folder of each of our packages, from the root.
    pub(crate) ours: BTreeMap<String, String>,
    /// What the product of each package needs (normal and build dependencies).
    needs: BTreeMap<String, BTreeSet<String>>,
    /// What only its tests need.
    tests_need: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    pub(crate) fn load(root: &Path) -> Result<Graph> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1"])
            .current_dir(root)
            .output()
            .context("cannot start cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        let metadata = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
        Graph::read(&metadata).context("cargo metadata does not have the expected form")
    }

    fn read(metadata: &Value) -> Option<Graph> {
        let root = metadata["workspace_root"].as_str()?;
        let packages = metadata["packages"].as_array()?;
        let mut names = BTreeMap::new();
        for package in packages {
            names.insert(package["id"].as_str()?, package["name"].as_str()?);
        }
        let mut graph = Graph::default();
        for package in packages {
            if metadata["workspace_members"].as_array()?.contains(&package["id"]) {
                let manifest = package["manifest_path"].as_str()?.strip_prefix(root)?;
                let folder = manifest.trim_start_matches('/').trim_end_matches("/Cargo.toml");
                graph.ours.insert(package["name"].as_str()?.to_owned(), folder.to_owned());
            }
        }
        for node in metadata["resolve"]["nodes"].as_array()? {
            let from = names.get(node["id"].as_str()?)?;
            for dependency in node["deps"].as_array()? {
                let to = names.get(dependency["pkg"].as_str()?)?;
                let kinds = dependency["dep_kinds"].as_array()?;
                let only_tests = kinds.iter().all(|kind| kind["kind"] == "dev");
                graph.add(from, to, only_tests);
            }
        }
        Some(graph)
    }

    fn add(&mut self, from: &str, to: &str, only_tests: bool) {
        let edges = if only_tests { &mut self.tests_need } else { &mut self.needs };
        edges.entry(from.to_owned()).or_default().insert(to.to_owned());
    }

    /// A graph of our own packages; `a -> b` for the product, `a ~> b` for tests only.
    #[cfg(test)]
    pub(crate) fn planted(edges: &[&str]) -> Graph {
        let mut graph = Graph::default();
        for edge in edges {
            let words: Vec<_> = edge.split(' ').collect();
            for name in [words[0], words[2]].into_iter().filter(|name| name.starts_with("timbre")) {
                let folder = format!("crates/{}", name.trim_start_matches("timbre-"));
                graph.ours.insert(name.to_owned(), folder);
            }
            graph.add(words[0], words[2], words[1] == "~>");
        }
        graph
    }

    /// What a package names in its manifest, tests' dependencies included.
    pub(crate) fn direct(&self, package: &str) -> BTreeSet<&str> {
        let edges = [self.needs.get(package), self.tests_need.get(package)];
        edges.into_iter().flatten().flatten().map(String::as_str).collect()
    }

    /// Everything that the product of a package needs, near and far, with the chain that leads
    /// there.
    pub(crate) fn closure(&self, package: &str) -> BTreeMap<&str, Vec<&str>> {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut queue = vec![(package, Vec::new())];
        while let Some((from, chain)) = queue.pop() {
            for to in self.needs.get(from).into_iter().flatten() {
                if !found.contains_key(to.as_str()) {
                    let mut chain = chain.clone();
                    chain.push(to.as_str());
                    found.insert(to, chain.clone());
                    queue.push((to, chain));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graph_is_read_from_the_metadata() {
        let metadata = serde_json::json!({
            "workspace_root": "/p",
            "workspace_members": ["id-a"],
            "packages": [
                { "id": "id-a", "name": "timbre-a", "manifest_path": "/p/crates/a/Cargo.toml" },
                { "id": "id-b", "name": "b", "manifest_path": "/r/b/Cargo.toml" },
                { "id": "id-c", "name": "c", "manifest_path": "/r/c/Cargo.toml" },
            ],
            "resolve": { "nodes": [
                { "id": "id-a", "deps": [
                    { "pkg": "id-b", "dep_kinds": [{ "kind": null }, { "kind": "dev" }] },
                    { "pkg": "id-c", "dep_kinds": [{ "kind": "dev" }] },
                ] },
                { "id": "id-b", "deps": [{ "pkg": "id-c", "dep_kinds": [{ "kind": "build" }] }] },
                { "id": "id-c", "deps": [] },
            ] },
        });
        let graph = Graph::read(&metadata).unwrap();
        assert_eq!(graph.ours["timbre-a"], "crates/a");
        assert_eq!(graph.direct("timbre-a"), BTreeSet::from(["b", "c"]));
        assert_eq!(graph.closure("timbre-a")["c"], ["b", "c"]);
    }

    #[test]
    fn what_only_tests_need_is_not_in_the_closure() {
        let graph = Graph::planted(&["timbre-a -> timbre-b", "timbre-b ~> timbre-c"]);
        assert!(graph.closure("timbre-a").contains_key("timbre-b"));
        assert!(!graph.closure("timbre-a").contains_key("timbre-c"));
    }
}
