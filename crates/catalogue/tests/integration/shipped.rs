//! Every catalogue that comes with the program: it reads, names itself, and says where it is from.

use timbre_catalogue::{Catalogue, Host, Setting};

#[test]
fn each_is_opened_by_its_name_which_is_its_id() {
    let names = Catalogue::shipped().map(|(name, catalogue)| {
        assert_eq!(catalogue.id(), name);
        assert_eq!(Catalogue::open_shipped(name), Some(catalogue));
        name
    });
    let expected = ["connect-plus-sendpro-p", "connect-plus-sendpro-p-de", "sendpro-c", "timbre"];
    assert_eq!(names, expected);
    assert_eq!(Catalogue::open_shipped("Timbre"), None);
    assert_eq!(Catalogue::open_shipped("timbre.toml"), None);
}

#[test]
fn a_document_of_a_public_page_names_the_page() {
    for name in ["connect-plus-sendpro-p-de", "sendpro-c"] {
        let catalogue = Catalogue::open_shipped(name).unwrap();
        let source = catalogue.source().unwrap();
        assert!(source.starts_with("https://www.pitneybowes.com/de/support/artikel/"), "{source}");
        assert_eq!(catalogue.regions(), ["DE"]);
        // What could not be read of the page is missing: the title must say so.
        assert!(catalogue.title().en.ends_with("(excerpt)"));
        assert!(catalogue.title().fr.ends_with("(extrait)"));
    }
}

/// Neither document was read to its end; what it prints is used, letter for letter.
#[test]
fn an_excerpt_uses_what_it_prints_and_nothing_else() {
    for name in ["connect-plus-sendpro-p-de", "sendpro-c"] {
        for row in Catalogue::open_shipped(name).unwrap().endpoints() {
            for target in &row.uses {
                let bare = target.to_string();
                let bare = bare.strip_suffix('/').unwrap_or(&bare);
                let printed = |url: &String| *url == bare || bare.ends_with(&format!("//{url}"));
                assert!(row.printed.urls.iter().any(printed), "{}: {target}", row.id);
            }
            assert_eq!(row.uses.len(), row.printed.urls.len(), "{}", row.id);
        }
    }
}

#[test]
fn the_german_edition_offers_more_blocks_than_the_canadian_one() {
    let german = Catalogue::open_shipped("connect-plus-sendpro-p-de").unwrap();
    for block in Catalogue::connect_plus_sendpro_p().blocks() {
        assert!(german.blocks().iter().any(|b| (b.first, b.last) == (block.first, block.last)));
    }
    for address in ["31.193.129.122", "104.91.38.137", "193.242.224.135", "193.242.234.255"] {
        assert!(german.blocks().iter().any(|b| b.contains(address.parse().unwrap())), "{address}");
    }
}

#[test]
fn what_is_on_by_default_is_allowed() {
    for (_, catalogue) in Catalogue::shipped() {
        for row in catalogue.endpoints().iter().filter(|row| row.default == Setting::On) {
            for target in &row.uses {
                if let Host::Name(name) = &target.host {
                    assert!(catalogue.allows(name, target.port), "{}: {target}", row.id);
                }
            }
        }
    }
}
