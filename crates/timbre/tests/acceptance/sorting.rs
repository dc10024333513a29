//! The postal operator's side: a machine gets a token, streams a thousand pieces, and each decision is the right one; a scan is
//! asked about by hand at the same service.

use std::io::Write as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use reqwest::Client;
use timbre_catalogue::Catalogue;
use timbre_indicium::{Mark, MarkData, MarkKind, RateTableTag};
use timbre_infrastructure::sorting::wire::{AnswerLine, Question};
use timbre_key_store::{KeyRole, KeyStore as _, MemoryKeys};
use timbre_meter::Enrolment;
use timbre_postage::{Amount, Currency, IndiciaNumber, MeterSerial, Registers};
use timbre_protocol::{
    Answer, Exchange, Installation, Refill, SignIn, Signed as _, UNSIGNED, installation,
    read_answer, refill, sign_in, write,
};
use tokio::runtime::Runtime;

use crate::site::{Serving, Site, tell, timbre};

/// An infrastructure that sorts, and a machine's token in a file.
struct Office {
    site: Site,
    runtime: Runtime,
    client: Client,
    token: PathBuf,
}

impl Office {
    fn open(mut site: Site) -> Office {
        let config = site.path("infrastructure.toml");
        site.serving.take().unwrap().stop();
        let mut file = std::fs::File::options().append(true).open(&config).unwrap();
        file.write_all(b"listen_sorting = \"127.0.0.1:0\"\n[sorting]\ndays_behind = 0\n").unwrap();
        site.serving = Some(Serving::start(&config, "127.0.0.1:0"));
        let token = site.path("facer-3.token");
        let added = site.staff(["sorter", "add", "facer 3", "--place", "Léo-Blanchette"]);
        std::fs::write(&token, added.expect_code(0).stdout).unwrap();
        let runtime = Runtime::new().unwrap();
        let client = client(&site);
        Office { site, runtime, client, token }
    }

    fn serving(&self) -> &Serving {
        self.site.serving.as_ref().unwrap()
    }

    /// Streams the questions as a machine does and reads the answers.
    fn ask(&self, questions: &[Question]) -> Vec<AnswerLine> {
        let mut lines = String::new();
        for question in questions {
            lines += &serde_json::to_string(question).unwrap();
            lines.push('\n');
        }
        let port = self.serving().sorting.rsplit_once(':').unwrap().1;
        let url = format!("https://sorting.timbre.localhost:{port}/verify");
        let token = std::fs::read_to_string(&self.token).unwrap();
        let text = self.runtime.block_on(async {
            let request = self.client.post(url).bearer_auth(token.trim()).body(lines);
            request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap()
        });
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn client(site: &Site) -> Client {
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = rustls::RootCertStore::empty();
    let ca = site.path("infrastructure/ca/ca.pem");
    roots.add(rustls::pki_types::CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut builder = Client::builder().no_proxy().tls_backend_preconfigured(tls);
    for service in ["distributor", "comet", "sorting"] {
        let host = format!("{service}.timbre.localhost");
        builder = builder.resolve(&host, ([127, 0, 0, 1], 0).into());
    }
    builder.build().unwrap()
}

/// A device that signs whatever it is told to, in service and refilled.
struct Device {
    serial: MeterSerial,
    keys: MemoryKeys,
    registers: Registers,
    token: String,
}

fn cad(mills: i64) -> Amount {
    Amount::from_mills(mills, Currency::Cad)
}

impl Device {
    fn in_service(office: &Office) -> Device {
        let mut device = Device {
            serial: MeterSerial::new(77).unwrap(),
            keys: MemoryKeys::generate(&KeyRole::DEVICE_SIDE).unwrap(),
            registers: Registers { ascending: cad(0), descending: cad(0), pieces: 0 },
            token: String::new(),
        };
        let enrolment = Enrolment {
            serial: device.serial,
            device_key: device.keys.public_key(KeyRole::Device).unwrap(),
            indicium_key: device.keys.public_key(KeyRole::Indicium).unwrap(),
        };
        let file = office.site.path("device.json");
        std::fs::write(&file, serde_json::to_string(&enrolment).unwrap()).unwrap();
        let (account, file) = (office.site.account.clone(), file.to_str().unwrap().to_owned());
        let enrol = ["meter", "enrol", "--customer", &account, "--postal-code", "J8X 3X7", &file];
        office.site.staff(enrol).expect_code(0);
        let request = sign_in::Request {
            serial: device.serial,
            time: Timestamp::now(),
            nonce: [1; 16],
            software: "acceptance 1".to_owned(),
            standing: None,
            block_version: None,
            signature: UNSIGNED,
        };
        device.token = device.send::<SignIn>(office, request.sign(&device.keys).unwrap()).token;
        let request = installation::Request {
            serial: device.serial,
            nonce: [2; 16],
            time: Timestamp::now(),
            device_key: enrolment.device_key,
            indicium_key: enrolment.indicium_key,
            renews: None,
            signature: UNSIGNED,
        };
        device.send::<Installation>(office, request.sign(&device.keys).unwrap());
        let request = refill::Request {
            serial: device.serial,
            sequence: 1,
            amount: cad(5_000_000),
            registers: device.registers,
            control_sum: cad(0),
            block_version: 1,
            time: Timestamp::now(),
            nonce: [3; 16],
            signature: UNSIGNED,
        };
        let reply = device.send::<Refill>(office, request.sign(&device.keys).unwrap());
        device.registers.descending = reply.amount;
        device
    }

    fn send<E: Exchange>(&self, office: &Office, request: E::Request) -> E::Reply {
        let mut target = Catalogue::timbre().get(&E::ENDPOINT).unwrap().target().clone();
        target.port = office.serving().address.rsplit_once(':').unwrap().1.parse().unwrap();
        let answer = office.runtime.block_on(async {
            let request = office
                .client
                .post(target.to_string())
                .header("Content-Type", "application/xml")
                .header("Authorization", format!("Timbre {}", self.token))
                .body(write(&request));
            request.send().await.unwrap().bytes().await.unwrap()
        });
        match read_answer(&answer).unwrap() {
            Answer::Reply(reply) => reply,
            Answer::Refused(refusal) => panic!("{}: {}", E::NAME, refusal.message_en),
        }
    }

    fn frank(&mut self, kind: MarkKind, mills: i64, date: Date) -> Mark {
        let registers = &mut self.registers;
        registers.pieces += 1;
        registers.ascending = registers.ascending.checked_add(cad(mills)).unwrap();
        registers.descending = registers.descending.checked_sub(cad(mills)).unwrap();
        let data = MarkData {
            kind,
            serial: self.serial,
            indicia_number: IndiciaNumber::new(self.serial.number()).unwrap(),
            pieces: registers.pieces,
            amount: cad(mills),
            date,
            ascending: registers.ascending,
            descending: registers.descending,
            product: 101,
            postal_code: "J8X 3X7".parse().unwrap(),
            weight_grams: 27,
            rate_table: RateTableTag::of("ca-retail-2025-01-13"),
            key_id: self.keys.public_key(KeyRole::Indicium).unwrap().key_id(),
        };
        Mark::sign(data, &self.keys).unwrap()
    }
}

fn question(scan: String, marks: &[&[u8]]) -> Question {
    let symbols = marks.iter().map(|payload| STANDARD.encode(payload)).collect();
    Question { scan, symbols, ..Question::default() }
}

#[test]
fn a_thousand_pieces_and_every_kind_of_bad_one_get_exactly_their_decisions() {
    let office = Office::open(Site::with_customer());
    let mut device = Device::in_service(&office);
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let tomorrow = today.tomorrow().unwrap();
    let (mut questions, mut expected) = (Vec::new(), Vec::new());
    let mut push = |marks: &[&[u8]], decision: &'static str| {
        questions.push(question(format!("f3-{}", questions.len()), marks));
        expected.push(decision);
        questions.len() - 1
    };
    // A day behind is too old here, so a redate of today puts yesterday's mark right.
    for number in 0..1000_u32 {
        let mark = device.frank(MarkKind::Postage, 1_440, today);
        push(&[mark.payload()], "accept");
        match number {
            100 | 300 => drop(push(&[mark.payload()], "duplicate")),
            200 | 400 => {
                let mut forged = *mark.payload();
                forged[40 + usize::try_from(number % 7).unwrap()] ^= 0x10;
                push(&[&forged], "counterfeit");
            }
            500 => drop(push(&[], "unreadable")),
            600 | 700 => {
                let old = device.frank(MarkKind::Postage, 1_440, today - 20.days());
                push(&[old.payload()], "counterfeit"); // its key was not in service then
            }
            800 => {
                let redate = device.frank(MarkKind::Redate, 0, today);
                push(&[redate.payload()], "short-paid");
                let early = device.frank(MarkKind::Postage, 1_440, tomorrow.tomorrow().unwrap());
                push(&[early.payload()], "short-paid");
                let late = device.frank(MarkKind::Postage, 1_440, today - 1.day());
                push(&[late.payload()], "short-paid");
                push(&[late.payload(), redate.payload()], "accept");
                push(&[late.payload(), redate.payload()], "duplicate");
            }
            _ => {}
        }
    }
    let light = push(&[device.frank(MarkKind::Postage, 1_440, today).payload()], "short-paid");
    questions[light].weight = Some("45g".to_owned());
    let answers = office.ask(&questions);
    assert_eq!(answers.len(), questions.len());
    for ((answer, question), decision) in answers.iter().zip(&questions).zip(&expected) {
        assert_eq!(answer.scan, question.scan);
        assert_eq!(answer.decision.as_deref(), Some(*decision), "{answer:?}");
    }
    assert_eq!(answers[light].due.as_deref(), Some("0.31"));
    // Another process, the same memory: a machine that asks all of it again gets the same answers …
    let mut office = office;
    let config = office.site.path("infrastructure.toml");
    assert!(office.site.serving.take().unwrap().stop().success());
    office.site.serving = Some(Serving::start(&config, "127.0.0.1:0"));
    let again = office.ask(&questions);
    let decision = |answer: &AnswerLine| answer.decision.clone();
    assert_eq!(
        again.iter().map(decision).collect::<Vec<_>>(),
        answers.iter().map(decision).collect::<Vec<_>>()
    );
    // … and another piece with one of these marks is a copy.
    let copy = Question { scan: "f3-x".to_owned(), ..questions[0].clone() };
    let copy = office.ask(&[copy]).remove(0);
    assert_eq!(copy.decision.as_deref(), Some("duplicate"));
    assert!(copy.findings[0].en.contains("(Léo-Blanchette, facer 3)"), "{copy:?}");
}

#[test]
fn a_scan_is_asked_about_at_the_service_and_a_revoked_machine_is_not_heard() {
    let office = Office::open(Site::ready("100"));
    let site = &office.site;
    let scan = site.path("mark.png");
    let mut frank = site.meter_command(["frank", "--weight", "20g", "--output"]);
    tell(frank.arg(&scan)).expect_code(0);
    let verify = || {
        let mut command = timbre();
        command.args(["mark", "verify", "--json", "--at", "https://sorting.timbre.localhost"]);
        command.args(["--connect", &office.serving().sorting]);
        command.arg("--ca").arg(site.path("infrastructure/ca/ca.pem"));
        command.arg("--token-file").arg(&office.token).arg(&scan);
        tell(&mut command)
    };
    let first = verify().expect_code(0).json();
    assert_eq!(first[0]["decision"], "accept");
    let copy = verify().expect_code(5).json();
    assert_eq!(copy[0]["findings"][0]["code"], "duplicate");
    site.staff(["sorter", "revoke", "facer 3"]).expect_code(0);
    let told = verify().expect_code(3);
    let said = told.stdout + &told.stderr;
    assert!(said.contains("unknown-sorter"), "{said}");
    let listed = site.staff(["sorter", "list", "--json"]).expect_code(0).json();
    assert_eq!(listed[0]["name"], "facer 3");
    assert!(listed[0]["revoked"].is_string());
}
