//! iptables, ipset and dnsmasq accept what is written for them (REQ NET-7).

use tempfile::tempdir;
use timbre_firewall::Dialect;

use crate::judges::{catalogues, content, in_a_namespace, rules, run, save, selections};

#[test]
fn iptables_loads_every_policy_alone_and_beside_other_rules_and_takes_it_back() {
    for catalogue in catalogues() {
        for selection in selections() {
            let folder = tempdir().unwrap();
            save(&rules(Dialect::Iptables, &catalogue, &selection), folder.path());
            let script = format!(
                "cd {}
                test ! -e timbre.ipset || ipset restore -exist < timbre.ipset
                for tool in iptables ip6tables; do
                    digit=4; test $tool = iptables || digit=6
                    test -e timbre.v$digit || continue
                    $tool-restore --test < timbre.v$digit
                    $tool-restore --noflush --test < timbre-add.v$digit
                    $tool-restore < timbre.v$digit
                    $tool -P FORWARD ACCEPT; $tool -F; $tool -X
                    $tool-restore --noflush < timbre-add.v$digit
                    $tool-restore --noflush < timbre-add.v$digit
                    $tool -S FORWARD | grep -q TIMBRE
                done
                sh timbre-rollback.sh
                test \"$(iptables -S)\" = \"$(printf '%s\\n' '-P INPUT ACCEPT' '-P FORWARD ACCEPT' '-P OUTPUT ACCEPT')\"
                test -z \"$(ipset list -name)\"",
                folder.path().display()
            );
            content(&in_a_namespace(&script), &format!("{selection:?}"));
        }
    }
}

#[test]
fn dnsmasq_accepts_the_names_and_every_set_that_it_feeds_exists() {
    for catalogue in catalogues() {
        for selection in selections().into_iter().filter(|selection| selection.mode.by_name()) {
            let folder = tempdir().unwrap();
            save(&rules(Dialect::Iptables, &catalogue, &selection), folder.path());
            let config = folder.path().join("timbre-ipset.conf");
            let option = format!("--conf-file={}", config.display());
            content(&run("dnsmasq", "dnsmasq", &["--test", &option]), "timbre-ipset.conf");
            let text = std::fs::read_to_string(config).unwrap();
            let sets = std::fs::read_to_string(folder.path().join("timbre.ipset")).unwrap();
            let lines = text.lines().filter(|line| line.starts_with("ipset="));
            let fed: Vec<&str> =
                lines.flat_map(|line| line.rsplit('/').next().unwrap().split(',')).collect();
            assert!(!fed.is_empty());
            for set in fed {
                assert!(set.len() <= 31, "ipset refuses {set}");
                assert!(sets.contains(&format!("create {set} ")), "{set}");
            }
        }
    }
}
