//! The meter's own firewall, loaded into a real kernel (REQ NET-1, NET-10).

use timbre_firewall::egress::{self, EgressSettings, Owner};
use timbre_firewall::{Mode, Policy};

use crate::judges::{both_families, catalogues, content, in_a_namespace};

fn settings(owner: Owner) -> EgressSettings {
    EgressSettings {
        owner,
        proxies: vec!["198.51.100.8:3128".parse().unwrap()],
        log_group: Some(5),
        dhcp: true,
        close_input: true,
    }
}

fn policy(mode: Mode) -> String {
    let policy = Policy::of(&catalogues()[0], &both_families(mode));
    egress::egress(&policy, &settings(Owner::User(7007)))
}

#[test]
fn nft_loads_the_lockdown_and_takes_it_back() {
    for mode in Mode::ALL {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lockdown.nft"), policy(mode)).unwrap();
        std::fs::write(folder.path().join("release.nft"), egress::release()).unwrap();
        let script = format!(
            "cd {}; nft -f lockdown.nft; nft -f lockdown.nft; nft -f release.nft; test -z \"$(nft list ruleset)\"",
            folder.path().display()
        );
        content(&in_a_namespace(&script), mode.as_str());
    }
}

#[test]
fn a_looked_up_address_is_prolonged_when_it_is_named_again() {
    let folder = tempfile::tempdir().unwrap();
    let addresses = ["203.0.113.10".parse().unwrap(), "2001:db8::10".parse().unwrap()];
    std::fs::write(folder.path().join("lockdown.nft"), policy(Mode::Names)).unwrap();
    std::fs::write(folder.path().join("short.nft"), egress::learned(&addresses, 443, 60)).unwrap();
    std::fs::write(folder.path().join("long.nft"), egress::learned(&addresses, 443, 7200)).unwrap();
    let script = format!(
        "cd {}; nft -f lockdown.nft; nft -f short.nft; nft -f long.nft
        for set in {} {}; do nft list set inet {} $set | grep -q 'timeout 2h'; done",
        folder.path().display(),
        egress::LEARNED_4,
        egress::LEARNED_6,
        egress::TABLE
    );
    content(&in_a_namespace(&script), "learned");
}

#[test]
fn only_the_meter_reaches_only_what_it_looked_up() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lockdown.nft"), policy(Mode::Names)).unwrap();
    let learned = egress::learned(&["203.0.113.10".parse().unwrap()], 443, 60);
    std::fs::write(folder.path().join("learned.nft"), learned).unwrap();
    // Nobody answers at these addresses: a packet that leaves is counted by the chain that let it.
    let script = format!(
        "cd {}
        ip link set lo up
        ip link add out0 type veth peer name far0
        ip link set out0 up; ip link set far0 up
        ip addr add 203.0.113.1/24 dev out0
        nft -f lockdown.nft; nft -f learned.nft
        reach() {{ setpriv --reuid $1 --clear-groups timeout 5 bash -c \"exec 3<>/dev/tcp/$2/$3\" 2>&1 || true; }}
        chmod 755 .
        timeout 1 setpriv --reuid 7007 --clear-groups bash -c 'exec 3<>/dev/tcp/203.0.113.10/443' || true
        nft list chain inet {table} timbre_out | grep -q 'learned_4 counter packets [1-9]'
        reach 7007 203.0.113.10 80 | grep -q 'No route to host'
        reach 7007 203.0.113.11 443 | grep -q 'No route to host'
        reach 7008 203.0.113.10 443 | grep -q 'No route to host'
        nft list chain inet {table} output | grep -q 'counter packets [1-9].* reject'",
        folder.path().display(),
        table = egress::TABLE
    );
    content(&in_a_namespace(&script), "lockdown");
}

#[test]
fn a_control_group_is_named_with_its_depth() {
    let policy = Policy::of(&catalogues()[1], &both_families(Mode::Names));
    let owner = Owner::Cgroup("system.slice/meter.service".to_owned());
    let text = egress::egress(&policy, &settings(owner));
    assert!(
        text.contains("socket cgroupv2 level 2 \"system.slice/meter.service\" jump timbre_out")
    );
}
