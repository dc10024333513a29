//! `cargo xtask setup`: the programs that tests use as judges that are not ours. It installs them
//! on Debian and Ubuntu when it may, and otherwise says what to install; it changes nothing else.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A program that some test starts.
struct Tool {
    program: &'static str,
    package: &'static str,
    used_for: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        program: "initdb",
        package: "postgresql",
        used_for: "the infrastructure's tests run on a PostgreSQL of their own",
    },
    Tool {
        program: "xmllint",
        package: "libxml2-utils",
        used_for: "the protocol's golden files are validated against its schema",
    },
    Tool {
        program: "pdftoppm",
        package: "poppler-utils",
        used_for: "stamped letters are drawn by a PDF reader that is not ours",
    },
    Tool {
        program: "faketime",
        package: "faketime",
        used_for: "a meter is run with its clock set back and ahead",
    },
    Tool {
        program: "dmtxread",
        package: "dmtx-utils",
        used_for: "marks are read by a decoder that is not ours",
    },
];

/// Installs what is missing.
///
/// # Errors
/// If something is missing and cannot be installed from here; the message says by what command a
/// person can.
pub(crate) fn run() -> Result<()> {
    let missing: Vec<_> = TOOLS.iter().filter(|tool| find(tool.program).is_none()).collect();
    if missing.is_empty() {
        println!("every program that the tests need is there");
        return Ok(());
    }
    for tool in &missing {
        println!("missing: {} (package {}): {}", tool.program, tool.package, tool.used_for);
    }
    let packages: Vec<_> = missing.iter().map(|tool| tool.package).collect();
    let install = format!("apt-get install --yes --no-install-recommends {}", packages.join(" "));
    let Some(privilege) = privilege().filter(|_| find("apt-get").is_some()) else {
        bail!("install these packages, on Debian or Ubuntu by: sudo {install}");
    };
    for words in ["apt-get update --quiet", &install] {
        let words: Vec<_> = privilege.iter().copied().chain(words.split(' ')).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        let status = command.status().with_context(|| format!("cannot start {}", words[0]))?;
        if !status.success() {
            bail!("“{}” ended with {status}", words.join(" "));
        }
    }
    match missing.iter().find(|tool| find(tool.program).is_none()) {
        Some(tool) => bail!("{} is still missing after installing {}", tool.program, tool.package),
        None => Ok(()),
    }
}

/// What to write before a command that only root may run; nothing for root, `sudo` where it asks
/// for no password.
fn privilege() -> Option<&'static [&'static str]> {
    let succeeds = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if succeeds("sh", &["-c", "test \"$(id -u)\" = 0"]) {
        Some(&[])
    } else if succeeds("sudo", &["--non-interactive", "true"]) {
        Some(&["sudo", "--non-interactive"])
    } else {
        None
    }
}

/// Where a program is: in `PATH`, or where Debian keeps the programs of each PostgreSQL.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = Path::new("/usr/lib/postgresql").read_dir() {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_path() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-anywhere"), None);
    }
}
