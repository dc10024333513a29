//! Downloads (REQ DL-1, DL-2, DL-5): what is new, and rate tables that verify.

use timbre_postage::rates;
use timbre_protocol::startup_refresh::{self, Task};
use timbre_protocol::{Installation, RateDownload, StartupRefresh, rate_download};

use crate::support::{Device, World, on_both};

on_both!(
    a_meter_learns_which_tables_it_lacks_and_fetches_them_signed,
    a_table_that_is_not_published_is_refused_by_name,
    a_name_is_published_with_one_text_only,
    a_table_with_a_mistake_is_not_published,
);

fn shipped(prefix: &str) -> impl Iterator<Item = &'static str> {
    rates::shipped().iter().filter(move |(name, _)| name.starts_with(prefix)).map(|(_, text)| *text)
}

fn refresh(device: &Device) -> startup_refresh::Request {
    startup_refresh::Request {
        serial: device.serial,
        software: "scenario 1.0".to_owned(),
        block_version: 0,
        rate_tables: Vec::new(),
        replaces: None,
        settings: None,
    }
}

async fn a_meter_learns_which_tables_it_lacks_and_fetches_them_signed(world: World) {
    for text in shipped("ca-").chain(shipped("us-")) {
        world.staff.publish_rates(text).await.unwrap();
    }
    let device = world.installed(42).await;
    let block = world.send::<Installation>(&device, &device.installation()).await.reply().block;
    let mut request = refresh(&device);
    let reply = world.send::<StartupRefresh>(&device, &request).await.reply();
    assert_eq!(reply.tasks, [Task::RenewBlock], "the meter says that it has no block");
    assert!(!reply.rate_tables.is_empty());
    assert!(reply.rate_tables.iter().all(|table| table.name.starts_with("ca-")));
    let rates = reply.services.iter().find(|service| service.name == "downloads.rates").unwrap();
    assert!(rates.changed);
    let names = reply.rate_tables.iter().map(|table| table.name.clone()).collect();
    let download = rate_download::Request { serial: device.serial, names };
    let tables = world.send::<RateDownload>(&device, &download).await.reply().tables;
    for (table, version) in tables.iter().zip(&reply.rate_tables) {
        let text = table.verified_text(&block.rates_key).unwrap();
        assert_eq!(table.name, version.name);
        assert!(shipped("ca-").any(|published| published == text));
    }
    request.rate_tables = reply.rate_tables;
    request.block_version = 1;
    let reply = world.send::<StartupRefresh>(&device, &request).await.reply();
    assert!(reply.tasks.is_empty());
    assert!(reply.services.iter().all(|service| !service.changed));
}

async fn a_table_that_is_not_published_is_refused_by_name(world: World) {
    let device = world.installed(42).await;
    let names = vec!["ca-1999-01-01".to_owned()];
    let request = rate_download::Request { serial: device.serial, names };
    let sent = world.send::<RateDownload>(&device, &request).await;
    assert!(sent.text.contains("ca-1999-01-01"));
    assert_eq!(sent.refused(), (404, "unknown-table".to_owned()));
}

async fn a_name_is_published_with_one_text_only(world: World) {
    let text = shipped("ca-").last().unwrap();
    let first = world.staff.publish_rates(text).await.unwrap();
    let again = world.staff.publish_rates(text).await.unwrap();
    assert_eq!(first, again);
    let error = world.staff.publish_rates(&format!("{text}\n# a remark\n")).await.unwrap_err();
    assert_eq!(error.code(), "table-published");
    assert_eq!(world.staff.rates().await.unwrap().len(), 1);
}

async fn a_table_with_a_mistake_is_not_published(world: World) {
    let error = world.staff.publish_rates("id = \"ca-2027\"\n").await.unwrap_err();
    assert_eq!(error.code(), "rate-table");
    assert!(world.staff.rates().await.unwrap().is_empty());
}
