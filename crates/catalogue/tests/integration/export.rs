//! A catalogue as other programs get it.

use std::collections::BTreeSet;

use timbre_catalogue::export::{self, COLUMNS, Format};
use timbre_catalogue::{Catalogue, Group, read_printed_address};

fn german() -> Catalogue {
    Catalogue::open_shipped("connect-plus-sendpro-p-de").expect("it is shipped")
}

#[test]
fn json_reads_back_as_the_same_catalogue() {
    for (name, catalogue) in Catalogue::shipped() {
        let text = export::json(&catalogue);
        let again = Catalogue::read_json(name, &text).unwrap();
        assert_eq!(again, catalogue);
        assert_eq!(export::json(&again), text);
        assert_eq!(Catalogue::read_either(name, &format!("\n{text}")), Ok(catalogue));
    }
}

#[test]
fn the_json_form_is_stable() {
    insta::assert_snapshot!(export::json(&german()));
}

#[test]
fn the_csv_form_is_stable() {
    let catalogue = Catalogue::open_shipped("sendpro-c").unwrap();
    insta::assert_snapshot!(export::csv(&catalogue).replace('\r', "␍"));
}

#[test]
fn csv_holds_a_line_for_each_use_under_one_heading() {
    for (name, catalogue) in Catalogue::shipped() {
        let text = export::csv(&catalogue);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap(), &csv::StringRecord::from(COLUMNS.to_vec()));
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        let uses: Vec<_> = catalogue.endpoints().iter().flat_map(|row| &row.uses).collect();
        assert_eq!(records.len(), uses.len(), "{name}");
        for (record, target) in records.iter().zip(uses) {
            assert_eq!(record.get(12), Some(target.to_string().as_str()));
        }
        assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
    }
}

#[test]
fn quotes_commas_and_line_ends_survive_csv() {
    let odd = "a “b” \"c\", d\r\ne";
    let text = export::json(&german());
    let text = text.replacen("SUSE Linux-Proxy-Test", &serde_escaped(odd), 1);
    let catalogue = Catalogue::read_json("odd", &text).unwrap();
    let table = export::csv(&catalogue);
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    assert!(reader.records().any(|record| record.unwrap().get(3) == Some(odd)));
}

fn serde_escaped(text: &str) -> String {
    text.replace('"', "\\\"").replace('\r', "\\r").replace('\n', "\\n")
}

#[test]
fn the_list_of_hosts_is_stable() {
    insta::assert_snapshot!(export::hosts(&Catalogue::connect_plus_sendpro_p()));
}

#[test]
fn the_list_of_addresses_is_stable() {
    insta::assert_snapshot!(export::addresses(&Catalogue::connect_plus_sendpro_p()));
}

/// What a firewall subscribes to: nothing but lines it understands, and all of them (REQ NET-7).
#[test]
fn a_list_of_addresses_covers_every_published_address_once() {
    for (name, catalogue) in Catalogue::shipped() {
        let text = export::addresses(&catalogue);
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len(), "{name}");
        let covers = |line: &str, address: u32| {
            let (first, prefix) = line.split_once('/').unwrap_or((line, "32"));
            let shift = 32 - prefix.parse::<u32>().unwrap();
            let first = u32::from(read_printed_address(first).unwrap());
            u64::from(first) >> shift == u64::from(address) >> shift
        };
        for row in catalogue.endpoints() {
            for address in row.addresses().map(u32::from) {
                let covering = lines.iter().filter(|line| covers(line, address)).count();
                assert_eq!(covering, 1, "{name}: {}", row.id);
            }
        }
    }
}

#[test]
fn a_list_of_hosts_has_every_host_once_and_no_star_alone() {
    for (name, catalogue) in Catalogue::shipped() {
        let text = export::hosts(&catalogue);
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.is_sorted(), "{name}");
        let due: BTreeSet<_> = catalogue
            .endpoints()
            .iter()
            .flat_map(|row| &row.uses)
            .map(|target| target.host.to_string())
            .filter(|host| host != "*")
            .collect();
        assert_eq!(lines, due.iter().map(String::as_str).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn only_the_groups_that_are_asked_for_are_exported() {
    let required = BTreeSet::from([Group::Required]);
    let catalogue = Catalogue::connect_plus_sendpro_p().only(&required);
    let text = export::hosts(&catalogue);
    assert!(text.contains("\ndistservp1.pb.com\n"));
    for host in ["teamviewer", "google", "sendsuitetracking"] {
        assert!(!text.contains(host), "{host}");
    }
    assert_eq!(catalogue.blocks().len(), 3, "the blocks belong to no group");
}

#[test]
fn a_format_is_named_as_it_is_written() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
        let timbre = Catalogue::timbre();
        assert!(!format.write(&timbre).is_empty());
    }
    let unknown = "xml".parse::<Format>().unwrap_err().to_string();
    assert_eq!(unknown, "“xml” is not one of json, csv, hosts, addresses");
}
