//! A PostgreSQL server for the length of the run, with the settings of a new installation: unlike the one of the tests it
//! flushes, because flushes are what is measured.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

const INSTALL: &str = "refills-postgresql needs PostgreSQL: apt-get install postgresql (looked for in /usr/lib/postgresql and PATH)";
/// Kept over a restart by convention, so never in memory; short, because the path of a socket must be.
const TEMPORARY: &str = "/var/tmp";

pub(crate) struct Postgres {
    binaries: PathBuf,
    server: Child,
    folder: TempDir,
}

impl Postgres {
    /// Makes and starts a server. It refuses to run as root, so then it runs as `postgres`.
    pub(crate) fn start() -> Result<Postgres> {
        let binaries = binaries()?;
        let folder = folder()?;
        let data = folder.path().join("data");
        let mut initdb = as_server(&binaries.join("initdb"));
        initdb.args(["--auth=trust", "--username=timbre", "--encoding=UTF8", "--locale=C", "-D"]);
        done(initdb.arg(&data).output().context(INSTALL)?)?;
        let log = File::create(folder.path().join("log"))?;
        let mut postgres = as_server(&binaries.join("postgres"));
        postgres.arg("-D").arg(&data).arg("-k").arg(folder.path());
        postgres.args(["-c", "listen_addresses=", "-c", "max_connections=100"]);
        let server = postgres.stdout(Stdio::null()).stderr(log).spawn().context(INSTALL)?;
        let postgres = Postgres { binaries, server, folder };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !postgres.psql("SELECT 1")?.status.success() {
            if Instant::now() > deadline {
                let log = fs::read_to_string(postgres.folder.path().join("log"))?;
                bail!("PostgreSQL does not answer: {log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(postgres)
    }

    /// The URL of a new, empty database.
    pub(crate) fn new_database(&self, name: &str) -> Result<String> {
        done(self.psql(&format!("CREATE DATABASE {name}"))?)?;
        Ok(format!("postgres://timbre@localhost/{name}?host={}", self.folder.path().display()))
    }

    /// A program of PostgreSQL's, as the server's user.
    pub(crate) fn program(&self, name: &str) -> Command {
        as_server(&self.binaries.join(name))
    }

    /// Where the server's socket is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A folder that the server's user may write in, for as long as it is held.
    pub(crate) fn shared_folder(&self) -> Result<TempDir> {
        folder()
    }

    fn psql(&self, sql: &str) -> Result<Output> {
        let mut psql = Command::new(self.binaries.join("psql"));
        psql.args(["-X", "-q", "-U", "timbre", "-d", "postgres", "-c", sql, "-h"]);
        psql.arg(self.folder.path()).output().context(INSTALL)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let pid = i32::try_from(self.server.id()).ok().and_then(Pid::from_raw);
        // INT is PostgreSQL's fast shutdown; a server that is gone already needs none.
        if pid.is_some_and(|pid| kill_process(pid, Signal::INT).is_ok()) {
            let _ = self.server.wait();
        }
    }
}

/// A folder of the server's user.
fn folder() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("timbre-figures-").tempdir_in(TEMPORARY)?;
    if geteuid().is_root() {
        done(Command::new("chown").arg("postgres:").arg(folder.path()).output()?)?;
    }
    Ok(folder)
}

/// A command under the user of the server, which goes when this process goes.
fn as_server(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT"]).arg(program).current_dir("/");
    command
}

fn binaries() -> Result<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = versions.into_iter().rev().chain(std::env::split_paths(&path));
    folders.find(|folder| folder.join("initdb").is_file()).context(INSTALL)
}

fn done(output: Output) -> Result<()> {
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
