//! The postal security device as its users meet it: a life, its refusals, and what power cuts, damage
//! and full disks do to it. Each module is one kind of promise.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its case has failed")]
#![expect(clippy::inconsistent_digit_grouping, reason = "cents(100_00) reads as $100.00")]

mod contact;
mod crash;
mod damage;
mod debit;
mod disks;
mod fixture;
mod full_disk;
mod inspection;
mod installation;
mod life;
mod lifetime;
mod lying;
mod model;
mod power;
mod printing;
mod records;
mod refill;
mod renewal;
mod steps;
mod withdrawal;
