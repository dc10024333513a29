//! The infrastructure books a refill and its reply never arrives: a proxy of the test swallows it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::site::Site;

/// Passes bytes between a meter and `target`. The host name of a TLS connection is in its first bytes, so the proxy knows
/// which lines lead to Comet; on these, while it swallows, nothing goes back once the meter has begun its request.
fn proxy(target: String, swallows: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for meter in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(&target).unwrap();
            let swallow = swallows.load(Ordering::SeqCst);
            thread::spawn(move || carry(meter, server, swallow));
        }
    });
    address
}

fn carry(mut meter: TcpStream, mut server: TcpStream, swallow: bool) {
    let mut hello = [0; 16 * 1024];
    let Ok(count @ 1..) = meter.read(&mut hello) else { return };
    let to_comet = hello[..count].windows(5).any(|bytes| bytes == b"comet");
    server.write_all(&hello[..count]).unwrap();
    let asked = Arc::new(AtomicBool::new(false));
    let (from_meter, to_server, noted) =
        (meter.try_clone().unwrap(), server.try_clone().unwrap(), asked.clone());
    thread::spawn(move || pass(from_meter, to_server, || noted.store(true, Ordering::SeqCst)));
    let swallow = swallow && to_comet;
    let mut buffer = [0; 64 * 1024];
    while let Ok(count @ 1..) = server.read(&mut buffer) {
        let kept_back = swallow && asked.load(Ordering::SeqCst);
        if !kept_back && meter.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = meter.shutdown(Shutdown::Both);
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut each: impl FnMut()) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        each();
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn a_refill_whose_reply_was_lost_is_booked_once_and_finished_by_the_next_one() {
    let site = Site::ready("0");
    let swallows = Arc::new(AtomicBool::new(false));
    let address = proxy(site.serving.as_ref().unwrap().address.clone(), swallows.clone());
    let settings = site.meter_dir().join("meter.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let direct = &site.serving.as_ref().unwrap().address;
    assert!(text.contains(direct.as_str()), "{text}");
    std::fs::write(&settings, text.replace(direct.as_str(), &address)).unwrap();

    swallows.store(true, Ordering::SeqCst);
    let mut refill = site.meter_command(["refill", "75"]).spawn().unwrap();
    let limit = Instant::now() + Duration::from_secs(20);
    while booked(&site) != 75_000 {
        assert!(Instant::now() < limit, "the infrastructure never booked the refill");
    }
    // It is booked, and the meter waits for a reply that will not come.
    refill.kill().unwrap();
    refill.wait().unwrap();
    assert_eq!(
        site.available(),
        0,
        "without the signed reply the descending register does not move"
    );

    swallows.store(false, Ordering::SeqCst);
    site.meter(["refill", "75"]).expect_code(0);
    assert_eq!(site.available(), 75_000, "the reply that was lost came again");
    assert_eq!(booked(&site), 75_000, "and nothing was booked twice");
    site.expect_reconciled();
}

fn booked(site: &Site) -> i64 {
    let statement =
        site.staff(["ledger", "show", "meter:TM0000042", "--json"]).expect_code(0).json();
    statement["balance"]["mills"].as_i64().unwrap()
}
