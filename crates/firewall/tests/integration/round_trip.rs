//! What is written is read back: every row that a policy opens is allowed, and a row whose rule is
//! taken out is blocked (REQ NET-7, NET-8).

use std::collections::BTreeMap;

use timbre_catalogue::{Catalogue, Host, Scheme};
use timbre_firewall::{
    Dialect, Input, Judgement, Kind, Mode, Resolved, RuleFile, Rules, Selection, Verdict, verify,
};

use crate::judges::{both_families, catalogues, everybody, everything, rules};

/// The files that stand together on one firewall: each dialect offers itself alone and beside
/// other rules.
fn files_of(kind: Kind, rules: &Rules) -> Vec<Vec<RuleFile>> {
    let pick = |wanted: &[&str]| -> Vec<RuleFile> {
        rules.every_file().filter(|file| wanted.contains(&file.name.as_str())).cloned().collect()
    };
    match kind {
        Kind::Nftables => vec![
            pick(&["timbre.nft", "timbre-dnsmasq.conf"]),
            beside(
                pick(&["timbre-add.nft", "timbre-add-dnsmasq.conf"]),
                "table inet filter {\n  chain forward {\n    type filter hook forward priority filter; policy drop;\n    ct state vmap { established : accept, related : accept, invalid : drop }\n  }\n}\n",
            ),
        ],
        Kind::Iptables => {
            vec![pick(&["timbre.v4", "timbre.v6", "timbre.ipset", "timbre-ipset.conf"])]
        }
        Kind::CiscoAsa => vec![
            pick(&["timbre-asa.txt"]),
            beside(
                pick(&["timbre-asa-add.txt"]),
                "access-list inside_in extended deny ip any any\naccess-group inside_in in interface inside\n",
            ),
        ],
        Kind::Squid => vec![pick(&["timbre.conf", "timbre-bypass.conf"])],
    }
}

fn beside(mut files: Vec<RuleFile>, existing: &str) -> Vec<RuleFile> {
    files.insert(0, RuleFile { name: "existing".to_owned(), text: existing.to_owned() });
    files
}

fn judge(
    kind: Kind,
    files: &[RuleFile],
    catalogue: &Catalogue,
    selection: &Selection,
) -> Vec<Judgement> {
    let inputs: Vec<Input<'_>> =
        files.iter().map(|file| Input { name: &file.name, text: &file.text }).collect();
    verify(kind, &inputs, catalogue, selection, &Resolved::new())
}

fn dialect(kind: Kind) -> Dialect {
    kind.as_str().parse().unwrap()
}

/// What the rules say of themselves that they do not open.
fn is_closed(rules: &Rules, judgement: &Judgement) -> bool {
    let named = rules.cannot.iter().any(|limit| limit.endpoints.contains(&judgement.endpoint));
    named || (judgement.target.scheme == Scheme::Dns && judgement.reason.en.contains("proxy"))
}

#[test]
fn every_row_that_is_written_is_read_back_as_allowed() {
    for kind in Kind::ALL {
        for catalogue in catalogues() {
            for mode in Mode::ALL {
                for selection in [everything(mode), both_families(mode), everybody(mode)] {
                    let rules = rules(dialect(kind), &catalogue, &selection);
                    for files in files_of(kind, &rules) {
                        let mut allowed = 0;
                        for judgement in judge(kind, &files, &catalogue, &selection) {
                            if is_closed(&rules, &judgement) {
                                assert_ne!(judgement.verdict, Verdict::Allowed, "{judgement:?}");
                                continue;
                            }
                            // IPv6 has no printed addresses: by block nothing of it is let out.
                            let six = mode == Mode::Blocks && selection.sources.len() > 1;
                            assert!(
                                judgement.verdict == Verdict::Allowed || six,
                                "{kind:?} {mode} {}: {judgement:#?}",
                                files[0].name
                            );
                            assert!(judgement.line.is_some(), "{judgement:?}");
                            allowed += 1;
                        }
                        assert!(allowed > 0 || catalogue == Catalogue::timbre());
                    }
                }
            }
        }
    }
}

/// The files without every line that opens a host, and how many lines that was.
fn without(files: &[RuleFile], host: &str) -> (Vec<RuleFile>, usize) {
    let mut taken = 0;
    let escaped = host.replace('.', "_");
    let files = files
        .iter()
        .map(|file| {
            let opens = |line: &&str| {
                let code = line.trim_start();
                let rule = code.starts_with("ip ")
                    || code.starts_with("ip6 ")
                    || code.starts_with("-A TIMBRE")
                    || code.starts_with("access-list")
                    || code.starts_with("acl timbre_names");
                rule && (line.contains(host) || line.contains(&escaped))
            };
            let kept: Vec<&str> = file.text.lines().filter(|line| !opens(line)).collect();
            taken += file.text.lines().count() - kept.len();
            RuleFile { name: file.name.clone(), text: without_empty_lists(&kept) }
        })
        .collect();
    (files, taken)
}

/// squid refuses a line that names a list which is gone.
fn without_empty_lists(lines: &[&str]) -> String {
    let defined = |list: &str| lines.iter().any(|line| line.starts_with(&format!("acl {list} ")));
    let sound = |line: &&&str| {
        let mut lists = line.split_whitespace().filter(|word| word.starts_with("timbre_names"));
        !line.starts_with("http_access") || lists.all(defined)
    };
    lines.iter().filter(sound).copied().collect::<Vec<_>>().join("\n")
}

#[test]
fn a_row_whose_rule_is_taken_out_is_blocked_and_no_other_row_is() {
    for kind in Kind::ALL {
        for catalogue in catalogues() {
            let selection = everything(Mode::Names);
            let rules = rules(dialect(kind), &catalogue, &selection);
            // An ASA numbers the lines that it inserts, so none can be taken out of the middle.
            let numbered = |files: &Vec<RuleFile>| {
                kind == Kind::CiscoAsa && files.iter().any(|file| file.name == "existing")
            };
            for files in files_of(kind, &rules).into_iter().filter(|files| !numbered(files)) {
                let before = judge(kind, &files, &catalogue, &selection);
                let hosts: BTreeMap<&str, ()> = before
                    .iter()
                    .filter(|judgement| judgement.verdict == Verdict::Allowed)
                    .filter_map(|judgement| Some((judgement.target.host.name()?, ())))
                    .collect();
                assert!(hosts.len() > 3);
                for host in hosts.into_keys() {
                    let (files, taken) = without(&files, host);
                    assert!(taken > 0, "{kind:?}: nothing opens {host}");
                    let after = judge(kind, &files, &catalogue, &selection);
                    for (before, after) in before.iter().zip(&after) {
                        let this = before.target.host == Host::Name(host.to_owned());
                        let wanted = if this { Verdict::Blocked } else { before.verdict };
                        assert_eq!(after.verdict, wanted, "{kind:?} without {host}: {after:#?}");
                    }
                }
            }
        }
    }
}
