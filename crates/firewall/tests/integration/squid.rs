//! squid accepts what is written for it, without a warning (REQ NET-6, NET-7).

use tempfile::tempdir;
use timbre_firewall::{Dialect, Mode};

use crate::judges::{catalogues, content, everything, rules, run, save, selections};

#[test]
fn squid_reads_every_policy_and_its_exemption_without_a_warning() {
    for catalogue in catalogues() {
        for selection in selections() {
            let folder = tempdir().unwrap();
            let rules = rules(Dialect::Squid, &catalogue, &selection);
            assert!(rules.bypass.is_some(), "squid inspects");
            save(&rules, folder.path());
            let path = |name: &str| folder.path().join(name).display().to_string();
            let main = format!(
                "http_port 127.0.0.1:3128\nvisible_hostname proxy.example\ninclude {}\ninclude {}\nssl_bump bump all\nhttp_access deny all\n",
                path("timbre.conf"),
                path("timbre-bypass.conf")
            );
            std::fs::write(folder.path().join("squid.conf"), main).unwrap();
            let output = run("squid", "squid-openssl", &["-k", "parse", "-f", &path("squid.conf")]);
            content(&output, &format!("{selection:?}"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("timbre.conf"), "squid read our file: {said}");
            for word in ["WARNING", "ERROR", "FATAL"] {
                assert!(!said.contains(word), "{said}");
            }
        }
    }
}

#[test]
fn a_host_under_a_wildcard_is_not_named_twice() {
    let rules = rules(Dialect::Squid, &catalogues()[0], &everything(Mode::Names));
    let names: Vec<&str> = rules.files[0]
        .text
        .lines()
        .filter(|line| line.starts_with("acl timbre_names_443"))
        .filter_map(|line| line.split_whitespace().nth(3))
        .collect();
    assert!(names.contains(&".teamviewer.com"), "{names:?}");
    for name in &names {
        let twice = names.iter().filter(|other| format!(".{name}").ends_with(*other)).count();
        assert!(twice <= 1, "{name} in {names:?}");
    }
}
