//! What a trigger makes a machine do, as `timbre-meter` does it: its plan, its order, its rules of what goes on after a
//! refusal and what settles a refill. (`meter/src/meter/{tasks,refill,inspect,install,refresh,upload}.rs`)

use std::collections::VecDeque;

use timbre_meter::{Task, Trigger, plan, settles_refill, settles_withdrawal};
use timbre_postage::{Amount, Registers};
use timbre_protocol::transaction_upload::{Reason, Request as Upload, TransactionRecord};
use timbre_protocol::{
    Inspection, Installation, Refill, Signed, StartupRefresh, TransactionUpload, UNSIGNED,
    Withdrawal, refill, startup_refresh,
};
use timbre_psd::{Applied, State};

use super::{Machine, Trouble};
use crate::fact::{Fact, Movement};

/// So many records go at once; fewer than a real meter sends, so that a run sees uploads in parts.
const RECORDS_AT_ONCE: usize = 12;

impl Machine {
    /// Carries out what `trigger` asks for.
    pub(crate) async fn trigger(&self, trigger: Trigger) {
        let Some(snapshot) = self.snapshot() else { return };
        let mut tasks: VecDeque<Task> = plan(trigger, &snapshot).into();
        let mut seen: Vec<&'static str> = Vec::new();
        if !tasks.is_empty() {
            match self.waiting().await {
                // A device that leaves service heeds nothing more.
                Ok(_) if snapshot.state == State::WithdrawPending => {}
                Ok(waiting) => put_first(&mut tasks, &waiting),
                // Whoever is refused a sign-in hears it from each task.
                Err(trouble) if trouble.is_refusal() => {}
                Err(trouble) => {
                    return self.note(format!("{trigger:?} came to nothing: {trouble}"));
                }
            }
        }
        while let Some(task) = tasks.pop_front() {
            seen.push(task.as_str());
            let result = self.carry_out(task).await;
            if let Ok(wanted) = &result {
                for wanted in wanted {
                    let planned =
                        tasks.iter().map(|task| task.as_str()).chain(seen.iter().copied());
                    if !planned.into_iter().any(|other| other == wanted.as_str()) {
                        tasks.push_back(*wanted);
                    }
                }
            }
            if let Err(trouble) = result {
                self.note(format!("{} did not come about: {trouble}", task.as_str()));
                if !trouble.is_refusal() {
                    break;
                }
            }
        }
        if matches!(trigger, Trigger::Sleep | Trigger::PowerOff) {
            let _ = self.device(|device| device.settle());
        }
    }

    /// Adds to the funds because the operator asks for it.
    pub(crate) async fn refill_by_hand(&self, amount: Amount) {
        if let Err(trouble) = self.refill(amount).await {
            self.note(format!("the refill did not come about: {trouble}"));
        }
    }

    async fn carry_out(&self, task: Task) -> Result<Vec<Task>, Trouble> {
        match task {
            Task::Installation => self.install().await?,
            Task::StartupRefresh => return self.refresh().await,
            Task::ResumeRefill => self.resume_refill().await?,
            Task::Refill(amount) => self.refill(amount).await?,
            Task::Inspection => self.inspect().await?,
            Task::TransactionUpload(reason) => self.upload(reason).await?,
            Task::Withdrawal => self.withdraw().await?,
            // No machine here takes another's place.
            Task::Configuration => {}
        }
        Ok(Vec::new())
    }

    async fn install(&self) -> Result<(), Trouble> {
        let (now, nonce) = (self.clock.get(), self.nonce());
        let request = self.device(|device| device.installation_request(now, nonce))?;
        let reply = self.call::<Installation>(&request).await?;
        let now = self.clock.get();
        if self.device(|device| device.install(&reply, now))? == Applied::Now {
            let answers = reply.block.nonce == request.nonce;
            self.tell(Fact::Took { what: "an operational block", answers });
        }
        Ok(())
    }

    async fn refresh(&self) -> Result<Vec<Task>, Trouble> {
        let version = self.device(|device| Ok(device.block().map_or(0, |block| block.version)))?;
        let request = startup_refresh::Request {
            serial: self.serial,
            software: "timbre-meter/simulated".to_owned(),
            block_version: version,
            rate_tables: Vec::new(),
            replaces: None,
            settings: None,
        };
        let reply = self.call::<StartupRefresh>(&request).await?;
        let task = |task: &startup_refresh::Task| match task {
            startup_refresh::Task::RenewBlock => Task::Installation,
            startup_refresh::Task::Inspect => Task::Inspection,
            startup_refresh::Task::UploadTransactions => Task::TransactionUpload(Reason::OnDemand),
            startup_refresh::Task::FetchConfiguration => Task::Configuration,
        };
        Ok(reply.tasks.iter().map(task).collect())
    }

    /// Does what the provider has waiting before a request that the device signs.
    async fn heed_provider(&self) -> Result<(), Trouble> {
        for task in self.waiting().await? {
            match task {
                Task::Installation => self.install().await?,
                _ => self.be_inspected().await?,
            }
        }
        Ok(())
    }

    async fn refill(&self, amount: Amount) -> Result<(), Trouble> {
        self.heed_provider().await?;
        let pending =
            self.device(|device| Ok(device.pending_refill().map(|asked| asked.amount)))?;
        if pending.is_some_and(|pending| pending != amount) {
            self.resume_refill().await?;
        }
        let (now, nonce) = (self.clock.get(), self.nonce());
        let request = self.device(|device| device.refill_request(amount, now, nonce))?;
        self.send_refill(request).await
    }

    async fn resume_refill(&self) -> Result<(), Trouble> {
        let pending = self.device(|device| Ok(device.pending_refill().cloned()))?;
        let Some(pending) = pending else { return Ok(()) };
        self.heed_provider().await?;
        match self.send_refill(pending).await {
            Ok(()) => Ok(()),
            Err(error) => match self.device(|device| Ok(device.pending_refill().is_some()))? {
                true => Err(error),
                false => Ok(()),
            },
        }
    }

    async fn send_refill(&self, mut request: refill::Request) -> Result<(), Trouble> {
        let (sequence, amount) = (request.sequence, request.amount);
        let mut asked_before = false;
        let reply = loop {
            self.tell(Fact::Asked { sequence, amount });
            let error = match self.call::<Refill>(&request).await {
                Ok(reply) => break reply,
                Err(error) => error,
            };
            let Trouble::Refused(refusal) = &error else { return Err(error) };
            if settles_refill(&refusal.code) {
                let now = self.clock.get();
                self.device(|device| device.cancel_refill(sequence, now))?;
                self.note(format!("forgets refill {sequence}: {}", refusal.code));
            }
            match refusal.code.as_str() {
                _ if asked_before => return Err(error),
                "stale-block" => self.install().await?,
                "register-went-backwards" => {}
                _ => return Err(error),
            }
            asked_before = true;
            let (now, nonce) = (self.clock.get(), self.nonce());
            request = self.device(|device| device.refill_request(amount, now, nonce))?;
        };
        let now = self.clock.get();
        let movement = Movement::Refill { sequence, amount };
        let applied = self.moves(movement, |device| {
            let applied = device.apply_refill(&reply, now)?;
            Ok((applied, applied == Applied::Now))
        })?;
        if applied == Applied::Now {
            let answers = reply.nonce == request.nonce && reply.amount == amount;
            self.tell(Fact::Took { what: "a refill", answers });
        }
        Ok(())
    }

    async fn inspect(&self) -> Result<(), Trouble> {
        // An order that waits comes with the inspection that is asked for anyway.
        if self.waiting().await?.contains(&Task::Installation) {
            self.install().await?;
        }
        self.be_inspected().await
    }

    async fn be_inspected(&self) -> Result<(), Trouble> {
        let (now, nonce) = (self.clock.get(), self.nonce());
        let request = self.device(|device| device.inspection_request(now, nonce))?;
        let reply = match self.call::<Inspection>(&request).await {
            Ok(reply) => reply,
            Err(error) => {
                if matches!(error, Trouble::Refused(_)) {
                    let now = self.clock.get();
                    self.device(|device| device.cancel_inspection(request.sequence, now))?;
                }
                return Err(error);
            }
        };
        let now = self.clock.get();
        if self.device(|device| device.apply_inspection(&reply, now))? == Applied::Now {
            let answers = reply.nonce == request.nonce;
            self.tell(Fact::Took { what: "an inspection", answers });
            self.note(format!(
                "inspection {}: {:?}, next {}",
                reply.sequence, reply.instruction, reply.next_inspection
            ));
        }
        Ok(())
    }

    /// Gives back what is left and ends the service of this machine, or goes on with it.
    pub(crate) async fn withdraw_by_hand(&self) {
        if let Err(trouble) = self.withdraw().await {
            self.note(format!("the withdrawal did not come about: {trouble}"));
        }
    }

    async fn withdraw(&self) -> Result<(), Trouble> {
        if self.device(|device| Ok(device.withdrawal().is_none()))? {
            self.give_back().await?;
        }
        if let Err(trouble) = self.upload(Reason::OnDemand).await {
            self.note(format!("the record of the withdrawal waits: {trouble}"));
        }
        Ok(())
    }

    async fn give_back(&self) -> Result<(), Trouble> {
        if self.device(|device| Ok(device.pending_withdrawal().is_none()))? {
            // Whether a pending refill is booked is not known until it is settled.
            self.resume_refill().await?;
            self.upload(Reason::OnDemand).await?;
        }
        let (now, nonce) = (self.clock.get(), self.nonce());
        let request = self.device(|device| device.withdrawal_request(now, nonce))?;
        self.upload(Reason::OnDemand).await?;
        let reply = match self.call::<Withdrawal>(&request).await {
            Ok(reply) => reply,
            Err(error) => {
                if let Trouble::Refused(refusal) = &error
                    && settles_withdrawal(&refusal.code)
                {
                    let now = self.clock.get();
                    self.device(|device| device.cancel_withdrawal(request.sequence, now))?;
                }
                return Err(error);
            }
        };
        let (now, amount) = (self.clock.get(), request.registers.descending);
        self.moves(Movement::Withdrawal { amount }, |device| {
            let applied = device.apply_withdrawal(&reply, now)?;
            Ok((applied, applied == Applied::Now))
        })?;
        Ok(())
    }

    async fn upload(&self, reason: Reason) -> Result<(), Trouble> {
        self.device(|device| device.settle())?;
        loop {
            let acknowledged = self.inner.borrow().acknowledged;
            let records =
                self.device(|device| device.records_after(acknowledged, RECORDS_AT_ONCE))?;
            if records.is_empty() {
                return Ok(());
            }
            let request = self.upload_request(records, reason)?;
            let reply = self.call::<TransactionUpload>(&request).await?;
            let newest = self.device(|device| Ok(device.record_sequence()))?;
            if !(acknowledged + 1..=newest).contains(&reply.acknowledged) {
                return Err(Trouble::Breach("acknowledged".to_owned()));
            }
            self.inner.borrow_mut().acknowledged = reply.acknowledged;
            self.tell(Fact::Confirmed { record: reply.acknowledged });
        }
    }

    pub(super) fn upload_request(
        &self,
        records: Vec<TransactionRecord>,
        reason: Reason,
    ) -> Result<Upload, Trouble> {
        let missing = || Trouble::Fault("a record is missing".to_owned());
        let (first, last) = records.first().zip(records.last()).ok_or_else(missing)?;
        let registers = Registers {
            ascending: last.ascending,
            descending: last.descending,
            pieces: last.pieces,
        };
        let before = first.sequence - 1;
        let request = Upload {
            serial: self.serial,
            first: first.sequence,
            last: last.sequence,
            chain_before: self.device(|device| device.chain_at(before))?.ok_or_else(missing)?,
            records,
            registers,
            reason,
            time: self.clock.get(),
            signature: UNSIGNED,
        };
        request.sign(&*self.keys).map_err(|error| Trouble::Fault(error.to_string()))
    }
}

/// What the provider has waiting goes before what is planned: the rest is then asked for under the block in force.
fn put_first(tasks: &mut VecDeque<Task>, waiting: &[Task]) {
    for task in waiting.iter().rev() {
        tasks.retain(|planned| planned != task);
        tasks.push_front(*task);
    }
}
