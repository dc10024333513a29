//! A router between a meter and the far end, each in a network namespace of its own, and a day of
//! the generated rules on it: a name that is let out is reached by name, nothing else is.

use std::path::Path;

use tempfile::tempdir;
use timbre_catalogue::Catalogue;
use timbre_firewall::{Dialect, Mode, Selection};

use crate::judges::{content, everything, in_a_namespace, rules, save};

/// Answers on ports 80 and 443 of every address with what it is sent.
pub(crate) const ECHO: &str = "
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.request.recv(1))
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
import threading
servers = [Server(('0.0.0.0', port), Echo) for port in (443, 80)]
threading.Thread(target=servers[0].serve_forever, daemon=True).start()
print('ready', flush=True)
servers[1].serve_forever()
";

/// Runs a script on the router, in a folder; `$meter` and `$far` are processes in the namespaces of
/// the two ends, 198.51.100.10 and 203.0.113.10–13. What it prints comes back.
pub(crate) fn on_a_router(folder: &Path, script: &str) -> String {
    let script = format!(
        "cd {}
        ip link set lo up
        unshare --net sleep 300 & meter=$!
        unshare --net sleep 300 & far=$!
        trap 'kill $meter $far $others' EXIT
        others=
        for pid in $meter $far; do
            until test \"$(readlink /proc/$pid/ns/net)\" != \"$(readlink /proc/self/ns/net)\"; do :; done
        done
        ip link add lan type veth peer name m0
        ip link add wan type veth peer name i0
        ip link set m0 netns $meter
        ip link set i0 netns $far
        ip addr add 198.51.100.1/24 dev lan; ip addr add 203.0.113.1/24 dev wan
        ip link set lan up; ip link set wan up
        nsenter -t $meter -n ip addr add 198.51.100.10/24 dev m0
        for host in 10 11 12 13; do nsenter -t $far -n ip addr add 203.0.113.$host/24 dev i0; done
        nsenter -t $meter -n ip link set m0 up
        nsenter -t $far -n ip link set i0 up
        nsenter -t $meter -n ip route add default via 198.51.100.1
        nsenter -t $far -n ip route add default via 203.0.113.1
        echo 1 > /proc/sys/net/ipv4/ip_forward
        {script}",
        folder.display()
    );
    let output = in_a_namespace(&script);
    content(&output, "the router");
    String::from_utf8(output.stdout).unwrap()
}

/// Asks the router's dnsmasq for a name, unless it is an address, and tries a port of the answer.
const REACH: &str = "
import socket, struct, sys, time
def look_up(name):
    query = struct.pack('>6H', 7, 0x100, 1, 0, 0, 0)
    query += b''.join(bytes([len(part)]) + part.encode() for part in name.split('.'))
    query += b'\\0' + struct.pack('>2H', 1, 1)
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            try:
                s.sendto(query, ('198.51.100.1', 53))
                answer = s.recv(512)
                if answer[3] & 15 == 0 and answer[6:8] != b'\\0\\0':
                    return socket.inet_ntoa(answer[-4:])
            except OSError:
                time.sleep(0.1)
    sys.exit('no answer for ' + name)
name, port = sys.argv[1:]
address = name if name[0].isdigit() else look_up(name)
try:
    with socket.create_connection((address, int(port)), timeout=0.5) as s:
        s.sendall(b'x')
        print(name, port, s.recv(1) == b'x')
except OSError:
    print(name, port, False)
";

/// The far end's DNS server, and the router's, which reads the generated file.
fn dns(names: &str) -> [(&'static str, String); 2] {
    let common = "no-resolv\nno-hosts\nbind-interfaces\nuser=root\npid-file=\n";
    // A time to live, so that a cache would answer the second time.
    let far = format!(
        "{common}local-ttl=60\nlisten-address=203.0.113.13\naddress=/cometservc1.pb.com/203.0.113.10\naddress=/www.pb.com/203.0.113.11\naddress=/a.teamviewer.com/203.0.113.12\n"
    );
    let near =
        format!("{common}listen-address=198.51.100.1\nserver=203.0.113.13\nconf-file={names}\n");
    [("far.conf", far), ("near.conf", near)]
}

/// `load` loads the rules, `forget` empties the sets, `close` takes the rules of one host out.
fn a_day(dialect: Dialect, names: &str, load: &str, forget: &str, close: &str) {
    let selection =
        Selection { resolvers: vec!["198.51.100.1".parse().unwrap()], ..everything(Mode::Names) };
    let folder = tempdir().unwrap();
    save(&rules(dialect, &Catalogue::connect_plus_sendpro_p(), &selection), folder.path());
    let path = |name: &str| folder.path().join(name);
    for (name, text) in dns(&path(names).display().to_string()) {
        std::fs::write(path(name), text).unwrap();
    }
    std::fs::write(path("reach.py"), REACH).unwrap();
    std::fs::write(path("echo.py"), ECHO).unwrap();
    let script = format!(
        "reach() {{ nsenter -t $meter -n python3 reach.py $1 $2; }}
        nsenter -t $far -n python3 echo.py > ready & others=\"$others $!\"
        until test -s ready; do sleep 0.05; done
        nsenter -t $far -n dnsmasq -k -C far.conf & others=\"$others $!\"
        {load}
        dnsmasq -k -C near.conf & others=\"$others $!\"
        reach 203.0.113.10 443
        reach cometservc1.pb.com 443; reach cometservc1.pb.com 80
        reach a.teamviewer.com 443
        reach www.pb.com 443
        {forget}
        reach 203.0.113.10 443
        reach cometservc1.pb.com 443
        {close}
        reach cometservc1.pb.com 443
        reach a.teamviewer.com 80"
    );
    let said = on_a_router(folder.path(), &script);
    let wanted = "203.0.113.10 443 False
cometservc1.pb.com 443 True
cometservc1.pb.com 80 True
a.teamviewer.com 443 True
www.pb.com 443 False
203.0.113.10 443 False
cometservc1.pb.com 443 True
cometservc1.pb.com 443 False
a.teamviewer.com 80 True
";
    assert_eq!(said, wanted);
}

#[test]
fn nftables_and_dnsmasq_let_out_what_is_asked_for_by_name_and_nothing_else() {
    a_day(
        Dialect::Nftables,
        "timbre-dnsmasq.conf",
        "nft -f timbre.nft",
        "nft flush set inet timbre host_cometservc1_pb_com_4",
        "grep -v 'daddr @host_cometservc1_pb_com_4' timbre.nft > closed.nft; nft -f closed.nft",
    );
}

#[test]
fn iptables_ipset_and_dnsmasq_let_out_what_is_asked_for_by_name_and_nothing_else() {
    a_day(
        Dialect::Iptables,
        "timbre-ipset.conf",
        "ipset restore < timbre.ipset; iptables-restore timbre.v4",
        "ipset flush",
        "grep -v 'match-set timbre4-..-cometservc1' timbre.v4 > closed.v4; iptables-restore closed.v4",
    );
}
