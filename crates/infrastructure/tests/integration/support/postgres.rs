//! A real PostgreSQL server for the length of the test run: `initdb` and `postgres` of the system, on a socket of their
//! own, as the user `postgres` when the tests run as root, which the server refuses. It dies with the process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};

const INSTALL: &str = "the tests need PostgreSQL: apt-get install postgresql (initdb and postgres are looked for in PATH \
     and /usr/lib/postgresql/*/bin), and setpriv of util-linux";

pub(crate) struct Postgres {
    binaries: PathBuf,
    folder: PathBuf,
    server: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl Postgres {
    /// The one server that the scenarios share; each gets a database of its own.
    pub(crate) fn shared() -> Arc<Postgres> {
        static SHARED: OnceLock<Arc<Postgres>> = OnceLock::new();
        SHARED.get_or_init(|| Arc::new(Postgres::start_new("shared"))).clone()
    }

    /// A server of the scenario's own, to be stopped and started.
    pub(crate) fn start_new(name: &str) -> Postgres {
        let binaries = binaries();
        let all = everything();
        remove_leftovers(&all);
        let folder = all.join(format!("{}-{name}", std::process::id()));
        fs::create_dir_all(&all).expect("a temporary folder");
        fs::create_dir(&folder).expect("a temporary folder");
        if geteuid().is_root() {
            done(Command::new("chown").arg("postgres:").arg(&folder).output());
        }
        done(
            as_server(&binaries.join("initdb"))
                .args([
                    "--auth=trust",
                    "--username=timbre",
                    "--no-sync",
                    "--encoding=UTF8",
                    "--locale=C",
                    "-D",
                ])
                .arg(folder.join("data"))
                .output(),
        );
        let server =
            Postgres { binaries, folder, server: Mutex::new(None), databases: AtomicU32::new(0) };
        server.start();
        server
    }

    /// Starts the server and waits until it answers.
    pub(crate) fn start(&self) {
        let mut command = as_server(&self.binaries.join("postgres"));
        command
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=300"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.folder.with_extension("log")).expect("a log file"));
        // The server is told to go when the thread that started it ends; this one ends with the process.
        let (started, child) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = started.send(command.spawn().expect(INSTALL));
            loop {
                std::thread::park();
            }
        });
        let child = child.recv().expect("the server's thread");
        *self.server.lock().expect("one at a time") = Some(child);
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.psql("postgres", "SELECT 1").status.success() {
            assert!(Instant::now() < deadline, "PostgreSQL does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops the server at once, whatever is connected.
    pub(crate) fn stop(&self) {
        if let Some(mut child) = self.server.lock().expect("one at a time").take() {
            let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid")).expect("a pid");
            kill_process(pid, Signal::INT).expect("the server is ours");
            child.wait().expect("the server ends");
        }
    }

    /// The URL of a new, empty database.
    pub(crate) fn new_database(&self) -> String {
        let name = format!("scenario_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = self.psql("postgres", &format!("CREATE DATABASE {name}"));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        format!("postgres://timbre@localhost/{name}?host={}", self.folder.display())
    }

    fn psql(&self, database: &str, sql: &str) -> Output {
        Command::new(self.binaries.join("psql"))
            .args(["-X", "-q", "-U", "timbre", "-d", database, "-c", sql, "-h"])
            .arg(&self.folder)
            .output()
            .expect(INSTALL)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_file(self.folder.with_extension("log"));
    }
}

/// Where the servers of all test processes of this user lie; short, because a socket's path must be.
fn everything() -> PathBuf {
    std::env::temp_dir().join(format!("timbre-postgres-{}", geteuid().as_raw()))
}

/// A command under the user of the server, which goes when this process goes.
fn as_server(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "QUIT"]).arg(program);
    command.current_dir("/");
    command
}

fn binaries() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    let found = versions.into_iter().rev().chain(std::env::split_paths(&path)).find_map(|folder| {
        // A link in PATH leads to the folder where the other programs are as well.
        let initdb = folder.join("initdb").canonicalize().ok()?;
        let folder = initdb.parent()?.to_owned();
        folder.join("postgres").is_file().then_some(folder)
    });
    found.expect(INSTALL)
}

fn done(output: std::io::Result<Output>) {
    let output = output.expect(INSTALL);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Folders of test processes that are gone.
fn remove_leftovers(all: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.split(['-', '.']).next().unwrap_or_default();
        if !Path::new("/proc").join(pid).exists() {
            let _ = fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()));
        }
    }
}
