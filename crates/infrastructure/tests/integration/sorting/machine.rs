//! A sorting machine at work, and a device that franks what it is told to.

use std::cell::Cell;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use timbre_indicium::{Mark, MarkData, MarkKind, RateTableTag};
use timbre_infrastructure::sorting::wire::{AnswerLine, Question};
use timbre_infrastructure::staff::NewSorter;
use timbre_key_store::KeyRole;
use timbre_postage::IndiciaNumber;

use crate::support::{Device, World, cad};

/// A machine at work.
pub(super) struct Machine<'a> {
    pub(super) world: &'a World,
    pub(super) token: String,
    pub(super) scans: Cell<u32>,
}

impl World {
    pub(super) async fn machine(&self, name: &str) -> Machine<'_> {
        let new = NewSorter {
            name: name.to_owned(),
            place: "Léo-Blanchette".to_owned(),
            area: vec!["T2".to_owned()],
        };
        let token = self.staff.add_sorter(new).await.expect("a machine").token;
        Machine { world: self, token, scans: Cell::new(0) }
    }

    /// A device with funds that was enrolled a while ago.
    pub(super) async fn franker(&self, serial: u32) -> Device {
        self.deposit("500").await;
        let mut device = Device::new(serial);
        let long_ago = Timestamp::now() - SignedDuration::from_hours(24 * 40);
        let meter = self.new_meter(&device);
        self.staff.clone().at(long_ago).enrol_meter(meter).await.expect("a meter");
        self.sign_in(&mut device).await;
        self.install(&mut device).await;
        self.refill(&mut device, "100").await;
        device
    }
}

impl Machine<'_> {
    pub(super) async fn post(&self, body: String) -> (u16, String) {
        let port = self.world.running.sorting_addr.expect("it sorts").port();
        let url = format!("https://sorting.timbre.localhost:{port}/verify");
        let request = self.world.client.post(url).bearer_auth(&self.token).body(body);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a whole answer"))
    }

    pub(super) async fn ask(&self, questions: &[Question]) -> Vec<AnswerLine> {
        let lines: Vec<String> =
            questions.iter().map(|question| serde_json::to_string(question).unwrap()).collect();
        let (status, text) = self.post(lines.join("\n")).await;
        assert_eq!(status, 200, "{text}");
        text.lines().map(|line| serde_json::from_str(line).expect("a line")).collect()
    }

    /// A question with a number of its own.
    pub(super) fn question(&self, marks: &[&Mark]) -> Question {
        use base64::Engine as _;
        let encode =
            |mark: &&Mark| base64::engine::general_purpose::STANDARD.encode(mark.payload());
        self.scans.set(self.scans.get() + 1);
        let scan = format!("scan-{}", self.scans.get());
        Question { scan, symbols: marks.iter().map(encode).collect(), ..Question::default() }
    }

    /// Publishes the rates and waits until the service has them. `late` is a mark that is never accepted.
    pub(super) async fn learn_rates(&self, late: &Mark) {
        for (_, text) in timbre_postage::rates::shipped() {
            self.world.staff.publish_rates(text).await.expect("a table");
        }
        let asked = std::time::Instant::now();
        loop {
            let weighed = Question { weight: Some("45g".to_owned()), ..self.question(&[late]) };
            if codes(&self.ask(&[weighed]).await[0]).contains(&"postage-short") {
                return;
            }
            assert!(asked.elapsed().as_secs() < 2, "the rates are known within two seconds");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    pub(super) async fn one(&self, marks: &[&Mark]) -> AnswerLine {
        self.ask(&[self.question(marks)]).await.remove(0)
    }
}

pub(super) fn codes(answer: &AnswerLine) -> Vec<&str> {
    answer.findings.iter().map(|finding| finding.code.as_str()).collect()
}

#[track_caller]
pub(super) fn assert_decided(answer: &AnswerLine, decision: &str, expected: &[&str]) {
    assert_eq!(answer.decision.as_deref(), Some(decision), "{answer:?}");
    assert_eq!(codes(answer), expected);
}

pub(super) fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

/// The next mark of a device, of whatever sort.
pub(super) fn franked(device: &mut Device, kind: MarkKind, amount: &str, day: Date) -> Mark {
    device.frank(1, amount);
    marked(device, kind, amount, day)
}

/// A mark of the registers as they stand.
pub(super) fn marked(device: &Device, kind: MarkKind, amount: &str, day: Date) -> Mark {
    let data = MarkData {
        kind,
        serial: device.serial,
        indicia_number: IndiciaNumber::new(device.serial.number()).unwrap(),
        pieces: device.registers.pieces,
        amount: cad(amount),
        date: day,
        ascending: device.registers.ascending,
        descending: device.registers.descending,
        product: 101,
        postal_code: "T2P 1J9".parse().unwrap(),
        weight_grams: 27,
        rate_table: RateTableTag::of("ca-retail-2025-01-13"),
        key_id: device.key(KeyRole::Indicium).key_id(),
    };
    Mark::sign(data, &device.keys).unwrap()
}

pub(super) fn letter(device: &mut Device) -> Mark {
    franked(device, MarkKind::Postage, "1.44", today())
}
