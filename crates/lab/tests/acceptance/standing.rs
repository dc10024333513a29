//! The laboratory itself: what a test may rely on.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use timbre_lab::plan::{FORBIDDEN, GATEWAY, METER, NOBODY};

use crate::day::Day;
use crate::lab;

/// Rules as a firewall's administrator would write them by hand, addresses and ports only.
const BY_HAND: &str = "
    table inet corp {
        chain forward {
            type filter hook forward priority filter; policy drop;
            ct state established,related accept
            ip saddr 198.51.100.10 ip daddr 203.0.113.16/28 tcp dport { 80, 443 } accept
        }
    }";

#[test]
fn a_day_works_through_rules_written_by_hand_and_nothing_else_gets_out() {
    let lab = lab();
    lab.rules().load(BY_HAND).unwrap();
    Day::begin(&lab, 1).live();
    assert!(!reaches(&lab, FORBIDDEN, 443));
    assert_eq!(lab.visits().unwrap(), [], "nobody came");
    lab.rules().clear().unwrap();
    assert!(reaches(&lab, FORBIDDEN, 443));
    let visits = lab.visits().unwrap();
    assert_eq!((visits.len(), visits[0].from.ip()), (1, METER.into()), "an open firewall is seen");
}

#[test]
fn names_lead_to_the_laboratory_and_to_nowhere_else() {
    let lab = lab();
    assert!(reaches(&lab, GATEWAY, 53), "the resolver answers");
    assert!(!reaches(&lab, NOBODY, 443), "nobody is there");
    for (host, found) in
        [("distservp1.pb.com", true), ("comet.lab.test", true), ("example.org", false)]
    {
        let asked = lab.meter().command("getent").args(["hosts", host]).output().unwrap();
        assert_eq!(asked.status.success(), found, "{host}");
    }
}

#[test]
fn two_laboratories_stand_side_by_side_and_leave_nothing_behind() {
    let (one, other) = (lab(), lab());
    let (names, folders) = (
        [one.meter().name().to_owned(), other.meter().name().to_owned()],
        [one.path(""), other.path("")],
    );
    assert_ne!(names[0], names[1]);
    assert!(reaches(&one, FORBIDDEN, 443) && reaches(&other, FORBIDDEN, 443));
    drop((one, other));
    for (name, folder) in names.iter().zip(folders) {
        assert!(!std::path::Path::new("/run/netns").join(name).exists());
        assert!(!std::path::Path::new("/etc/netns").join(name).exists());
        assert!(!folder.exists());
    }
}

fn reaches(lab: &timbre_lab::Lab, address: Ipv4Addr, port: u16) -> bool {
    let to = SocketAddr::from((address, port));
    lab.meter()
        .inside(|| TcpStream::connect_timeout(&to, Duration::from_secs(1)).is_ok())
        .expect("the meter's namespace")
}
