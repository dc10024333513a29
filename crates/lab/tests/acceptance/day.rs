//! A day of a meter's life, step by step: what must work through any network that is set up as we ask.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use timbre_lab::{Lab, Traffic};

/// One meter, with its folder in the laboratory's.
pub(crate) struct Day<'a> {
    lab: &'a Lab,
    serial: String,
    /// Set for every command on the meter: where Kerberos keeps its tickets.
    variables: Vec<(String, PathBuf)>,
}

/// What a step cost.
#[derive(Debug)]
pub(crate) struct Cost {
    pub(crate) traffic: Traffic,
    pub(crate) took: Duration,
}

impl<'a> Day<'a> {
    /// A customer with funds, rates, and a meter that is made and enrolled.
    pub(crate) fn begin(lab: &'a Lab, number: u32) -> Day<'a> {
        let day = Day { lab, serial: format!("TM{number:07}"), variables: Vec::new() };
        let customer = day.staff(&[
            "customer",
            "create",
            "Ville de Gatineau",
            "--postal-code",
            "J8X 3X7",
            "--json",
        ]);
        let account = json(&customer)["account"].as_str().expect("an account").to_owned();
        day.staff(&["deposit", &account, "9000", "--reference", &format!("cheque-{number}")]);
        day.staff(&["rates", "publish", "--shipped", "canada"]);
        let anchors = lab.infrastructure().anchors().to_str().expect("UTF-8").to_owned();
        let enrolment = day.meter(&["create", "--serial", &day.serial, "--anchors", &anchors]);
        let file = lab.path(format!("{}.json", day.serial));
        std::fs::write(&file, enrolment).expect("a file");
        let file = file.to_str().expect("UTF-8");
        day.staff(&["meter", "enrol", "--customer", &account, "--postal-code", "J8X 3X7", file]);
        day
    }

    /// Sends everything through a proxy: `section` is what stands under `[proxy]` in the meter's settings.
    pub(crate) fn through(mut self, section: &str, variables: &[(&str, PathBuf)]) -> Day<'a> {
        let file = self.folder().join("meter.toml");
        let text = std::fs::read_to_string(&file).expect("the meter's settings");
        let (before, rest) =
            text.split_once("[proxy]\n").expect("the settings have a section for the proxy");
        let after = rest.find("\n[").map_or("", |at| &rest[at..]);
        std::fs::write(&file, format!("{before}[proxy]\n{section}\n{after}"))
            .expect("the meter's settings");
        self.variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self
    }

    /// Everything that a meter does: installation, rates, refill, a run of mail, upload, inspection.
    pub(crate) fn live(&self) {
        self.meter(&["install"]);
        self.live_on();
    }

    /// The same after the installation.
    pub(crate) fn live_on(&self) {
        self.meter(&["power-on"]);
        self.meter(&["refill", "100"]);
        let mail = self.mail(60);
        self.meter(&["run", &mail]);
        self.meter(&["sleep"]);
        self.meter(&["inspect"]);
        self.expect_reconciled();
    }

    /// Registers, ledger and records agree to the cent.
    pub(crate) fn expect_reconciled(&self) {
        let books = json(&self.staff(&["reconcile", "--json"]));
        let mine =
            books.as_array().expect("a list").iter().find(|meter| meter["serial"] == self.serial);
        assert_eq!(mine.expect("this meter is in the books")["settled"], true, "{books:#}");
    }

    /// A file of so many letters.
    pub(crate) fn mail(&self, pieces: u32) -> String {
        let mut text = String::from("weight,destination,service,account,reference\n");
        for piece in 1..=pieces {
            text.push_str(&format!("{}g,CA,lettermail,Sales,R{piece:05}\n", 10 + piece % 20));
        }
        let file = self.lab.path(format!("{}-{pieces}.csv", self.serial));
        std::fs::write(&file, text).expect("a file");
        file.to_str().expect("UTF-8").to_owned()
    }

    /// A step of the meter, which must succeed.
    #[track_caller]
    pub(crate) fn meter(&self, words: &[&str]) -> String {
        expect_done(&mut self.meter_command(words))
    }

    /// A step of the meter, with what it cost on the line.
    #[track_caller]
    pub(crate) fn measured(&self, words: &[&str]) -> Cost {
        let before = self.lab.traffic().expect("counters");
        let start = Instant::now();
        self.meter(words);
        let took = start.elapsed();
        Cost { traffic: self.lab.traffic().expect("counters").since(before), took }
    }

    pub(crate) fn meter_command(&self, words: &[&str]) -> Command {
        let mut command = self.lab.timbre();
        command.arg("meter").arg("--dir").arg(self.folder()).args(words);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The meter's own folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.lab.path(&self.serial)
    }

    #[track_caller]
    fn staff(&self, words: &[&str]) -> String {
        expect_done(self.lab.staff().args(words))
    }
}

#[track_caller]
fn expect_done(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the command starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?} ended with {status}\n{stdout}{stderr}");
    stdout.into_owned()
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"))
}
