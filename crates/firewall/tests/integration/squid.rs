//! squid accepts what is written for it, without a warning (REQ NET-6, NET-7).

use tempfile::tempdir;
use timbre_catalogue::{Catalogue, Scheme};
use timbre_firewall::{Dialect, Input, Kind, Mode, Resolved, Selection, Verdict, verify};

use crate::judges::{
    catalogues, content, everything, in_a_namespace, rules, run, save, selections,
};
use crate::kernel::Dice;

#[test]
fn squid_reads_every_policy_and_its_exemption_without_a_warning() {
    for catalogue in catalogues() {
        for selection in selections() {
            let folder = tempdir().unwrap();
            let rules = rules(Dialect::Squid, &catalogue, &selection);
            assert!(rules.bypass.is_some(), "squid inspects");
            save(&rules, folder.path());
            let path = |name: &str| folder.path().join(name).display().to_string();
            let main = format!(
                "http_port 127.0.0.1:3128\nvisible_hostname proxy.example\ninclude {}\ninclude {}\nssl_bump bump all\nhttp_access deny all\n",
                path("timbre.conf"),
                path("timbre-bypass.conf")
            );
            std::fs::write(folder.path().join("squid.conf"), main).unwrap();
            let output = run("squid", "squid-openssl", &["-k", "parse", "-f", &path("squid.conf")]);
            content(&output, &format!("{selection:?}"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("timbre.conf"), "squid read our file: {said}");
            for word in ["WARNING", "ERROR", "FATAL"] {
                assert!(!said.contains(word), "{said}");
            }
        }
    }
}

#[test]
fn a_host_under_a_wildcard_is_not_named_twice() {
    let rules = rules(Dialect::Squid, &catalogues()[0], &everything(Mode::Names));
    let names: Vec<&str> = rules.files[0]
        .text
        .lines()
        .filter(|line| line.starts_with("acl timbre_names_443"))
        .filter_map(|line| line.split_whitespace().nth(3))
        .collect();
    assert!(names.contains(&".teamviewer.com"), "{names:?}");
    for name in &names {
        let twice = names.iter().filter(|other| format!(".{name}").ends_with(*other)).count();
        assert!(twice <= 1, "{name} in {names:?}");
    }
}

const LISTS: &str = "acl office src 127.0.0.0/8
acl other src 10.0.0.0/8
acl pb dstdomain .pb.com
acl exact dstdomain cometservc1.pb.com
acl parent dstdomain pb.com
acl elsewhere dstdomain .example
acl tls port 443
acl web port 80 443
acl low port 1-100
acl block dst 203.0.113.0/24
acl away dst 10.0.0.0/8
acl tunnel method CONNECT
acl either any-of exact elsewhere
acl both all-of pb tls
";

/// Lines of `http_access` at random.
fn access(dice: &mut Dice) -> String {
    const NAMES: [&str; 15] = [
        "office",
        "other",
        "pb",
        "exact",
        "parent",
        "elsewhere",
        "tls",
        "web",
        "low",
        "block",
        "away",
        "tunnel",
        "either",
        "both",
        "all",
    ];
    let mut text = LISTS.to_owned();
    for _ in 0..=dice.roll(4) {
        text.push_str(&format!("http_access {}", dice.pick(&["allow", "deny"])));
        for _ in 0..=dice.roll(3) {
            text.push_str(&format!(" {}{}", dice.pick(&["", "", "!"]), dice.pick(&NAMES)));
        }
        text.push('\n');
    }
    text
}

/// Asks each proxy for both; a proxy that lets a request through then fails to reach the host,
/// because there is no network: that is 503, and 403 is a refusal.
const ASK: &str = "
import socket, sys, time
def ask(port, request):
    for _ in range(300):
        try:
            with socket.create_connection(('127.0.0.1', port), timeout=20) as s:
                s.sendall(request)
                return s.recv(4096).split()[1].decode()
        except (ConnectionRefusedError, ConnectionResetError, IndexError):
            time.sleep(0.1)
    sys.exit(f'squid {port} does not answer')
for port in range(4000, 4000 + int(sys.argv[1])):
    print(ask(port, b'CONNECT cometservc1.pb.com:443 HTTP/1.1\\r\\nHost: cometservc1.pb.com:443\\r\\n\\r\\n'),
          ask(port, b'GET http://cometservc1.pb.com/ HTTP/1.1\\r\\nHost: cometservc1.pb.com\\r\\n\\r\\n'), flush=True)
";

#[test]
fn squid_does_what_its_reader_says() {
    const PROXIES: usize = 24;
    let folder = tempdir().unwrap();
    let mut dice = Dice(20_261_126);
    let texts: Vec<String> = (0..PROXIES).map(|_| access(&mut dice)).collect();
    for (number, text) in texts.iter().enumerate() {
        let port = 4000 + number;
        let config = format!(
            "http_port 127.0.0.1:{port}\nvisible_hostname proxy.example\npid_filename none\naccess_log none\ncache_log /dev/null\ncache_mem 1 MB\ncache deny all\nnetdb_filename none\npinger_enable off\nshutdown_lifetime 0 seconds\nhosts_file {}/hosts\n{text}",
            folder.path().display()
        );
        std::fs::write(folder.path().join(format!("{number}.conf")), config).unwrap();
    }
    std::fs::write(folder.path().join("hosts"), "203.0.113.10 cometservc1.pb.com\n").unwrap();
    std::fs::write(folder.path().join("ask.py"), ASK).unwrap();
    let script = format!(
        "cd {}; chmod 755 .
        ip link set lo up
        others=; trap 'kill $others' EXIT
        for number in $(seq 0 {}); do
            squid -N -n timbre$number -f $number.conf & others=\"$others $!\"
        done
        python3 ask.py {PROXIES}",
        folder.path().display(),
        PROXIES - 1
    );
    let output = in_a_namespace(&script);
    content(&output, "squid");
    let said = String::from_utf8(output.stdout).unwrap();
    let (mut allowed, mut blocked) = (0, 0);
    for (text, line) in texts.iter().zip(said.lines()) {
        for (answer, scheme) in line.split(' ').zip([Scheme::Https, Scheme::Http]) {
            let real = match answer {
                "503" => Verdict::Allowed,
                "403" => Verdict::Blocked,
                _ => panic!("squid answers {answer}\n{text}"),
            };
            assert_eq!(judged(text, scheme), real, "{scheme:?}\n{text}");
            allowed += usize::from(real == Verdict::Allowed);
            blocked += usize::from(real == Verdict::Blocked);
        }
    }
    assert_eq!(allowed + blocked, 2 * PROXIES);
    assert!(allowed > PROXIES / 3 && blocked > PROXIES / 3, "{allowed} allowed, {blocked} blocked");
}

fn judged(text: &str, scheme: Scheme) -> Verdict {
    let selection =
        Selection { sources: vec!["127.0.0.1".parse().unwrap()], ..everything(Mode::Names) };
    let host = "cometservc1.pb.com".to_owned();
    let resolved = Resolved::from([(host, vec!["203.0.113.10".parse().unwrap()])]);
    let input = [Input { name: "squid.conf", text }];
    let catalogue = Catalogue::connect_plus_sendpro_p();
    let all = verify(Kind::Squid, &input, &catalogue, &selection, &resolved);
    let mut of_row = all.iter().filter(|one| one.endpoint.as_str() == "comet.funds");
    of_row.find(|one| one.target.scheme == scheme).unwrap().verdict
}
