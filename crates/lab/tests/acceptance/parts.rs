//! The parts of the laboratory do what they are named for, seen by a client that is not ours (curl).

use std::process::Command;

use timbre_lab::plan::PROXY_NAME;
use timbre_lab::squid::{self, PASSWORD, SignIn, Squid, Tls, USER};
use timbre_lab::{Kdc, Lab};

use crate::lab;

#[test]
fn a_proxy_lets_in_who_signs_in_and_nobody_else_by_every_scheme() {
    let lab = lab();
    let _realm = Kdc::start(&lab).unwrap();
    let tickets = Kdc::ticket(&lab).unwrap();
    for scheme in SignIn::ALL {
        let _proxy = Squid::with_sign_in(scheme).start(&lab).unwrap();
        let account = format!("{USER}:{PASSWORD}");
        let words: &[&str] = match scheme {
            SignIn::Open => &[],
            SignIn::Basic => &["--proxy-basic", "--proxy-user", &account],
            SignIn::Digest => &["--proxy-digest", "--proxy-user", &account],
            SignIn::Ntlm => &["--proxy-ntlm", "--proxy-user", &account],
            SignIn::Negotiate => &["--proxy-negotiate", "--proxy-user", ":"],
        };
        let mut known = curl(&lab, &["--proxy", &proxy()]);
        known.args(words).env("KRB5_CONFIG", Kdc::configuration(&lab)).env("KRB5CCNAME", &tickets);
        assert_eq!(status(&mut known), "200", "{scheme:?}");
        let stranger = status(&mut curl(&lab, &["--proxy", &proxy()]));
        assert_eq!(
            stranger,
            if scheme == SignIn::Open { "200" } else { "000" },
            "{scheme:?} without an account"
        );
    }
}

#[test]
fn a_proxy_that_opens_tls_is_genuine_to_those_only_who_trust_the_company() {
    let lab = lab();
    let company = lab.company_root().certificate.to_str().unwrap().to_owned();
    for (tls, public, inside) in
        [(Tls::Tunnel, "200", "000"), (Tls::Bump, "000", "200"), (Tls::Splice, "200", "000")]
    {
        let _proxy = Squid { tls, ..Squid::open() }.start(&lab).unwrap();
        assert_eq!(status(&mut curl(&lab, &["--proxy", &proxy()])), public, "{tls:?}");
        let mut trusting = curl(&lab, &["--proxy", &proxy(), "--cacert", &company]);
        assert_eq!(status(&mut trusting), inside, "{tls:?}, trusting the company");
    }
}

fn proxy() -> String {
    format!("http://{PROXY_NAME}:{}", squid::PORT)
}

/// Asks a host of the source document for a page, trusting the public root.
fn curl(lab: &Lab, words: &[&str]) -> Command {
    let mut command = lab.meter().command("curl");
    command.args([
        "--silent",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}",
        "--max-time",
        "20",
    ]);
    command.arg("--cacert").arg(&lab.public_root().certificate).args(words);
    command.arg("https://distservp1.pb.com/dstproduct.asp");
    command
}

fn status(curl: &mut Command) -> String {
    let output = curl.output().expect("curl starts: cargo xtask setup");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
