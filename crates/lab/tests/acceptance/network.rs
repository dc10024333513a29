//! The commands of `timbre network`, as an administrator gives them in the laboratory, and their answers.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};

use timbre_catalogue::Catalogue;
use timbre_lab::Lab;
use timbre_lab::fault::Victims;
use timbre_lab::plan::{DOMAIN, GATEWAY, METER, NAME_SERVER};
use timbre_network_test::{Check, Code, Report, Verdict};

/// A catalogue whose hosts are in the laboratory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Machine {
    /// Our own, against the real infrastructure.
    Timbre,
    /// The source document's, against an origin in the place of its services.
    ConnectPlus,
}

impl Machine {
    pub(crate) fn catalogue(self) -> Catalogue {
        match self {
            Machine::Timbre => Catalogue::timbre().with_domain(DOMAIN).expect("a domain"),
            Machine::ConnectPlus => Catalogue::connect_plus_sendpro_p(),
        }
    }

    /// The words that choose it on the command line.
    pub(crate) fn words(self) -> &'static [&'static str] {
        match self {
            Machine::Timbre => &["--catalogue", "timbre", "--domain", DOMAIN],
            Machine::ConnectPlus => &["--catalogue", "connect-plus-sendpro-p"],
        }
    }

    /// Whom the faults of one host befall.
    pub(crate) fn victims(self) -> Victims {
        let (secure, clear) = match self {
            Machine::Timbre => ("comet.lab.test", "network-test.lab.test"),
            Machine::ConnectPlus => ("cometservc1.pb.com", "clamserver.pb.com"),
        };
        Victims { secure: secure.to_owned(), clear: clear.to_owned() }
    }
}

/// What is added to every run: what is genuine in the laboratory.
pub(crate) fn told<'a>(lab: &Lab, machine: Machine, command: &'a mut Command) -> &'a mut Command {
    command.args(["--format", "json", "--catalogue"]);
    match machine {
        Machine::Timbre => {
            command.arg("timbre").arg("--anchors").arg(lab.infrastructure().anchors())
        }
        Machine::ConnectPlus => {
            command.arg("connect-plus-sendpro-p").arg("--roots").arg(lab.roots())
        }
    }
}

/// What is added besides, so that the network as a whole is looked at: a catalogue of other people has no probe server.
pub(crate) fn with_probe(machine: Machine, command: &mut Command) {
    if machine == Machine::ConnectPlus {
        for scheme in ["http", "https"] {
            let server = format!("{scheme}://network-test.{DOMAIN}/network-test/v1/");
            command.args(["--probe-server", &server]);
        }
    }
}

/// A run of the network test, whatever it finds.
#[track_caller]
pub(crate) fn report(command: &mut Command) -> Report {
    let Output { status, stdout, stderr } = command.output().expect("the command starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(
        matches!(status.code(), Some(0..=3)),
        "{command:?} ended with {status}\n{stdout}{stderr}"
    );
    serde_json::from_str(&stdout)
        .unwrap_or_else(|error| panic!("{command:?}: {error}\n{stdout}{stderr}"))
}

/// The checks that found something wrong.
pub(crate) fn complaints(report: &Report) -> Vec<&Check> {
    let is_wrong = |check: &&Check| {
        matches!(check.verdict, Verdict::Fail | Verdict::Warn | Verdict::Inconclusive)
    };
    report.checks.iter().filter(is_wrong).collect()
}

/// What they call it.
pub(crate) fn codes(report: &Report) -> BTreeSet<Code> {
    complaints(report).into_iter().filter_map(|check| check.code).collect()
}

/// One line for each, for the message of a test that fails.
pub(crate) fn listed(checks: &[&Check]) -> String {
    let line = |check: &&Check| {
        let code = check.code.map_or("", Code::as_str);
        let facts: Vec<_> =
            check.evidence.iter().map(|fact| format!("{}={}", fact.name, fact.value)).collect();
        format!("  {} {} {} {code} [{}]\n", check.id, check.target, check.verdict, facts.join(", "))
    };
    checks.iter().map(line).collect()
}

/// The files that `timbre network rules` writes for nftables and dnsmasq.
pub(crate) struct Rules {
    pub(crate) nftables: String,
    pub(crate) dnsmasq: String,
}

impl Rules {
    /// By host name, with the firewall's own resolver.
    pub(crate) fn generate(lab: &Lab, machine: Machine) -> Rules {
        let folder =
            write_rules(lab, machine, &["--mode", "names", "--resolver", &GATEWAY.to_string()]);
        let read =
            |name: &str| std::fs::read_to_string(folder.join(name)).expect("the file was written");
        Rules { nftables: read("timbre.nft"), dnsmasq: read("timbre-dnsmasq.conf") }
    }

    /// By the blocks of addresses that the document publishes, for the required services, with a resolver out there.
    pub(crate) fn by_blocks(lab: &Lab, machine: Machine) -> Rules {
        let resolver = NAME_SERVER.to_string();
        let words = ["--mode", "blocks", "--scope", "required", "--resolver", &resolver];
        let folder = write_rules(lab, machine, &words);
        let nftables =
            std::fs::read_to_string(folder.join("timbre.nft")).expect("the file was written");
        Rules { nftables, dnsmasq: String::new() }
    }

    /// Loads them, and nothing else.
    pub(crate) fn load(&self, lab: &mut Lab) {
        lab.rules().clear().expect("nft");
        lab.rules().load(&self.nftables).expect("nft takes what was generated");
        lab.forward_names(&self.dnsmasq).expect("dnsmasq takes what was generated");
        // One answer in some hundreds reaches the meter without its address reaching the set (dnsmasq 2.90 says “cache
        // initialization failed: Resource temporarily unavailable”). A meter asks again; a test must not depend on luck.
        for _ in 0..2 {
            for name in self
                .dnsmasq
                .lines()
                .filter_map(|line| line.strip_prefix("nftset=/")?.split('/').next())
            {
                let mut ask = lab.meter().command("getent");
                ask.args(["ahostsv4", name]).stdout(std::process::Stdio::null());
                ask.status().expect("getent starts");
            }
        }
    }

    /// The lines that let something out to a service, each with its comment.
    pub(crate) fn openings(&self) -> Vec<(&str, &str)> {
        let comment = |line: &str| line.find("comment \"").map(|at| at + "comment \"".len());
        let lines = self.nftables.lines().filter(|line| line.contains("accept comment"));
        let opening = |line| Some((line, &line[comment(line)?..line.rfind('"')?]));
        lines.filter_map(opening).filter(|(_, comment)| *comment != "dns").collect()
    }

    /// All of them but one.
    pub(crate) fn without(&self, opening: &str) -> Rules {
        let kept: Vec<_> = self.nftables.lines().filter(|line| *line != opening).collect();
        Rules { nftables: kept.join("\n") + "\n", dnsmasq: self.dnsmasq.clone() }
    }
}

/// `timbre network rules` for nftables, into a folder.
fn write_rules(lab: &Lab, machine: Machine, words: &[&str]) -> PathBuf {
    let folder = lab.path(format!("rules-{machine:?}"));
    let mut command = lab.timbre();
    command.args(["network", "rules", "--dialect", "nftables", "--source", &METER.to_string()]);
    command.args(machine.words()).args(words).arg("--output").arg(&folder);
    let Output { status, stderr, .. } = command.output().expect("the command starts");
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(matches!(status.code(), Some(0 | 1)), "{command:?} ended with {status}\n{stderr}");
    folder
}
