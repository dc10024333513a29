//! Seccomp: system calls that a meter never makes are refused. A socket is a plain one for the internet or for this
//! machine, and none of them waits for connections: the meter begins every conversation (REQ NET-1).

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::LockdownError;

/// What an intruder would call next, and a meter never does.
const NEVER: &[i64] = &[
    // Serving.
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    // Another program, another process's memory, another view of the machine.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    // The kernel and the clock.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_clock_settime,
    libc::SYS_settimeofday,
    libc::SYS_adjtimex,
];

/// The families of sockets that are let through: names are resolved and the infrastructure is reached with these.
const FAMILIES: [i32; 3] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];
/// The bits of a socket's type that are not flags.
const TYPE_BITS: u64 = 0xf;

/// Puts the filter up for this thread and all that it starts.
pub(super) fn put_up() -> Result<(), LockdownError> {
    let program = filter().map_err(|error| LockdownError::Seccomp(error.to_string()))?;
    seccompiler::apply_filter(&program).map_err(|error| LockdownError::Seccomp(error.to_string()))
}

fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        NEVER.iter().map(|call| (*call, Vec::new())).collect();
    let other_family = FAMILIES
        .iter()
        .map(|family| condition(0, SeccompCmpOp::Ne, family.unsigned_abs().into()))
        .collect::<Result<_, _>>()?;
    let raw = condition(1, SeccompCmpOp::MaskedEq(TYPE_BITS), libc::SOCK_RAW.unsigned_abs().into());
    let sockets = vec![SeccompRule::new(other_family)?, SeccompRule::new(vec![raw?])?];
    rules.insert(libc::SYS_socket, sockets);
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::Allow, refused, architecture)?.try_into()
}

fn condition(
    argument: u8,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
}
