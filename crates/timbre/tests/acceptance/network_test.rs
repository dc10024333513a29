//! The network test as an administrator runs it (REQ NET-6, NET-9): against a real infrastructure on this machine, with
//! real faults. It speaks to nothing but the loopback interface.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::namespace::Namespace;
use crate::site::{Site, Told, tell, timbre};

/// What needs more of a network than one machine has; those checks are proved in the laboratory.
const ELSEWHERE: &str = "dns,proxy,http.deadip,http.hirl";

/// A deployment that serves, and what its administrator was given.
struct Deployment {
    folder: TempDir,
    serving: Option<Child>,
    secure: String,
    clear: String,
}

impl Deployment {
    fn start() -> Deployment {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("infrastructure.toml");
        tell(timbre().args(["infrastructure", "init", "--config"]).arg(&config)).expect_code(0);
        let mut serving = timbre()
            .args(["infrastructure", "serve", "--json", "--admin-listen", "127.0.0.1:0"])
            .args(["--listen", "127.0.0.1:0", "--listen-clear", "127.0.0.1:0", "--config"])
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        for line in BufReader::new(serving.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            said.push_str(&line);
            if line == "}" {
                break;
            }
        }
        let said: Value = serde_json::from_str(&said).unwrap();
        let text = |key: &str| said[key].as_str().unwrap().to_owned();
        let anchors = tell(timbre().args(["infrastructure", "anchors", "--config"]).arg(&config));
        std::fs::write(folder.path().join("anchors.json"), anchors.expect_code(0).stdout).unwrap();
        let (secure, clear) = (text("listen"), text("listen_clear"));
        Deployment { folder, serving: Some(serving), secure, clear }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The test of this deployment, where no DNS knows it.
    fn test(&self) -> Command {
        let mut command = timbre();
        command.args(["network", "test", "--catalogue", "timbre", "--proxy", "none"]);
        command.arg("--anchors").arg(self.path("anchors.json"));
        command.args(["--resolver", "127.0.0.1:9", "--skip", ELSEWHERE]);
        for service in ["distributor", "comet", "uploads", "downloads", "catalogue", "network-test"]
        {
            command.args(["--at", &format!("{service}.timbre.localhost:443={}", self.secure)]);
        }
        command.args(["--at", &format!("network-test.timbre.localhost:80={}", self.clear)]);
        command
    }

    fn run(&self, args: &[&str]) -> Told {
        tell(self.test().args(args))
    }

    fn stop(&mut self) {
        if let Some(mut serving) = self.serving.take() {
            interrupt(&serving);
            serving.wait().unwrap();
        }
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Ctrl-C.
fn interrupt(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
}

fn checks_with<'a>(report: &'a Value, field: &str, value: &str) -> Vec<&'a Value> {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().filter(|check| check[field] == value).collect()
}

#[test]
fn a_healthy_deployment_is_ready_and_every_form_says_so() {
    let deployment = Deployment::start();
    let told = deployment.run(&[]).expect_code(0);
    assert!(told.stdout.contains("✓ READY"), "{}", told.stdout);
    for service in ["Distributor", "Comet", "Transaction records", "Network test"] {
        let line = told.stdout.lines().skip(1).find(|line| line.contains(service));
        assert!(line.unwrap().starts_with("✓ pass"), "{service}: {}", told.stdout);
    }
    assert!(!told.stdout.contains('\u{1b}'), "no colour in a pipe");
    let report = deployment.run(&["--json"]).expect_code(0).json();
    assert_eq!(report["schema"], "timbre-network-test/1");
    assert_eq!(checks_with(&report, "verdict", "fail"), Vec::<&Value>::new());
    for (format, start) in [
        ("jsonl", "{\"event\":\"started\""),
        ("junit", "<?xml"),
        ("prometheus", "# HELP timbre_network_test_info"),
        ("html", "<!doctype html>"),
        ("pdf", "%PDF-1.7"),
    ] {
        let file = deployment.path(format);
        let told = deployment.run(&["--format", format, "--output", file.to_str().unwrap()]);
        assert_eq!(told.expect_code(0).stdout, "", "{format}");
        let written = std::fs::read(&file).unwrap();
        assert!(written.starts_with(start.as_bytes()), "{format}");
    }
}

/// REQ IDENT-1: what a service says of itself is believed only with its signature.
#[test]
fn an_answer_counts_when_the_deployment_signed_it() {
    let deployment = Deployment::start();
    let report = deployment.run(&["--json", "--only", "http.expect"]).expect_code(0).json();
    let proofs = report["checks"].to_string();
    assert!(proofs.contains("signed challenge"), "{proofs}");
}

#[test]
fn another_authority_than_the_deployment_s_is_named_and_not_ready() {
    let deployment = Deployment::start();
    let other = Deployment::start();
    let mut command = timbre();
    command.args(["network", "test", "--catalogue", "timbre", "--proxy", "none", "--json"]);
    command.arg("--anchors").arg(other.path("anchors.json"));
    command.args(["--resolver", "127.0.0.1:9", "--only", "tls,http.expect"]);
    for service in ["distributor", "comet", "uploads", "downloads"] {
        command.args(["--at", &format!("{service}.timbre.localhost:443={}", deployment.secure)]);
    }
    let report = tell(command.args(["--scope", "required"])).expect_code(2).json();
    let failed = checks_with(&report, "verdict", "fail");
    assert!(failed.iter().any(|check| check["target"] == "comet.timbre.localhost:443"), "{report}");
    assert!(failed.iter().all(|check| check["code"].as_str().unwrap().starts_with("tls-")));
    let request = &report["requests"][0];
    assert!(
        request["text"]["fr"].as_str().unwrap().contains("comet.timbre.localhost"),
        "{request}"
    );
}

#[test]
fn a_service_that_nobody_answers_for_is_named_in_the_reader_s_language() {
    let mut deployment = Deployment::start();
    deployment.stop();
    let told = deployment.run(&["--language", "fr", "--scope", "required"]).expect_code(2);
    assert!(told.stdout.contains("✗ PAS PRÊT"), "{}", told.stdout);
    assert!(
        told.stdout.contains("Ce qu’il faut demander à votre équipe réseau"),
        "{}",
        told.stdout
    );
    assert!(told.stdout.contains("comet.timbre.localhost:443"), "{}", told.stdout);
}

#[test]
fn before_and_after_are_compared_as_text_and_as_a_page() {
    let mut deployment = Deployment::start();
    let [good, bad] = ["good.json", "bad.json"].map(|name| deployment.path(name));
    let [good, bad] = [&good, &bad].map(|path| path.to_str().unwrap());
    deployment.run(&["--format", "json", "--output", good]).expect_code(0);
    deployment.stop();
    deployment.run(&["--format", "json", "--output", bad]).expect_code(2);
    let broken = tell(timbre().args(["network", "compare", good, bad])).expect_code(2);
    assert!(broken.stdout.contains("Broken ("), "{}", broken.stdout);
    let fixed = tell(timbre().args(["network", "compare", bad, good])).expect_code(0);
    assert!(fixed.stdout.contains("Fixed ("), "{}", fixed.stdout);
    let page = tell(timbre().args(["network", "compare", bad, good, "--format", "html"]));
    assert!(page.expect_code(0).stdout.starts_with("<!doctype html>"));
}

#[test]
fn a_ticket_carries_the_rules_that_cure_it() {
    let deployment = Deployment::start();
    let rules = ["--format", "html", "--with-rules", "nftables", "--source", "10.1.2.3"];
    let page = deployment.run(&rules).expect_code(0).stdout;
    assert!(page.contains("Proposed firewall rules"), "{page}");
    assert!(page.contains("10.1.2.3"), "the meter’s address is in the rules");
}

#[test]
fn a_mistake_on_the_command_line_exits_with_64_and_says_what_would_be_right() {
    for (args, hint) in [
        (&["test", "--format", "word"][..], "prometheus"),
        (&["test", "--only", "nonsense"], "dns.tcp"),
        (&["test", "--resolver", "dns.example"], "address"),
        (&["test", "--catalogue", "nowhere.toml"], "connect-plus-sendpro-p"),
        (&["test", "--roots", "nowhere.pem"], "nowhere.pem"),
        (&["test", "--proxy", "ftp://proxy.example"], "http://proxy.example:3128"),
        (&["test", "--probe-server", "dns://probe.example"], "https://"),
        (&["test", "--watch", "0"], "watch"),
        (&["compare", "nowhere.json", "nowhere.json"], "nowhere.json"),
    ] {
        let told = tell(timbre().arg("network").args(args)).expect_code(64);
        assert!(told.stderr.contains(hint), "{args:?}: {}", told.stderr);
    }
}

#[test]
fn a_proxy_s_password_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut command = timbre();
    command.args(["network", "test", "--proxy", "http://127.0.0.1:9", "--proxy-user", "meter"]);
    let told = tell(command.arg("--proxy-password-file").arg(&file)).expect_code(64);
    assert!(told.stderr.contains("chmod 600"), "{}", told.stderr);
    assert!(!told.stderr.contains("hunter2"), "{}", told.stderr);
}

#[test]
fn the_help_has_examples_and_every_exit_status() {
    let help = tell(timbre().args(["network", "test", "--help"])).expect_code(0).stdout;
    for part in ["Examples:", "--with-rules", "Exit status:", "3 could not test", "64 wrong usage"]
    {
        assert!(help.contains(part), "{part}: {help}");
    }
}

/// A server that takes connections and never says a word.
fn silence() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn lines(child: &mut Child) -> BufReader<ChildStdout> {
    BufReader::new(child.stdout.take().unwrap())
}

/// Reads until a line says this; what was read.
fn until(lines: &mut BufReader<ChildStdout>, wanted: &str) -> String {
    let mut read = String::new();
    while !read.contains(wanted) {
        let before = read.len();
        lines.read_line(&mut read).unwrap();
        assert_ne!(read.len(), before, "it ended before it said “{wanted}”: {read}");
    }
    read
}

#[test]
fn ctrl_c_ends_a_run_with_a_report_of_what_was_found() {
    let deployment = Deployment::start();
    let (_listener, address) = silence();
    let mut command = deployment.test();
    command.args(["--at", &format!("comet.timbre.localhost:443={address}")]);
    command.args(["--only", "tcp,tls", "--format", "jsonl"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = lines(&mut child);
    // The silent host keeps the run going for its time-out of seconds; the others are done at once.
    until(&mut output, "\"event\":\"done\"");
    interrupt(&child);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    let last: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "finished", "{rest}");
    assert_eq!(last["report"]["verdict"], "could-not-test");
    assert!(!last["report"]["checks"].as_array().unwrap().is_empty());
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn a_watch_tells_what_changed_and_ends_with_the_last_verdict() {
    let mut deployment = Deployment::start();
    let mut command = deployment.test();
    command.args(["--watch", "1", "--scope", "required"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = lines(&mut child);
    until(&mut output, "READY");
    until(&mut output, "nothing changed");
    deployment.stop();
    let told = until(&mut output, "Broken (");
    assert!(told.contains("not ready"), "{told}");
    until(&mut output, "Unchanged:");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

/// REQ NET-9: the tool that is built into the meter, with the meter's own settings and behind its own walls.
#[test]
fn the_meter_tests_its_own_network() {
    let namespace = Namespace::alone("own-test");
    namespace.enter();
    let site = Site::with_enrolled_meter();
    let file = site.path("reports").join("report.json");
    let mut test = site.meter_command(["network-test", "--format", "json", "--output"]);
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    tell(test.arg(&file));
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let answered = |endpoint: &str| {
        let of = |check: &&Value| {
            let endpoints = check["endpoints"].as_array().unwrap();
            check["id"] == "http.expect" && endpoints.iter().any(|one| one == endpoint)
        };
        let verdicts: Vec<_> = checks.iter().filter(of).map(|check| &check["verdict"]).collect();
        !verdicts.is_empty() && verdicts.iter().all(|verdict| **verdict == "pass")
    };
    for endpoint in ["distributor.sign-in", "comet.refill", "uploads.transactions"] {
        assert!(answered(endpoint), "{endpoint}: {report:#}");
    }

    // What the settings say wrongly is told by file and line.
    let settings = site.meter_dir().join("meter.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("use = \"none\"", "use = \"socks://nowhere\"")).unwrap();
    let told = site.meter(["network-test"]);
    assert_eq!(told.code(), 3, "{}{}", told.stdout, told.stderr);
    assert!(told.stderr.contains("meter.toml:"), "{}", told.stderr);
}
