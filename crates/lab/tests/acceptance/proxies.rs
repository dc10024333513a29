//! The meter's day in a company where nothing gets out but through squid, by every way of signing in and by a PAC script.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use timbre_lab::plan::{METER, PROXY_NAME};
use timbre_lab::squid::{self, PASSWORD, SignIn, Squid, USER};
use timbre_lab::{Kdc, Lab};

use crate::day::Day;
use crate::{in_lanes, lab};

/// Only the proxy, on the firewall itself, is let out.
const ONLY_BY_PROXY: &str = "table inet corp {
    chain forward { type filter hook forward priority filter; policy drop; }
}";

#[test]
fn the_day_works_through_a_proxy_by_every_scheme() {
    let schemes = [SignIn::Open, SignIn::Basic, SignIn::Digest, SignIn::Ntlm];
    let wrong = in_lanes(&schemes, 2, |lab, scheme| {
        let number =
            20 + schemes.iter().position(|other| other == scheme).map_or(0, |at| at as u32);
        lab.rules().load(ONLY_BY_PROXY).unwrap();
        let _proxy = Squid::with_sign_in(*scheme).start(lab).unwrap();
        let address = format!("use = \"http://{PROXY_NAME}:{}\"\n", squid::PORT);
        let account = if *scheme == SignIn::Open { String::new() } else { account(lab) };
        Day::begin(lab, number).through(&(address + &account), &[]).live();
        let seen = through_the_proxy(lab);
        if seen > 5 { String::new() } else { format!("{scheme:?}: the proxy saw {seen} tunnels\n") }
    });
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_day_works_by_a_pac_script_that_sends_everything_to_the_proxy() {
    let lab = lab();
    lab.rules().load(ONLY_BY_PROXY).unwrap();
    let _proxy = Squid::with_sign_in(SignIn::Basic).start(&lab).unwrap();
    let script = lab.path("proxy.pac");
    let text = format!(
        "function FindProxyForURL(url, host) {{\n  if (isPlainHostName(host)) return 'DIRECT';\n  \
         if (dnsDomainIs(host, '.lab.test')) return 'PROXY {PROXY_NAME}:{}';\n  return 'PROXY nowhere.invalid:1';\n}}\n",
        squid::PORT
    );
    std::fs::write(&script, text).unwrap();
    let section = format!(
        "use = \"pac:{}\"\nproxies = [\"{PROXY_NAME}:{}\"]\n{}",
        script.display(),
        squid::PORT,
        account(&lab)
    );
    Day::begin(&lab, 30).through(&section, &[]).live();
    assert!(through_the_proxy(&lab) > 5);
}

#[test]
fn with_kerberos_the_day_works_by_a_ticket_alone_or_the_build_says_that_it_cannot() {
    let lab = lab();
    lab.rules().load(ONLY_BY_PROXY).unwrap();
    let _realm = Kdc::start(&lab).unwrap();
    let tickets = Kdc::ticket(&lab).unwrap();
    let _proxy = Squid::with_sign_in(SignIn::Negotiate).start(&lab).unwrap();
    let section = format!("use = \"http://{PROXY_NAME}:{}\"\nkerberos = true\n", squid::PORT);
    let variables: [(&str, PathBuf); 2] =
        [("KRB5_CONFIG", Kdc::configuration(&lab)), ("KRB5CCNAME", tickets)];
    let day = Day::begin(&lab, 31).through(&section, &variables);
    let output = day.meter_command(&["install"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        day.live_on();
        assert!(through_the_proxy(&lab) > 5);
    } else {
        assert!(
            told.contains("kerberos"),
            "it names the feature that it was built without: {told}"
        );
        println!("{METER}: this build of timbre cannot do Kerberos: {told}");
    }
}

/// Who the meter is at the proxy, in the words of its settings.
fn account(lab: &Lab) -> String {
    let file = lab.path("proxy-password");
    std::fs::write(&file, format!("{PASSWORD}\n")).expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a file");
    format!("user = \"{USER}\"\npassword_file = \"{}\"\n", file.display())
}

/// How many tunnels the proxy has opened.
fn through_the_proxy(lab: &Lab) -> usize {
    let log = std::fs::read_to_string(lab.path("squid/access.log")).unwrap_or_default();
    log.lines().filter(|line| line.contains("/200") && line.contains("CONNECT")).count()
}
