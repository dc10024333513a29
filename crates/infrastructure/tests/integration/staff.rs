//! The staff's desk: customers, deposits, meters, marks, and what is refused.

use timbre_infrastructure::staff::NewMeter;
use timbre_infrastructure::{MeterLimits, Staff};
use timbre_key_store::KeyRole;
use timbre_postage::{AccountNumber, Amount, Currency, Language};
use timbre_protocol::installation::InspectionPolicy;

use crate::support::{Device, World, cad, on_both};

on_both!(
    a_deposit_is_booked_once_by_its_reference,
    customers_get_numbers_in_order,
    a_locked_account_pays_for_nothing_and_takes_deposits,
    what_does_not_exist_is_refused_by_name_in_both_languages,
    a_meter_is_enrolled_once_and_in_the_currency_of_its_customer,
    another_process_works_on_the_same_store,
);

async fn a_deposit_is_booked_once_by_its_reference(world: World) {
    let account = world.customer.account;
    let deposit =
        |amount: &str| world.staff.deposit(account, cad(amount), "cheque-1001".parse().unwrap());
    assert!(!deposit("250").await.unwrap().booked_before);
    let again = deposit("250").await.unwrap();
    assert!(again.booked_before);
    assert_eq!(again.customer.prepaid, cad("250"));
    assert_eq!(deposit("300").await.unwrap_err().code(), "reference-reused");
    let usd = Amount::parse("5", Currency::Usd).unwrap();
    let error =
        world.staff.deposit(account, usd, "cheque-1002".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.code(), "wrong-currency");
}

async fn customers_get_numbers_in_order(world: World) {
    let numbers: Vec<_> =
        world.staff.customers().await.unwrap().iter().map(|c| c.account).collect();
    assert_eq!(numbers, [AccountNumber::new(10_000_001).unwrap()]);
}

async fn a_locked_account_pays_for_nothing_and_takes_deposits(world: World) {
    world.deposit("100").await;
    let device = world.installed(42).await;
    let account = world.customer.account;
    world.staff.set_locked(account, true).await.unwrap();
    let sent = world.send::<timbre_protocol::Refill>(&device, &device.refill("50")).await;
    assert_eq!(sent.refused(), (422, "account-locked".to_owned()));
    world.deposit("7").await;
    let customer = world.staff.set_locked(account, false).await.unwrap();
    assert_eq!(customer.prepaid, cad("107"));
}

async fn what_does_not_exist_is_refused_by_name_in_both_languages(world: World) {
    let nobody = AccountNumber::new(99_999_999).unwrap();
    let error = world.staff.deposit(nobody, cad("1"), "x".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.message(Language::English), "there is no customer 99999999");
    assert_eq!(error.message(Language::French), "il n’y a pas de client 99999999");
    let unknown = Device::new(7).serial;
    assert_eq!(world.staff.reconcile(unknown).await.unwrap_err().code(), "unknown-meter");
    assert_eq!(world.staff.suspend(unknown, "x").await.unwrap_err().code(), "unknown-meter");
    assert!(world.staff.known_meter(unknown).await.unwrap().is_none());
}

async fn a_meter_is_enrolled_once_and_in_the_currency_of_its_customer(world: World) {
    let device = Device::new(42);
    let meter = |currency| NewMeter {
        customer: world.customer.account,
        serial: device.serial,
        device_key: device.key(KeyRole::Device),
        indicium_key: None,
        postal_code: "T2P 1J9".parse().unwrap(),
        limits: MeterLimits::usual(currency),
        policy: InspectionPolicy { interval_days: 28, warn_days: 7, grace_days: 7 },
    };
    let error = world.staff.enrol_meter(meter(Currency::Usd)).await.unwrap_err();
    assert_eq!(error.code(), "wrong-currency");
    world.staff.enrol_meter(meter(Currency::Cad)).await.unwrap();
    let error = world.staff.enrol_meter(meter(Currency::Cad)).await.unwrap_err();
    assert_eq!(error.to_string(), "meter TM0000042 is enrolled already");
    let error = world.staff.resume(device.serial, "x").await.unwrap_err();
    assert_eq!(error.to_string(), "meter TM0000042 is enrolled");
    assert_eq!(world.staff.meters().await.unwrap().len(), 1);
}

async fn another_process_works_on_the_same_store(world: World) {
    let desk = Staff::open(&world.config, "Alice").await.unwrap();
    desk.deposit(world.customer.account, cad("42"), "desk-1".parse().unwrap()).await.unwrap();
    let customer = world.staff.customer(world.customer.account).await.unwrap();
    assert_eq!(customer.prepaid, cad("42"));
    let log = desk.audit_log(Some("account 10000001")).await.unwrap();
    let who: Vec<_> = log.iter().map(|line| (line.who.as_str(), line.what.as_str())).collect();
    assert_eq!(who, [("scenario", "created"), ("Alice", "deposit")]);
    desk.close().await;
}
