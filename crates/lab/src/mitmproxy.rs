//! mitmproxy in the way: an interceptor that leaves no trace but its certificates.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::Lab;
use crate::command::run;
use crate::plan::GATEWAY;
use crate::process::Process;

/// Where it takes connections that were meant for others.
pub(crate) const PORT: u16 = 8081;
/// 12 needs Python 3.12; where that is not there, pip takes 11.
const VERSION: &str = "mitmproxy>=11,<13";

/// Starts it on the firewall. `judges` is the folder of programs that are judges only; mitmproxy is put there the first time.
///
/// # Errors
/// If it cannot be installed or does not come up.
pub(crate) fn start(lab: &Lab, judges: &Path) -> Result<Process> {
    let program = installed(judges)?;
    let folder = lab.path("mitmproxy");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let mut command = lab.firewall().command(program);
    command
        .args(["--quiet", "--mode", &format!("transparent@{GATEWAY}:{PORT}")])
        .arg("--set")
        .arg(format!("confdir={}", folder.display()))
        .arg("--set")
        .arg(format!("ssl_verify_upstream_trusted_ca={}", lab.roots().display()));
    let mut process = Process::start("mitmdump", &mut command, &folder.join("said.log"))?;
    process.wait_for(lab.firewall(), (GATEWAY, PORT).into())?;
    Ok(process)
}

/// `mitmdump`, in a virtual environment of its own.
fn installed(judges: &Path) -> Result<PathBuf> {
    let folder = judges.join("mitm");
    let program = folder.join("bin/mitmdump");
    if !program.is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", VERSION]))?;
    }
    Ok(program)
}
