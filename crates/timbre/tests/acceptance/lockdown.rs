//! The walls around the meter, each alone: a layer that is missing shows, and no other layer hides it (REQ NET-1, NET-10,
//! SEC-1). The machine's layers need root, nftables and iproute2.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::namespace::Namespace;
use crate::site::{Site, tell};

/// How each layer fared: `yes`, `no` or `unknown`, of all its attempts.
fn held(checked: &Value, layer: &str) -> Vec<String> {
    let attempts = checked["attempts"].as_array().unwrap();
    let of_layer = attempts.iter().filter(|attempt| attempt["layer"] == layer);
    of_layer.map(|attempt| attempt["held"].as_str().unwrap().to_owned()).collect()
}

fn all(checked: &Value, layer: &str, wanted: &str) {
    let held = held(checked, layer);
    assert!(!held.is_empty() && held.iter().all(|one| one == wanted), "{layer}: {checked:#}");
}

#[test]
fn each_layer_of_the_process_holds_alone_and_its_absence_is_noticed() {
    let namespace = Namespace::alone("layers");
    namespace.enter();
    let site = Site::with_enrolled_meter();
    let check = |without: &[&str]| {
        let mut args = vec!["lockdown", "check", "--json"];
        args.extend(without.iter().flat_map(|layer| ["--without", layer]));
        site.meter(args).json()
    };
    let whole = check(&[]);
    all(&whole, "landlock", "yes");
    all(&whole, "seccomp", "yes");
    assert_eq!(whole["absent"], serde_json::json!([]));
    let open = check(&["landlock"]);
    all(&open, "landlock", "no");
    all(&open, "seccomp", "yes");
    let open = check(&["seccomp"]);
    all(&open, "landlock", "yes");
    all(&open, "seccomp", "no");
}

#[test]
fn a_meter_at_work_is_locked_and_still_works() {
    let site = Site::with_enrolled_meter();
    // Somebody who takes the connection and says nothing: the meter waits, and can be looked at.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = site.meter_dir().join("meter.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let old = &site.serving.as_ref().unwrap().address;
    std::fs::write(&settings, text.replace(old, &silent.local_addr().unwrap().to_string()))
        .unwrap();
    let mut meter = site
        .meter_command(["power-on"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    silent.set_nonblocking(true).unwrap();
    let (mut connection, _) = within(|| {
        assert!(meter.try_wait().unwrap().is_none(), "the meter waits for an answer");
        silent.accept().ok()
    });
    connection.set_nonblocking(false).unwrap();
    connection.read_exact(&mut [0]).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", meter.id())).unwrap();
    drop(connection);
    drop(silent);
    meter.kill().unwrap();
    meter.wait().unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    assert!(status.contains("Seccomp:\t2"), "{status}");

    // Put back, it installs and franks behind the same walls, into a folder that it was told.
    std::fs::write(&settings, text).unwrap();
    site.meter(["install"]).expect_code(0);
    site.meter(["power-on"]).expect_code(0);
    site.meter(["refill", "20"]).expect_code(0);
    let mark = site.path("elsewhere").join("mark.png");
    let mut frank = site.meter_command(["frank", "--weight", "20g", "--output"]);
    tell(frank.arg(&mark)).expect_code(0);
    assert!(mark.exists());
}

/// systemd's own tool hands the socket over: one that this process left open would reach every test's children.
#[test]
fn a_meter_that_is_handed_a_listening_socket_refuses_to_start() {
    let site = Site::with_enrolled_meter();
    let status = |address: &str| {
        let free = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap();
        let status = site.meter_command(["status"]);
        let started = Command::new("systemd-socket-activate")
            .arg(format!("--listen={free}"))
            .arg(status.get_program())
            .args(status.get_args())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut started = started.expect("systemd is there: cargo xtask setup installs it");
        // The first connection starts the meter.
        let _first = within(|| match TcpStream::connect(("127.0.0.1", free.port())) {
            Ok(stream) => Some(stream),
            Err(_) => {
                assert!(started.try_wait().unwrap().is_none(), "nobody listens at {free}");
                None
            }
        });
        started.wait_with_output().unwrap()
    };
    let refused = status("0.0.0.0");
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(5), "{told}");
    assert!(told.contains("listens on tcp 0.0.0.0:"), "{told}");
    assert!(told.contains("provides no service"), "{told}");
    assert_eq!(status("127.0.0.1").status.code(), Some(0));
}

/// Waits for something that must come about, and not for ever.
fn within<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(Instant::now() < limit, "it does not come about");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_units_are_as_tight_as_systemd_can_judge() {
    let site = Site::with_enrolled_meter();
    let folder = site.path("units");
    let printed = site.meter(["lockdown", "print", "--layer", "systemd", "--json"]).expect_code(0);
    std::fs::create_dir_all(&folder).unwrap();
    for unit in printed.json()["units"].as_array().unwrap() {
        let (name, text) = (unit["name"].as_str().unwrap(), unit["text"].as_str().unwrap());
        // Out of 100: the meter's own unit, and the resolver's, which must be root to change the policy.
        let limit = if name.starts_with("timbre-meter") { 15 } else { 25 };
        let file = folder.join(name.replace('@', "@x"));
        std::fs::write(&file, text).unwrap();
        assert!(judge(&file, limit), "{name} is more exposed than {limit}");
        let bare: String = text.lines().filter(|l| !l.starts_with("Restrict")).fold(
            String::new(),
            |mut all, line| {
                all.push_str(line);
                all.push('\n');
                all
            },
        );
        std::fs::write(&file, bare).unwrap();
        assert!(!judge(&file, limit), "{name}: the judge does not notice what is left out");
    }
}

fn judge(unit: &Path, limit: u32) -> bool {
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", &format!("--threshold={limit}")])
        .arg(unit)
        .output();
    judged.expect("systemd-analyze is there: cargo xtask setup installs it").status.success()
}

/// A process that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_egress_policy_holds_alone_and_its_absence_is_noticed() {
    let site = Site::with_enrolled_meter();
    let namespace = Namespace::with_route("policy");
    let check = || {
        let check = site.meter_command(["lockdown", "check", "--json"]);
        tell(&mut namespace.command(&check)).json()
    };
    all(&check(), "nftables", "no");

    let apply = site.meter_command(["lockdown", "apply", "--user", "nobody", "--units"]);
    let mut apply = namespace.command(&apply);
    tell(apply.arg(site.path("units"))).expect_code(0);
    let whole = check();
    all(&whole, "nftables", "yes");
    all(&whole, "landlock", "yes");

    let mut flush = Command::new("nft");
    flush.args(["delete", "table", "inet", "timbre_lockdown"]);
    tell(&mut namespace.command(&flush)).expect_code(0);
    all(&check(), "nftables", "no");
}

#[test]
fn the_resolver_admits_what_is_on_the_allow_list_and_nothing_else() {
    let site = Site::with_enrolled_meter();
    let namespace = Namespace::with_route("resolver");
    let apply = site.meter_command(["lockdown", "apply", "--user", "nobody", "--units"]);
    tell(namespace.command(&apply).arg(site.path("units"))).expect_code(0);
    namespace.hosts("203.0.113.10 comet.timbre.localhost\n203.0.113.66 evil.example\n");
    let socket = site.path("resolver.sock");
    let resolve = site.meter_command(["lockdown", "resolve", "--socket"]);
    let resolver = namespace.command(&resolve).arg(&socket).stderr(Stdio::null()).spawn().unwrap();
    let mut resolver = Killed(resolver);
    let mut ask = |name: &str| {
        let mut stream = within(|| {
            assert!(resolver.0.try_wait().unwrap().is_none(), "the resolver stays up");
            UnixStream::connect(&socket).ok()
        });
        writeln!(stream, "{name}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert_eq!(ask("evil.example"), "! evil.example is not on the allow-list\n");
    assert_eq!(ask("comet.timbre.localhost"), "203.0.113.10\n");
    let mut list = Command::new("nft");
    list.args(["list", "table", "inet", "timbre_lockdown"]);
    let policy = tell(&mut namespace.command(&list)).expect_code(0).stdout;
    assert!(policy.contains("203.0.113.10 . 443 timeout 1h"), "{policy}");
    assert!(!policy.contains("203.0.113.66"), "{policy}");
}

#[test]
fn what_cannot_be_put_up_is_said_and_nothing_is_changed() {
    let site = Site::with_enrolled_meter();
    let units = site.path("units");
    let mut apply =
        site.meter_command(["lockdown", "apply", "--user", "nobody-of-that-name", "--units"]);
    let told = tell(apply.arg(&units)).expect_code(3);
    assert!(told.stderr.contains("nobody-of-that-name"), "{}", told.stderr);
    assert!(!units.exists());
}
