//! The units under which a locked machine runs the meter and its resolver. `systemd-analyze security` judges them in the
//! tests.

use std::path::Path;

/// A file for `/etc/systemd/system`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unit {
    /// Its name there.
    pub name: &'static str,
    /// What it holds.
    pub text: String,
}

/// What both services do without.
const HARDENED: &str = "\
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
PrivateTmp=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
SocketBindDeny=any
SystemCallArchitectures=native
UMask=0077
";

/// The units of a machine: `binary` is the executable, `user` owns the meter, `state` is the meter's folder.
#[must_use]
pub fn units(binary: &Path, user: &str, state: &Path) -> [Unit; 2] {
    let (binary, state) = (binary.display(), state.display());
    let meter = format!(
        "\
# One thing the meter does, by the name of its command: systemctl start timbre-meter@power-on
[Unit]
Description=timbre meter, %i
Documentation=man:timbre(1)
After=network-online.target timbre-resolver.service
Wants=network-online.target
Requires=timbre-resolver.service

[Service]
Type=oneshot
User={user}
Group={user}
ExecStart={binary} meter --dir {state} %i
ReadWritePaths={state}
CapabilityBoundingSet=
PrivateUsers=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallFilter=@system-service @sandbox
SystemCallFilter=~@privileged @resources @mount @debug
SystemCallErrorNumber=EPERM
{HARDENED}"
    );
    let resolver = format!(
        "\
# The one way from a name to an address that the egress policy lets through.
[Unit]
Description=timbre meter, resolver
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={binary} meter --dir {state} lockdown resolve
Restart=on-failure
User={user}
Group={user}
RuntimeDirectory=timbre
RuntimeDirectoryMode=0750
CapabilityBoundingSet=CAP_NET_ADMIN
AmbientCapabilities=CAP_NET_ADMIN
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @mount @debug
SystemCallErrorNumber=EPERM
{HARDENED}"
    );
    [
        Unit { name: "timbre-meter@.service", text: meter },
        Unit { name: "timbre-resolver.service", text: resolver },
    ]
}
