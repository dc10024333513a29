//! A meter whose machine is locked down: nothing leaves it but what its resolver admitted, and its day still works (REQ
//! NET-10, SEC-1).

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use timbre_lab::Lab;

use crate::day::{Day, json};
use crate::lab;

/// The resolver of the machine, ended with the test.
struct Resolver(Child);

impl Resolver {
    fn start(day: &Day<'_>, lab: &Lab) -> Resolver {
        let socket = lab.path("resolver.sock");
        let words = ["lockdown", "resolve", "--socket", socket.to_str().expect("UTF-8")];
        let mut command = day.meter_command(&words);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut resolver = Resolver(child.expect("the resolver starts"));
        let limit = Instant::now() + Duration::from_secs(20);
        while !socket.exists() {
            assert!(resolver.0.try_wait().expect("a child").is_none(), "the resolver stays up");
            assert!(Instant::now() < limit, "the resolver does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        resolver
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn nft(lab: &Lab, words: &[&str]) -> String {
    let output = lab.meter().command("nft").args(words).output().expect("nft starts");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_locked_meter_lives_its_day_and_nothing_else_leaves_its_machine() {
    let lab = lab();
    let day = Day::begin(&lab, 60);
    let units = lab.path("units");
    let apply = ["lockdown", "apply", "--user", "root", "--units", units.to_str().expect("UTF-8")];
    day.meter(&apply);

    // Locked, and without its resolver: no address is admitted, so the meter reaches nobody.
    let alone = day.meter_command(&["install"]).output().expect("the meter starts");
    assert!(!alone.status.success());
    assert!(
        !nft(&lab, &["list", "set", "inet", "timbre_lockdown", "learned_4"]).contains("elements")
    );

    let file = day.folder().join("meter.toml");
    let text = std::fs::read_to_string(&file).expect("settings");
    let resolver = format!("resolver = \"{}\"\n", lab.path("resolver.sock").display());
    let text = text.replace("[infrastructure]\n", &format!("[infrastructure]\n{resolver}"));
    std::fs::write(&file, text).expect("settings");
    let _resolver = Resolver::start(&day, &lab);
    day.live();

    // Every wall stands, and the meter's own test of its network passes behind them.
    let checked = json(&day.meter(&["lockdown", "check", "--json"]));
    let attempts = checked["attempts"].as_array().expect("attempts");
    assert!(attempts.iter().all(|attempt| attempt["held"] == "yes"), "{checked:#}");
    let report = day.meter_command(&["network-test", "--json"]).output().expect("it starts");
    let report = json(&String::from_utf8(report.stdout).expect("UTF-8"));
    assert_eq!(report["verdict"], "ready", "{report:#}");

    // Another program of the same machine, as the same user, to an address that nobody asked the resolver for.
    let stranger = lab.hosts().get("www.pitneybowes.com").expect("a host").to_string();
    let before = lab.visits().expect("visits").len();
    let mut curl: Command = lab.meter().command("curl");
    let target = format!("http://{stranger}/");
    let tried = curl
        .args(["--silent", "--output", "/dev/null", "--max-time", "3", &target])
        .status()
        .expect("curl starts");
    assert!(!tried.success());
    assert_eq!(lab.visits().expect("visits").len(), before);
    // The same without the policy does reach it: it was the policy that held.
    nft(&lab, &["delete", "table", "inet", "timbre_lockdown"]);
    let mut curl: Command = lab.meter().command("curl");
    assert!(
        curl.args(["--silent", "--output", "/dev/null", "--max-time", "3", &target])
            .status()
            .expect("curl")
            .success()
    );
    assert!(lab.visits().expect("visits").len() > before);
}
