//! Windows Defender Firewall: a PowerShell script for the computer on which it runs. Names are
//! dynamic keywords, whose identifiers follow from the names, so that loading twice changes nothing
//! and the way back takes away exactly these. The computer is its own source: addresses of a meter
//! are not written.
//!
//! Sources: dynamic keywords, their conditions and limits: <https://learn.microsoft.com/en-us/windows/security/operating-system-security/network-security/windows-firewall/dynamic-keywords>;
//! `New-NetFirewallRule`, `New-NetFirewallDynamicKeywordAddress`: <https://learn.microsoft.com/en-us/powershell/module/netsecurity/>.

use std::fmt::Write as _;

use timbre_catalogue::Host;

use super::layout;
use super::objects;
use crate::{Language, Policy, RuleFile, Rules};

const TITLE: &str = "Windows Defender Firewall";

const BEGIN: &str = "#Requires -RunAsAdministrator
$ErrorActionPreference = 'Stop'
Get-NetFirewallRule -Group 'timbre' -ErrorAction SilentlyContinue | Remove-NetFirewallRule
";

/// Makes a keyword unless it is there.
const KEYWORD: &str = "function Add-Keyword($Id, $Keyword) {
    if (-not (Get-NetFirewallDynamicKeywordAddress -Id $Id -ErrorAction SilentlyContinue)) {
        New-NetFirewallDynamicKeywordAddress -Id $Id -Keyword $Keyword -AutoResolve $true | Out-Null
    }
}
";

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    say(policy, &mut rules);
    let header = layout::header("# ", TITLE, policy, &rules, language);
    let short = objects::short_header("# ", TITLE, &objects::ROLLBACK, policy, language);
    let mut script = format!("{header}{BEGIN}");
    let mut undo = format!("{short}{BEGIN}");
    if !policy.names.is_empty() {
        script.push_str(KEYWORD);
    }
    for rule in &policy.names {
        let id = keyword_id(&rule.host);
        line(&mut script, &format!("Add-Keyword '{id}' '{}'", rule.host));
        line(
            &mut undo,
            &format!(
                "Remove-NetFirewallDynamicKeywordAddress -Id '{id}' -ErrorAction SilentlyContinue"
            ),
        );
    }
    for rule in &policy.names {
        let to = format!("-RemoteDynamicKeywordAddresses '{}'", keyword_id(&rule.host));
        let ports = layout::ports(&rule.ports, ",");
        permit(&mut script, &objects::host_name(&rule.host), "TCP", &ports, &to);
    }
    for rule in &policy.addresses {
        let to = format!("-RemoteAddress {}", rule.net);
        let ports = layout::ports(&rule.ports, ",");
        permit(&mut script, &objects::net_name(&rule.net), "TCP", &ports, &to);
    }
    for rule in &policy.any {
        let name = format!("timbre-any-tcp-{}", rule.port);
        permit(&mut script, &name, "TCP", &rule.port.to_string(), "-RemoteAddress Any");
    }
    let resolvers: Vec<_> = policy.resolvers.iter().map(ToString::to_string).collect();
    let to = if resolvers.is_empty() { "Any".to_owned() } else { resolvers.join(",") };
    for protocol in ["UDP", "TCP"] {
        let name = format!("timbre-dns-{}", protocol.to_lowercase());
        permit(&mut script, &name, protocol, "53", &format!("-RemoteAddress {to}"));
    }
    rules.file("timbre-windows-defender.ps1", script);
    rules.rollback = RuleFile::new("timbre-windows-defender-rollback.ps1", undo);
    rules
}

fn say(policy: &Policy, rules: &mut Rules) {
    objects::unverified(rules);
    rules.note(
        "Ces règles valent pour l’ordinateur qui les charge (par exemple celui qui fait le test réseau), pas pour une machine derrière lui. Elles n’ont d’effet que si les connexions sortantes sont bloquées par défaut ; une règle qui bloque l’emporte toujours.",
        "These rules hold for the computer that loads them (for instance the one that runs the network test), not for a machine behind it. They only matter when outbound connections are blocked by default; a blocking rule always wins.",
    );
    if !policy.names.is_empty() {
        rules.note(
            "Les mots-clés dynamiques demandent Defender Antivirus 4.18.2209.7 ou plus récent, la protection réseau active et aucun DNS chiffré (DoH). Windows les apprend des réponses DNS, les oublie au redémarrage, peut laisser tomber la toute première connexion, et ne les voit pas derrière un proxy.",
            "Dynamic keywords need Defender Antivirus 4.18.2209.7 or newer, network protection on and no encrypted DNS (DoH). Windows learns them from DNS answers, forgets them at a restart, may drop the very first connection, and does not see them behind a proxy.",
        );
    }
    if !policy.bypass.is_empty() {
        rules.note(
            "Ce pare-feu n’inspecte pas TLS : aucune exemption à écrire. Un antivirus d’un autre fabricant qui inspecte a sa propre liste.",
            "This firewall does not inspect TLS: no exemption to write. Another vendor’s antivirus that inspects has its own list.",
        );
    }
}

fn line(script: &mut String, line: &str) {
    writeln!(script, "{line}").expect("invariant: a String takes everything");
}

fn permit(script: &mut String, name: &str, protocol: &str, ports: &str, to: &str) {
    line(
        script,
        &format!(
            "New-NetFirewallRule -DisplayName '{name}' -Group 'timbre' -Direction Outbound -Action Allow -Protocol {protocol} -RemotePort {ports} {to} | Out-Null"
        ),
    );
}

/// A GUID of our own kind (RFC 9562, version 8) that follows from the name: two runs of FNV-1a, 64
/// bits each, over the name read forwards and backwards.
fn keyword_id(host: &Host) -> String {
    let text = format!("timbre {host}");
    let fnv = |bytes: &mut dyn Iterator<Item = u8>| {
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    };
    let (high, low) = (fnv(&mut text.bytes()), fnv(&mut text.bytes().rev()));
    let high = high & !0xf000 | 0x8000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    format!(
        "{{{:08x}-{:04x}-{:04x}-{:04x}-{:012x}}}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_has_the_same_identifier_at_every_run_and_a_name_its_own() {
        let id = |name: &str| keyword_id(&Host::Name(name.to_owned()));
        assert_eq!(id("smt.pb.com"), id("smt.pb.com"));
        assert_ne!(id("smt.pb.com"), id("www.pb.com"));
        let parts: Vec<_> =
            id("smt.pb.com").trim_matches(['{', '}']).split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
    }
}
