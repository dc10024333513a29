//! The infrastructure in the world: requests come in, wait for a commit together or have their own, and are answered; it
//! crashes before, in the middle of and after a commit, and starts again from what was committed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use timbre_infrastructure::Fate;
use timbre_infrastructure::in_process::{Commits, InProcess};
use timbre_postage::MeterSerial;

use super::network::Request;
use super::{Event, Underway, World};
use crate::reference::{Broken, Checked};

/// Where a crash comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Crash {
    BeforeTheCommit,
    AmidTheCommit,
    BeforeTheReply,
}

impl World {
    /// The time by the infrastructure's own clock, no finer than its store keeps it.
    pub(super) fn server_now(&self) -> Timestamp {
        self.now.saturating_add(self.services.skew).unwrap_or(self.now)
    }

    pub(super) async fn take_request(&mut self, request: Request) -> Checked {
        let now = self.server_now();
        let Some(services) = &self.services.up else {
            self.say("services", format_args!("are down; {} is lost", request.name));
            return Ok(());
        };
        let bearer = request.token.as_deref();
        let asked = services.ask(&request.endpoint, bearer, request.body.clone(), now);
        let exposes = self.must_be_found_out(&request).await?;
        let crash = self.crash();
        if self.services.commits == Commits::OneByOne {
            if crash == Some(Crash::BeforeTheCommit) {
                return self.crashes(Crash::BeforeTheCommit).await;
            }
            self.send_fates();
        }
        let underway = Underway { request, asked, exposes };
        let serials = touched([&underway]);
        let answered = self.advance(underway, crash.is_some()).await?;
        if self.services.commits == Commits::OneByOne {
            if let Some(services) = &self.services.up {
                services.fates().clear();
            }
            if crash.is_some() {
                self.crashes(Crash::BeforeTheReply).await?;
            }
            return self.audit(&serials).await;
        }
        if !answered && !self.services.commit_due {
            self.services.commit_due = true;
            let pause = self.random.between(1, 60);
            self.later(pause, Event::Commit);
        }
        Ok(())
    }

    /// Goes on with a request; whether it is over. `mute` is a server that crashes before it replies.
    async fn advance(&mut self, mut underway: Underway, mute: bool) -> Result<bool, Broken> {
        let Some(services) = &mut self.services.up else { return Ok(true) };
        if !services.advance(&mut underway.asked).await {
            self.services.underway.push(underway);
            return Ok(false);
        }
        let body = underway.asked.take().unwrap_or_default();
        let Request { name, call, serial, .. } = &underway.request;
        let told = describe(&body);
        self.trace.line(
            self.now,
            "services",
            format_args!("{name} of {serial} (call {call}): {told}"),
        );
        self.count("answered");
        if mute && self.services.commits == Commits::OneByOne {
            return Ok(true);
        }
        self.judge(&underway, &body).await?;
        self.reply(&underway.request, body);
        Ok(true)
    }

    /// The group that has queued up is committed, or is not.
    pub(super) async fn commit(&mut self) -> Checked {
        self.services.commit_due = false;
        let crash = self.crash();
        if crash == Some(Crash::BeforeTheCommit) {
            return self.crashes(Crash::BeforeTheCommit).await;
        }
        self.send_fates();
        let Some(services) = &mut self.services.up else { return Ok(()) };
        let group = services.waiting();
        if crash == Some(Crash::AmidTheCommit) {
            services.fates().clear();
            services.fates().add(Fate::Lost);
        }
        services.commit().await;
        services.fates().clear();
        self.say("services", format_args!("commit {group} together"));
        if let Some(crash) = crash {
            return self.crashes(crash).await;
        }
        self.finish_underway().await
    }

    /// Goes on with everything that waited for the commit.
    pub(super) async fn finish_underway(&mut self) -> Checked {
        let mut waiting = std::mem::take(&mut self.services.underway);
        let serials = touched(&waiting);
        while !waiting.is_empty() {
            let next = waiting.swap_remove(self.random.index(waiting.len()));
            self.advance(next, false).await?;
        }
        if !self.services.underway.is_empty() && !self.services.commit_due {
            self.services.commit_due = true;
            self.later(5, Event::Commit);
        }
        self.audit(&serials).await
    }

    fn crash(&mut self) -> Option<Crash> {
        let strikes = !self.quiet && self.random.chance(self.weather.crashes);
        let kinds = [Crash::BeforeTheCommit, Crash::AmidTheCommit, Crash::BeforeTheReply];
        strikes.then(|| *self.random.pick(&kinds))
    }

    /// Decides what becomes of the commits to come.
    pub(super) fn send_fates(&mut self) {
        if self.quiet || !self.random.chance(self.weather.bad_commits) {
            return;
        }
        let Some(services) = &self.services.up else { return };
        let count = self.random.between(1, 3);
        for _ in 0..count {
            let fate = *self.random.pick(&[Fate::Lost, Fate::Unknown, Fate::Conflict]);
            let fate = match (fate, self.services.commits) {
                (Fate::Conflict, Commits::InGroups) => Fate::Lost,
                (fate, _) => fate,
            };
            services.fates().add(fate);
            self.trace.line(self.now, "services", format_args!("a commit to come is {fate:?}"));
        }
    }

    async fn crashes(&mut self, crash: Crash) -> Checked {
        self.say(
            "services",
            format_args!("crash: {crash:?}, {} under way", self.services.underway.len()),
        );
        self.go_down().await;
        let pause = self.random.between(1_000, 600_000);
        self.later(pause, Event::Restart);
        Ok(())
    }

    pub(super) async fn go_down(&mut self) {
        self.count("server crashes");
        self.services.underway.clear();
        self.services.commit_due = false;
        if let Some(services) = self.services.up.take() {
            services.close().await;
        }
    }

    pub(super) async fn restart(&mut self) -> Checked {
        if self.services.up.is_some() {
            return Ok(());
        }
        let (url, keys) = (self.services.url.clone(), self.services.keys.clone());
        let opened = InProcess::open(&url, keys, self.services.commits).await;
        let opened = opened.map_err(|error| Broken {
            rule: "the-services-start-again",
            found: error.to_string(),
        })?;
        self.services.up = Some(opened);
        self.say("services", "start");
        self.audit_all().await
    }

    /// The meters whose requests are being worked on.
    pub(super) fn is_underway(&self, serial: MeterSerial) -> bool {
        self.services.underway.iter().any(|underway| underway.request.serial == serial)
    }
}

/// The meters of whom something may have been written that money depends on.
fn touched<'a>(underway: impl IntoIterator<Item = &'a Underway>) -> BTreeSet<MeterSerial> {
    let moves = |name| !matches!(name, "sign-in" | "startup-refresh");
    underway
        .into_iter()
        .filter(|underway| moves(underway.request.name))
        .map(|underway| underway.request.serial)
        .collect()
}

/// The name of an answer and, of a refusal, its code: what is the same in every run of a seed.
pub(super) fn describe(body: &[u8]) -> String {
    match timbre_protocol::read::<timbre_protocol::Refusal>(body) {
        Ok(refusal) => format!("refused, {}", refusal.code),
        Err(_) => "done".to_owned(),
    }
}

/// The code of a refusal, if that is what it is.
pub(super) fn refusal(body: &[u8]) -> Option<String> {
    timbre_protocol::read::<timbre_protocol::Refusal>(body).ok().map(|refusal| refusal.code)
}
