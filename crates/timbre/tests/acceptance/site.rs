//! An infrastructure and a meter, each its own process, in a folder that goes away.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Funds that are enough for any test.
pub(crate) const PLENTY: &str = "9000";

pub(crate) fn timbre() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_timbre"));
    command.env_clear().env("LANG", "en_CA.UTF-8").env("NO_COLOR", "1");
    command
}

/// What a command said and how it ended.
pub(crate) struct Told {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Told {
    pub(crate) fn code(&self) -> i32 {
        self.status.code().expect("a command ends by itself")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}{}", self.stdout, self.stderr))
    }

    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Told {
        assert_eq!(self.code(), code, "{}{}", self.stdout, self.stderr);
        self
    }
}

pub(crate) fn tell(command: &mut Command) -> Told {
    let Output { status, stdout, stderr } = command.output().expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Told { status, stdout: text(stdout), stderr: text(stderr) }
}

/// A serving infrastructure; stopped by SIGTERM when dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: String,
    pub(crate) admin: String,
    /// Empty where it does not sort.
    pub(crate) sorting: String,
}

impl Serving {
    pub(crate) fn start(config: &Path, listen: &str) -> Serving {
        let mut child = timbre()
            .args(["infrastructure", "serve", "--json", "--admin-listen", "127.0.0.1:0"])
            .args(["--listen", listen, "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the infrastructure starts");
        let mut answer = String::new();
        for line in BufReader::new(child.stdout.take().expect("its output is piped")).lines() {
            let line = line.expect("its output is text");
            answer.push_str(&line);
            if line == "}" {
                break;
            }
        }
        let serving: Value = serde_json::from_str(&answer).expect("it says where it listens");
        let text = |key: &str| serving[key].as_str().expect("a text").to_owned();
        let sorting = serving["listen_sorting"].as_str().unwrap_or_default().to_owned();
        Serving { child, address: text("listen"), admin: text("admin"), sorting }
    }

    /// Asks it to stop as an operating system does, and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.terminate()
    }

    fn terminate(&mut self) -> ExitStatus {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let _ =
            rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::TERM);
        self.child.wait().expect("it ends")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.terminate();
        }
    }
}

/// A customer with funds and an installed meter that has its rates.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) serving: Option<Serving>,
    pub(crate) account: String,
}

impl Site {
    /// The infrastructure with a customer who paid in [`PLENTY`], and no meter yet.
    pub(crate) fn with_customer() -> Site {
        Site::with_customer_in(tempfile::tempdir().expect("a folder"))
    }

    /// The same in a folder of the test's choice.
    pub(crate) fn with_customer_in(folder: TempDir) -> Site {
        let config = folder.path().join("infrastructure.toml");
        tell(timbre().args(["infrastructure", "init", "--config"]).arg(&config)).expect_code(0);
        let serving = Serving::start(&config, "127.0.0.1:0");
        let mut site = Site { folder, serving: Some(serving), account: String::new() };
        let customer = site
            .staff([
                "customer",
                "create",
                "Ville de Gatineau",
                "--postal-code",
                "J8X 3X7",
                "--json",
            ])
            .expect_code(0)
            .json();
        site.account = customer["account"].as_str().expect("an account").to_owned();
        let account = site.account.clone();
        site.staff(["deposit", &account, PLENTY, "--reference", "cheque-1"]).expect_code(0);
        site.staff(["rates", "publish", "--shipped", "canada"]).expect_code(0);
        site
    }

    /// … and a meter that is made and enrolled, not installed.
    pub(crate) fn with_enrolled_meter() -> Site {
        Site::with_customer().with_its_meter()
    }

    /// This site and a meter that is made and enrolled.
    pub(crate) fn with_its_meter(self) -> Site {
        let site = self;
        let serving = site.serving.as_ref().expect("it is serving");
        let anchors = site.anchors();
        let create = [
            "create",
            "--serial",
            "TM0000042",
            "--connect",
            &serving.address,
            "--anchors",
            &anchors,
        ];
        let enrolment = site.meter(create).expect_code(0);
        let file = site.path("enrolment.json");
        std::fs::write(&file, enrolment.stdout).expect("a file");
        let account = site.account.clone();
        let file = file.to_str().expect("UTF-8").to_owned();
        site.staff(["meter", "enrol", "--customer", &account, "--postal-code", "J8X 3X7", &file])
            .expect_code(0);
        site
    }

    /// The file of what a meter of this infrastructure must believe.
    pub(crate) fn anchors(&self) -> String {
        let anchors = self.staff(["anchors"]).expect_code(0);
        let file = self.path("anchors.json");
        std::fs::write(&file, anchors.stdout).expect("a file");
        file.to_str().expect("UTF-8").to_owned()
    }

    /// … and the meter is installed, has its rates, and `funds` in it.
    pub(crate) fn ready(funds: &str) -> Site {
        let site = Site::with_enrolled_meter();
        site.meter(["install"]).expect_code(0);
        site.meter(["power-on"]).expect_code(0);
        if funds != "0" {
            site.meter(["refill", funds]).expect_code(0);
        }
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn meter_dir(&self) -> PathBuf {
        self.path("meter")
    }

    pub(crate) fn meter_command<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        args: I,
    ) -> Command {
        let mut command = timbre();
        command.arg("meter").arg("--dir").arg(self.meter_dir()).args(args);
        command
    }

    pub(crate) fn meter<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Told {
        tell(&mut self.meter_command(args))
    }

    pub(crate) fn staff<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Told {
        let config = self.path("infrastructure.toml");
        tell(timbre().arg("infrastructure").args(args).arg("--config").arg(config))
    }

    /// The available funds, as a decimal.
    pub(crate) fn available(&self) -> i64 {
        self.meter(["funds", "--json"]).expect_code(0).json()["available"]["mills"]
            .as_i64()
            .expect("mills")
    }

    /// Uploads, and insists that registers, ledger and records agree.
    #[track_caller]
    pub(crate) fn expect_reconciled(&self) -> Value {
        self.meter(["sleep"]).expect_code(0);
        let reconciled = self.staff(["reconcile", "--json"]).expect_code(0).json();
        assert_eq!(reconciled[0]["settled"], true, "{reconciled:#}");
        reconciled
    }

    /// A CSV of `rows` light letters, each with its own reference.
    pub(crate) fn letters_csv(&self, rows: u32) -> PathBuf {
        let mut text = String::from("weight,destination,service,account,reference\n");
        for row in 1..=rows {
            text.push_str(&format!("{}g,CA,lettermail,Sales,R{row:05}\n", 10 + row % 20));
        }
        let file = self.path("letters.csv");
        std::fs::write(&file, text).expect("a file");
        file
    }
}
