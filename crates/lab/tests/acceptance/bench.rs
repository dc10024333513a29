//! The day on the slowest line that the document allows (REQ NET-5): bytes and seconds, both ways, on the wire.

use timbre_lab::shaping::Rate;

use crate::day::{Cost, Day};
use crate::lab;

/// A power-up that brings nothing new costs no more than this.
const REFRESH_BYTES: u64 = 10_000;
const REFRESH_SECONDS: f64 = 2.0;

#[test]
fn the_day_works_at_384_kilobits_a_second() {
    let lab = lab();
    let day = Day::begin(&lab, 2);
    day.meter(&["install"]);
    day.meter(&["power-on"]);
    day.meter(&["refill", "900"]);
    let mail = day.mail(500);
    day.meter(&["run", &mail]);
    lab.limit(Rate::REQUIRED).unwrap();
    let refresh = day.measured(&["power-on"]);
    let refill = day.measured(&["refill", "100"]);
    let upload = day.measured(&["sleep"]);
    day.expect_reconciled();
    println!("at {} kbit/s each way       sent   received   seconds", Rate::REQUIRED.kbit);
    for (step, Cost { traffic, took }) in
        [("refresh, nothing new", &refresh), ("refill", &refill), ("upload of 500 pieces", &upload)]
    {
        println!(
            "{step:<24} {:>8}   {:>8}   {:>7.2}",
            traffic.out,
            traffic.into,
            took.as_secs_f64()
        );
    }
    assert!(refresh.traffic.total() <= REFRESH_BYTES, "a refresh with nothing new: {refresh:?}");
    assert!(
        refresh.took.as_secs_f64() <= REFRESH_SECONDS,
        "a refresh with nothing new: {refresh:?}"
    );
}
