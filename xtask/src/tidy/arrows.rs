//! Law 1: arrows go down. The layer of every crate stands here, and what may never meet.

use super::Violation;
use super::project::Project;

/// The layer of each of our crates. A crate may need only those of lower layers.
const LAYERS: &[(&str, u8)] = &[
    ("timbre-catalogue", 0),
    ("timbre-postage", 0),
    ("timbre-key-store", 0),
    ("timbre-protocol", 1),
    ("timbre-indicium", 1),
    ("timbre-funds", 1),
    ("timbre-firewall", 1),
    ("timbre-proxy", 1),
    ("timbre-network-test", 2),
    ("timbre-psd", 2),
    ("timbre-meter", 3),
    ("timbre-infrastructure", 3),
    ("timbre", 4),
    ("timbre-lab", 4),
    ("timbre-simulation", 4),
    ("xtask", 4),
];

/// What the product of a crate may never reach, however far away.
const NEVER: &[(&str, &str)] = &[
    ("timbre-meter", "timbre-funds"),
    ("timbre-meter", "timbre-infrastructure"),
    ("timbre-infrastructure", "timbre-psd"),
    ("timbre-infrastructure", "timbre-meter"),
    ("timbre-infrastructure", "timbre-network-test"),
    ("timbre-network-test", "timbre-protocol"),
    ("timbre-network-test", "timbre-postage"),
    ("timbre-firewall", "timbre-key-store"),
];

/// Libraries that bring a socket or an async runtime; no product of layers 0–2 may reach them.
const RUNTIMES: &[&str] = &[
    "async-std",
    "axum",
    "hyper",
    "mio",
    "quinn",
    "reqwest",
    "smol",
    "socket2",
    "sqlx",
    "tokio",
    "ureq",
];

/// The crates below the shell that converse with the network: that is what they are for.
const CONVERSE: &[&str] = &["timbre-network-test", "timbre-proxy"];

const DOWN: &str = "arrows go down, so that each layer can be read and trusted without those above";

/// The layer of a crate of ours.
pub(crate) fn layer(package: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == package).map(|(_, layer)| *layer)
}

pub(crate) fn check(project: &Project) -> Vec<Violation> {
    let graph = &project.graph;
    let mut violations = Vec::new();
    for (package, folder) in &graph.ours {
        let manifest = format!("{folder}/Cargo.toml");
        let at = |dependency: &str| project.line_of(&manifest, dependency);
        let Some(own) = layer(package) else {
            let todo = "give it a layer in xtask/src/tidy/arrows.rs and in docs/ARCHITECTURE.md";
            violations.push(Violation::new(
                &manifest,
                1,
                format!("{package} has no layer"),
                DOWN,
                todo,
            ));
            continue;
        };
        for dependency in graph.direct(package) {
            if let Some(other) = layer(dependency).filter(|other| *other >= own) {
                let what =
                    format!("{package} (layer {own}) depends on {dependency} (layer {other})");
                let todo = "move what it needs down, or what needs it up";
                violations.push(Violation::new(&manifest, at(dependency), what, DOWN, todo));
            }
        }
        let closure = graph.closure(package);
        for (_, never) in NEVER.iter().filter(|(from, _)| from == package) {
            if let Some(chain) = closure.get(never) {
                let what = format!("{package} reaches {never} through {}", chain.join(" → "));
                let why = "no server may hold a device’s keys, and no device may book";
                let todo = "pass what it needs as a message of timbre-protocol";
                violations.push(Violation::new(&manifest, at(chain[0]), what, why, todo));
            }
        }
        let converses = CONVERSE.contains(&package.as_str());
        for runtime in RUNTIMES.iter().filter(|_| own <= 2 && !converses) {
            if let Some(chain) = closure.get(runtime) {
                let what = format!("{package} reaches {runtime} through {}", chain.join(" → "));
                let why = "layers 0–2 hold no socket, clock, thread or async runtime";
                let todo = "trim the features of the dependency, or move the code to the shell";
                violations.push(Violation::new(&manifest, at(chain[0]), what, why, todo));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::super::graph::Graph;
    use super::*;

    fn found(edges: &[&str]) -> Vec<String> {
        let project = Project::planted(&[]).with_graph(Graph::planted(edges));
        check(&project).into_iter().map(|violation| violation.what).collect()
    }

    #[test]
    fn arrows_that_go_down_are_fine() {
        let edges = ["timbre-psd -> timbre-indicium", "timbre-indicium -> timbre-postage"];
        assert_eq!(found(&edges), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_goes_up_or_sideways_is_found_even_for_tests() {
        let expected = "timbre-funds (layer 1) depends on timbre-protocol (layer 1)";
        assert_eq!(found(&["timbre-funds -> timbre-protocol"]), [expected]);
        let expected = "timbre-postage (layer 0) depends on timbre-psd (layer 2)";
        assert_eq!(found(&["timbre-postage ~> timbre-psd"]), [expected]);
    }

    #[test]
    fn the_two_ends_never_meet_however_far_the_chain() {
        let edges = ["timbre-meter -> timbre-psd", "timbre-psd -> timbre-funds"];
        let expected = "timbre-meter reaches timbre-funds through timbre-psd → timbre-funds";
        assert_eq!(found(&edges), [expected]);
        let expected = "timbre-infrastructure reaches timbre-psd through timbre-psd";
        assert_eq!(found(&["timbre-infrastructure -> timbre-psd"]), [expected]);
    }

    #[test]
    fn a_runtime_below_the_shell_is_found_through_others() {
        let edges = ["timbre-protocol -> nice", "nice -> tokio", "timbre-meter -> nice"];
        assert_eq!(found(&edges), ["timbre-protocol reaches tokio through nice → tokio"]);
    }

    #[test]
    fn a_new_crate_needs_a_layer() {
        assert_eq!(found(&["timbre-new -> serde"]), ["timbre-new has no layer"]);
    }
}
