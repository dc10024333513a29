//! mitmproxy in the way: an interceptor that leaves no trace but its certificates.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::Lab;
use crate::plan::GATEWAY;
use crate::process::Process;

/// Where it takes connections that were meant for others.
pub(crate) const PORT: u16 = 8081;
/// Starts it on the firewall. `judges` is the folder of programs that are judges only.
///
/// # Errors
/// If it is not installed or does not come up.
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
    let program = judges.join("mitm/bin/mitmdump");
    ensure!(program.is_file(), "{} is not there: cargo xtask setup installs it", program.display());
    Ok(program)
}
