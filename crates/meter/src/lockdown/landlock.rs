//! Landlock: writing only below the meter's folders, starting no program, connecting only to the catalogue's ports.
//! Reading is left to file permissions and to the unit: an operator's letters lie anywhere.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};

use super::{Kept, LockdownError};

/// The newest that is asked for; an older kernel gives what it has.
const NEWEST: ABI = ABI::V6;
/// Written to by every program: what is thrown away, and the terminal.
const ALWAYS: [&str; 3] = ["/dev/null", "/dev/tty", "/dev/full"];

/// Whether the kernel has all of it.
pub(super) fn put_up(kept: &Kept) -> Result<bool, LockdownError> {
    let refused = |error: landlock::RulesetError| LockdownError::Landlock(error.to_string());
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_write(NEWEST) | AccessFs::Execute)
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(NEWEST)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .map_err(refused)?;
    for port in &kept.ports {
        ruleset = ruleset.add_rule(NetPort::new(*port, AccessNet::ConnectTcp)).map_err(refused)?;
    }
    for folder in &kept.write {
        if let Ok(folder) = PathFd::new(folder) {
            let below = PathBeneath::new(folder, AccessFs::from_write(NEWEST));
            ruleset = ruleset.add_rule(below).map_err(refused)?;
        }
    }
    for file in ALWAYS {
        if let Ok(file) = PathFd::new(file) {
            let write = PathBeneath::new(file, AccessFs::WriteFile | AccessFs::IoctlDev);
            ruleset = ruleset.add_rule(write).map_err(refused)?;
        }
    }
    let status = ruleset.restrict_self().map_err(refused)?;
    Ok(status.ruleset == RulesetStatus::FullyEnforced)
}
