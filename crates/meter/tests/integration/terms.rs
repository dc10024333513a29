//! A newer operational block and an order to stop reach the meter at its next contact, whatever that is for, and need
//! nobody at the machine (SOR/2010-220, s. 9, 11; REQ FUNDS-4).

use timbre_meter::{Franking, Meter, Outcome, Task, Trigger};
use timbre_postage::Language;
use timbre_protocol::inspection::{Instruction, SuspensionCause};

use crate::provider::Instead;
use crate::stage::{Stage, cad, letter, wait};

fn postal_code(meter: &Meter) -> String {
    meter.status().unwrap().postal_code.unwrap().to_string()
}

/// The customer has moved.
fn relocate(stage: &Stage, version: u32) {
    let mut books = stage.provider.books();
    books.block_version = Some(version);
    books.postal_code = "K1A 0B1";
}

#[test]
fn a_refill_is_preceded_by_the_newer_block_that_the_sign_in_tells_of() {
    let stage = Stage::new();
    drop(stage.ready(100));
    relocate(&stage, 2);
    let mut meter = stage.open().unwrap();
    wait(meter.refill(cad(50))).unwrap();
    assert_eq!(postal_code(&meter), "K1A 0B1");
    assert_eq!(meter.funds().available, cad(150));
    let asked = stage.provider.books().asked.clone();
    let refused = ["/distributor/v1/sign-in", "/comet/v1/installation", "/comet/v1/refill"];
    assert_eq!(asked[asked.len() - 3..], refused, "and nothing was refused on the way");
}

#[test]
fn a_refill_that_is_refused_for_its_old_block_leads_to_the_new_one_and_to_the_refill() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    // The meter is signed in: it hears of the move from the refusal alone.
    relocate(&stage, 2);
    let receipt = wait(meter.refill(cad(50))).unwrap();
    assert_eq!((receipt.amount, receipt.sequence), (cad(50), 2));
    assert_eq!(postal_code(&meter), "K1A 0B1");
    assert!(meter.status().unwrap().pending_refill.is_none());
}

#[test]
fn a_refill_whose_reply_was_lost_under_the_old_block_is_not_made_twice() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    stage.provider.next("/comet/v1/refill", Instead::LoseReply);
    wait(meter.refill(cad(50))).unwrap_err();
    drop(meter);
    relocate(&stage, 2);
    let mut meter = stage.open().unwrap();
    wait(meter.resume_refill()).unwrap().unwrap();
    assert_eq!(meter.funds().available, cad(150));
    assert_eq!(stage.provider.books().refills.len(), 2);
}

#[test]
fn a_refill_that_was_never_booked_under_the_old_block_is_made_under_the_new_one() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    stage.provider.next("/comet/v1/refill", Instead::Refuse("unavailable"));
    wait(meter.refill(cad(50))).unwrap_err();
    assert_eq!(meter.status().unwrap().pending_refill, Some(cad(50)));
    relocate(&stage, 2);
    let receipt = wait(meter.resume_refill()).unwrap().unwrap();
    assert_eq!((receipt.amount, receipt.available), (cad(50), cad(150)));
}

#[test]
fn an_infrastructure_that_never_gives_the_block_it_asks_for_is_not_asked_for_ever() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    relocate(&stage, 2);
    for _ in 0..2 {
        stage.provider.next("/comet/v1/refill", Instead::Refuse("stale-block"));
    }
    let error = wait(meter.refill(cad(50))).unwrap_err();
    assert_eq!(error.code(), "stale-block");
    assert!(meter.status().unwrap().pending_refill.is_none(), "it is over, and can be asked again");
}

#[test]
fn at_power_on_the_newer_block_comes_first_and_is_told() {
    let stage = Stage::new();
    drop(stage.ready(100));
    relocate(&stage, 2);
    let mut meter = stage.open().unwrap();
    let reports = wait(meter.power_on());
    assert_eq!(reports[0].task, Task::Installation);
    assert!(matches!(&reports[0].result, Ok(Outcome::Installed(block)) if block.version == 2));
    let told = reports[0].describe(Language::English);
    assert!(told.contains("posting at K1A 0B1"), "{told}");
}

#[test]
fn an_upload_brings_the_newer_block_too_and_what_was_franked_before_keeps_its_place() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    let before = meter.frank(&letter(30), &Franking::default(), None).unwrap();
    drop(meter);
    relocate(&stage, 2);
    let mut meter = stage.open().unwrap();
    for report in wait(meter.trigger(Trigger::PostalInformation)) {
        report.result.unwrap();
    }
    assert_eq!(postal_code(&meter), "K1A 0B1");
    let after = meter.frank(&letter(30), &Franking::default(), None).unwrap();
    let posted = |franked: &timbre_meter::Franked| {
        let picture = std::fs::read(&franked.file).unwrap();
        timbre_indicium::scan::read_image(&picture).unwrap()[0].data().postal_code.to_string()
    };
    assert_eq!((posted(&before), posted(&after)), ("J8X 3X7".to_owned(), "K1A 0B1".to_owned()));
}

#[test]
fn an_order_to_stop_is_fetched_before_a_refill_and_tells_why_and_what_to_do() {
    let stage = Stage::new();
    drop(stage.ready(100));
    {
        let mut books = stage.provider.books();
        books.order_waits = Some(true);
        books.instruction = Instruction::Suspend;
        books.cause = Some(SuspensionCause::Stolen);
    }
    let mut meter = stage.open().unwrap();
    let error = wait(meter.refill(cad(50))).unwrap_err();
    assert_eq!(error.code(), "suspended");
    let (fr, en) = (error.message(Language::French), error.message(Language::English));
    assert!(en.contains("reported stolen") && en.contains("call the provider"), "{en}");
    assert!(fr.contains("déclarée volée") && fr.contains("appelez le fournisseur"), "{fr}");
    assert_eq!(meter.status().unwrap().suspension.unwrap().code, "suspended");
    assert!(
        !stage
            .provider
            .books()
            .asked
            .iter()
            .skip_while(|path| !path.ends_with("inspection"))
            .any(|path| path.ends_with("refill"))
    );
}

#[test]
fn a_suspension_that_was_lifted_ends_at_the_next_refill_by_itself() {
    let stage = Stage::new();
    let mut meter = stage.ready(100);
    stage.provider.books().instruction = Instruction::Suspend;
    assert!(wait(meter.inspect()).unwrap().suspended);
    drop(meter);
    {
        let mut books = stage.provider.books();
        books.order_waits = Some(true);
        books.instruction = Instruction::Continue;
    }
    let mut meter = stage.open().unwrap();
    wait(meter.refill(cad(50))).unwrap();
    assert_eq!(meter.status().unwrap().state, "operational");
}
