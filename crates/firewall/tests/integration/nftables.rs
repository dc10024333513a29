//! nft and dnsmasq accept what is written for them (REQ NET-7, NET-10).

use tempfile::tempdir;
use timbre_firewall::{Dialect, Mode};

use crate::judges::{
    catalogues, content, everything, in_a_namespace, rules, run, save, selections,
};

#[test]
fn nft_loads_every_policy_alone_and_beside_other_rules_and_takes_it_back() {
    for catalogue in catalogues() {
        for selection in selections() {
            let folder = tempdir().unwrap();
            save(&rules(Dialect::Nftables, &catalogue, &selection), folder.path());
            let script = format!(
                "cd {}
                nft -c -f timbre.nft && nft -f timbre.nft && nft -f timbre.nft
                printf 'table inet filter {{ chain forward {{ type filter hook forward priority 0; policy drop;\\n}}\\n}}\\n' | nft -f -
                nft -c -f timbre-add.nft && nft -f timbre-add.nft
                nft list chain inet filter forward | grep -q 'jump timbre_meter'
                nft -c -f timbre-rollback.nft && nft -f timbre-rollback.nft
                ! nft list table inet timbre 2>/dev/null
                ! nft list chain inet filter timbre_meter | grep -q accept",
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
            let rules = rules(Dialect::Nftables, &catalogue, &selection);
            let folder = tempdir().unwrap();
            save(&rules, folder.path());
            for (config, ruleset) in [
                ("timbre-dnsmasq.conf", "timbre.nft"),
                ("timbre-add-dnsmasq.conf", "timbre-add.nft"),
            ] {
                let file = folder.path().join(config);
                let option = format!("--conf-file={}", file.display());
                content(&run("dnsmasq", "dnsmasq", &["--test", &option]), config);
                let text = std::fs::read_to_string(file).unwrap();
                let sets = std::fs::read_to_string(folder.path().join(ruleset)).unwrap();
                let fed: Vec<&str> = text
                    .lines()
                    .filter(|line| line.starts_with("nftset="))
                    .flat_map(|line| line.rsplit('/').next().unwrap().split(','))
                    .map(|set| set.rsplit('#').next().unwrap())
                    .collect();
                assert!(!fed.is_empty());
                for set in fed {
                    assert!(sets.contains(&format!("set {set} {{")), "{set} is not in {ruleset}");
                }
            }
        }
    }
}

#[test]
fn no_name_stands_in_a_rule() {
    let rules = rules(Dialect::Nftables, &catalogues()[0], &everything(Mode::Names));
    let text = &rules.files.iter().find(|file| file.name == "timbre.nft").unwrap().text;
    let code: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap())
        .map(|line| line.split(" comment ").next().unwrap())
        .collect();
    assert!(code.contains("@host_distservp1_pb_com_4"));
    assert!(!code.contains("distservp1.pb.com"), "{code}");
}
