//! Every refusal, with its code and its words, and which comes first when several apply.

use timbre_postage::{Language, Piece, RateBook};

use crate::support::{SMALL, canada, piece, refusal, registered, sized, table, united_states};

fn metered() -> RateBook {
    RateBook::new(vec![table(SMALL)]).unwrap()
}

struct Case {
    book: RateBook,
    piece: Piece,
    date: &'static str,
    code: &'static str,
    english: &'static str,
    french: &'static str,
}

fn letter(weight: &str) -> Piece {
    piece("lettermail", "CA", weight)
}

/// In the order of precedence.
fn cases() -> Vec<Case> {
    let on = "2025-01-13";
    let sized_20g = |size| sized(letter("20g"), size);
    vec![
        Case {
            book: RateBook::default(),
            piece: letter("20g"),
            date: on,
            code: "no-rate-table",
            english: "no rate table is loaded: download the rates",
            french: "aucune table de tarifs n’est chargée : téléchargez les tarifs",
        },
        Case {
            book: metered(),
            piece: letter("20g"),
            date: "2026-01-11",
            code: "rates-not-yet-in-force",
            english: "no rate table is in force on 2026-01-11: the first, ca-metered-2026-01-12, starts on 2026-01-12",
            french: "aucune table de tarifs n’est en vigueur le 2026-01-11 : la première, ca-metered-2026-01-12, commence le 2026-01-12",
        },
        Case {
            book: metered(),
            piece: letter("20g"),
            date: "2027-01-01",
            code: "rates-expired",
            english: "no rate table is in force on 2027-01-01: ca-metered-2026-01-12 ended on 2026-12-31; download the rates",
            french: "aucune table de tarifs n’est en vigueur le 2027-01-01 : ca-metered-2026-01-12 a pris fin le 2026-12-31; téléchargez les tarifs",
        },
        Case {
            book: united_states(),
            piece: piece("first-class", "US", "1oz"),
            date: "2022-02-22",
            code: "rates-expired",
            english: "no rate table is in force on 2022-02-22: us-metered-2020-01-26 ended on 2021-01-23 and the next starts on 2023-01-22",
            french: "aucune table de tarifs n’est en vigueur le 2022-02-22 : us-metered-2020-01-26 a pris fin le 2021-01-23 et la suivante commence le 2023-01-22",
        },
        Case {
            book: united_states(),
            piece: piece("parcel", "US", "1oz"),
            date: "2025-07-13",
            code: "unknown-service",
            english: "there is no service “parcel” in table us-metered-2025-07-13: choose first-class or first-class-postcard",
            french: "le service « parcel » n’existe pas dans la table us-metered-2025-07-13 : choisissez first-class ou first-class-postcard",
        },
        Case {
            book: metered(),
            piece: piece("lettermail", "FR", "20g"),
            date: "2026-01-12",
            code: "no-price-to-destination",
            english: "no price for Lettermail to FR in table ca-metered-2026-01-12",
            french: "aucun prix pour Poste-lettres vers FR dans la table ca-metered-2026-01-12",
        },
        Case {
            book: canada(),
            piece: letter("512g"),
            date: on,
            code: "too-heavy",
            english: "too heavy for Lettermail: 512 g, and the most is 500 g",
            french: "trop lourd pour Poste-lettres : 512 g, et le maximum est de 500 g",
        },
        Case {
            book: united_states(),
            piece: piece("first-class", "US", "4oz"),
            date: "2025-07-13",
            code: "too-heavy",
            english: "too heavy for First-Class Mail: 4 oz, and the most is 3.5 oz",
            french: "trop lourd pour First-Class Mail : 4 oz, et le maximum est de 3,5 oz",
        },
        Case {
            book: canada(),
            piece: sized_20g("381.5x200x2mm"),
            date: on,
            code: "too-long",
            english: "too long for Lettermail: 381.5 mm, and the most is 380 mm",
            french: "trop long pour Poste-lettres : 381,5 mm, et le maximum est de 380 mm",
        },
        Case {
            book: canada(),
            piece: sized_20g("380x271x2mm"),
            date: on,
            code: "too-wide",
            english: "too wide for Lettermail: 271 mm, and the most is 270 mm",
            french: "trop large pour Poste-lettres : 271 mm, et le maximum est de 270 mm",
        },
        Case {
            book: canada(),
            piece: sized_20g("240x150x21mm"),
            date: on,
            code: "too-thick",
            english: "too thick for Lettermail: 21 mm, and the most is 20 mm",
            french: "trop épais pour Poste-lettres : 21 mm, et le maximum est de 20 mm",
        },
        Case {
            book: canada(),
            piece: sized_20g("139x90x1mm"),
            date: on,
            code: "too-short",
            english: "too short for Lettermail: 139 mm, and the least is 140 mm",
            french: "trop court pour Poste-lettres : 139 mm, et le minimum est de 140 mm",
        },
        Case {
            book: canada(),
            piece: sized_20g("140x89x1mm"),
            date: on,
            code: "too-narrow",
            english: "too narrow for Lettermail: 89 mm, and the least is 90 mm",
            french: "trop étroit pour Poste-lettres : 89 mm, et le minimum est de 90 mm",
        },
        Case {
            book: united_states(),
            piece: sized(piece("first-class", "US", "1oz"), "5x3.5x0.006in"),
            date: "2025-07-13",
            code: "too-thin",
            english: "too thin for First-Class Mail: 0.006 in, and the least is 0.007 in",
            french: "trop mince pour First-Class Mail : 0,006 po, et le minimum est de 0,007 po",
        },
        Case {
            book: RateBook::new(vec![table(&only_standard())]).unwrap(),
            piece: sized_20g("150x150x1mm"),
            date: "2026-01-12",
            code: "bad-proportions",
            english: "bad proportions for Lettermail: the length is 1 times the width, and it must be 1.3 to 2.6 times",
            french: "mauvaises proportions pour Poste-lettres : la longueur fait 1 fois la largeur, et elle doit en faire de 1,3 à 2,6 fois",
        },
        Case {
            book: canada(),
            piece: letter("40g"),
            date: "2014-03-31",
            code: "no-price-at-weight",
            english: "no price for Lettermail, standard, at 40 g to CA in table ca-retail-2014-03-31",
            french: "aucun prix pour Poste-lettres, standard, à 40 g vers CA dans la table ca-retail-2014-03-31",
        },
        Case {
            book: canada(),
            piece: registered(piece("lettermail", "FR", "20g")),
            date: on,
            code: "registered-not-offered",
            english: "registered mail is not offered for Lettermail to FR in table ca-retail-2025-01-13, only to Canada",
            french: "le courrier recommandé n’est pas offert pour Poste-lettres vers FR dans la table ca-retail-2025-01-13, seulement vers Canada",
        },
        Case {
            book: canada(),
            piece: registered(letter("20g")),
            date: "2019-01-14",
            code: "registered-not-offered",
            english: "registered mail is not offered for Lettermail to CA in table ca-retail-2019-01-14",
            french: "le courrier recommandé n’est pas offert pour Poste-lettres vers CA dans la table ca-retail-2019-01-14",
        },
    ]
}

/// The small table with its standard size alone, so that its proportions bound the service.
fn only_standard() -> String {
    let other = SMALL.find("[[service.size]]\nname = \"other\"").unwrap();
    let prices = SMALL.find("[[service.price]]").unwrap();
    let other_price = SMALL.rfind("[[service.price]]").unwrap();
    let registered = SMALL.find("[service.registered]").unwrap();
    [&SMALL[..other], &SMALL[prices..other_price], &SMALL[registered..]].concat()
}

#[test]
fn every_refusal_names_the_limit_in_both_languages() {
    for case in cases() {
        let refusal = refusal(&case.book, &case.piece, case.date);
        let plain = |language| refusal.message(language).replace('\u{a0}', " ");
        assert_eq!(refusal.code(), case.code);
        assert_eq!(plain(Language::English), case.english);
        assert_eq!(plain(Language::French), case.french);
        assert_eq!(refusal.to_string(), refusal.message(Language::English));
    }
}

#[test]
fn the_first_refusal_in_the_order_is_given_when_several_apply() {
    // Each piece has every fault of the one after it, and one more that comes first.
    let thin = sized(piece("lettermail", "CA", "20g"), "140x90x0.1mm");
    let narrow = sized(thin.clone(), "140x89x0.1mm");
    let short = sized(thin.clone(), "139x89x0.1mm");
    let thick_and_short = sized(thin.clone(), "139x89x21mm");
    let wide = sized(thin.clone(), "379x271x21mm");
    let long = sized(thin.clone(), "381x271x21mm");
    let heavy = Piece { weight: "501g".parse().unwrap(), ..long.clone() };
    let unserved = Piece { destination: "FR".parse().unwrap(), ..heavy.clone() };
    let unknown = Piece { service: "parcel".parse().unwrap(), ..unserved.clone() };
    for (piece, date, code) in [
        (registered(thin), "2019-01-14", "too-thin"),
        (registered(narrow), "2019-01-14", "too-narrow"),
        (registered(short), "2019-01-14", "too-short"),
        (registered(thick_and_short), "2019-01-14", "too-thick"),
        (registered(wide), "2019-01-14", "too-wide"),
        (registered(long), "2019-01-14", "too-long"),
        (registered(heavy), "2019-01-14", "too-heavy"),
        (registered(unserved), "2019-01-14", "no-price-to-destination"),
        (registered(unknown.clone()), "2019-01-14", "unknown-service"),
        (registered(unknown), "2012-12-31", "rates-not-yet-in-force"),
        (registered(letter("40g")), "2014-03-31", "no-price-at-weight"),
    ] {
        assert_eq!(refusal(&canada(), &piece, date).code(), code);
    }
}
