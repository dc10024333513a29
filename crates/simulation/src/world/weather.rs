//! What nobody wills: how bad the line is, which clocks are off, which disks fail, whose power goes. Each run has weather of
//! its own, so that some are stormy in one thing and calm in the others.

use jiff::SignedDuration;

use super::{Event, World};
use crate::disk::DiskFault;
use crate::random::Random;
use crate::reference::Checked;

/// How often, in thousandths.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    pub(super) loss: u64,
    pub(super) doubles: u64,
    pub(super) late: u64,
    /// Of the infrastructure, at each request or commit.
    pub(super) crashes: u64,
    pub(super) bad_commits: u64,
    pub(super) disks: u64,
    pub(super) power: u64,
    pub(super) clocks: u64,
    pub(super) hostility: u64,
}

impl Weather {
    pub(super) fn of(random: &mut Random) -> Weather {
        let mut some = |most: &[u64]| *random.pick(most);
        Weather {
            loss: some(&[0, 50, 200, 300]),
            doubles: some(&[0, 0, 50, 200]),
            late: some(&[0, 0, 20, 100]),
            crashes: some(&[0, 0, 10, 60]),
            bad_commits: some(&[0, 0, 150, 350]),
            disks: some(&[0, 100, 300]),
            power: some(&[0, 100, 300]),
            clocks: some(&[0, 0, 300, 600]),
            hostility: some(&[0, 200, 700]),
        }
    }
}

impl World {
    pub(super) async fn weather_changes(&mut self) -> Checked {
        let pause = self.random.between(5 * 60_000, 5 * 3_600_000);
        self.later(pause, Event::Weather);
        let seat = self.random.index(self.seats.len());
        if self.random.chance(self.weather.power) {
            let after = u32::try_from(self.random.below(12)).unwrap_or(0);
            self.plan_fault(seat, DiskFault::PowerCut(after));
        } else if self.random.chance(self.weather.disks) {
            let after = u32::try_from(self.random.below(8)).unwrap_or(0);
            let fault = match self.random.below(3) {
                0 => DiskFault::WriteFails(after),
                1 => DiskFault::FlushFails(after),
                _ => DiskFault::Full,
            };
            self.plan_fault(seat, fault);
        }
        let seat = self.random.index(self.seats.len());
        if self.random.chance(self.weather.loss) {
            let minutes = self.random.between(1, 600);
            self.cut_line(seat, minutes);
        }
        if self.random.chance(self.weather.clocks) {
            let off = match self.random.below(3) {
                0 => self.random.between(-3 * 86_400, 3 * 86_400),
                _ => self.random.between(-900, 900),
            };
            self.set_clock(seat, off);
        } else if self.random.chance(300) {
            let off = self.random.between(-20, 20);
            self.set_clock(seat, off);
        }
        if self.random.chance(self.weather.clocks) {
            let off = self.random.between(-400, 400);
            self.services.skew = SignedDuration::from_secs(off);
            self.say("services", format_args!("the clock is off by {off} s"));
        }
        if self.services.up.is_some() && self.random.chance(self.weather.crashes) {
            self.say("services", "stop");
            self.go_down().await;
            let pause = self.random.between(1_000, 3_600_000);
            self.later(pause, Event::Restart);
        }
        Ok(())
    }

    fn plan_fault(&mut self, seat: usize, fault: DiskFault) {
        let disk = self.seats[seat].machine.disk();
        if disk.is_gone() {
            return;
        }
        disk.plan(Some(fault));
        let who = self.seats[seat].name.clone();
        self.say(&who, format_args!("its disk will fail: {fault:?}"));
    }

    pub(super) fn set_clock(&mut self, seat: usize, off: i64) {
        self.seats[seat].skew = SignedDuration::from_secs(off);
        let who = self.seats[seat].name.clone();
        self.say(&who, format_args!("its clock is off by {off} s"));
    }
}
