//! Files as people write them, and exactly where each bad one is said to be wrong.

use std::path::Path;

use timbre_postage::{Country, Weight};

use super::*;

fn open(bytes: &[u8]) -> Result<Table<'_>, FileError> {
    Table::open(Path::new("mail.csv"), bytes, Defaults::default())
}

/// Each row as its line and either its request or the column and code of what is wrong.
fn rows(bytes: &[u8]) -> Vec<(u64, Result<PieceRequest, String>)> {
    let table = open(bytes).unwrap();
    let told = |(place, reason): Wrong| match place {
        Where::Column(column) => format!("{column}: {}", reason.code),
        Where::Row => reason.code,
    };
    table.rows().map(|row| (row.line, row.request.map_err(told))).collect()
}

fn only(bytes: &[u8]) -> PieceRequest {
    let [(_, request)] = <[_; 1]>::try_from(rows(bytes)).unwrap();
    request.unwrap()
}

#[test]
fn a_row_of_all_columns_is_a_piece() {
    let request = only(
        b"weight,size,destination,class,account,reference,registered\n\
          42g,245x156x5,US,lettermail,Sales,Order 118,yes\n",
    );
    assert_eq!(request.piece.weight, Weight::from_grams(42));
    assert_eq!(request.piece.destination, Country::UNITED_STATES);
    assert_eq!(request.piece.service.as_str(), "lettermail");
    assert_eq!(request.piece.dimensions.unwrap().to_string(), "245 × 156 × 5 mm");
    assert!(request.piece.registered);
    assert_eq!(request.account.as_deref(), Some("Sales"));
    assert_eq!(request.reference.as_deref(), Some("Order 118"));
}

#[test]
fn the_same_piece_is_read_however_the_file_is_written() {
    let plain = only(b"weight,destination,class,account\n42,CA,lettermail,Ventes\n");
    let written: [&[u8]; 11] = [
        b"class,account,weight,destination\nlettermail,Ventes,42g,CA\n",
        b"\xEF\xBB\xBFweight,destination,class,account\n42,CA,lettermail,Ventes\n",
        b"weight,destination,class,account\r\n42,CA,lettermail,Ventes\r\n",
        b"weight,destination,class,account\n42,CA,lettermail,Ventes",
        b"weight;destination;class;account\n42;CA;lettermail;Ventes\n",
        b"weight\tdestination\tclass\taccount\n42\tCA\tlettermail\tVentes\n",
        "Poids (g);Pays;Catégorie;Centre de coûts\n42;ca;lettermail;Ventes\n".as_bytes(),
        b"POIDS,To,Service,COST-CENTER\n 42 , CA ,lettermail, Ventes \n",
        b"weight_oz,poste,destination,class,account\n42g,ignored,CA,lettermail,Ventes\n",
        b"\"weight\",\"destination\",\"class\",\"account\"\n\"42\",\"CA\",\"lettermail\",\"Ventes\"\n",
        b"weight,destination,class,account,\n42,CA,lettermail,Ventes,\n,,,,\n",
    ];
    for bytes in written {
        assert_eq!(only(bytes), plain, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_unit_in_the_header_counts_for_cells_without_one() {
    let of = |header: &str, cell: &str| {
        only(format!("{header},destination,class\n{cell},CA,lettermail\n").as_bytes()).piece.weight
    };
    let ounce: Weight = "1oz".parse().unwrap();
    assert_eq!(of("weight (oz)", "1"), ounce);
    assert_eq!(of("poids_kg", "0.042"), Weight::from_grams(42));
    assert_eq!(of("weight_kg", "42g"), Weight::from_grams(42));
}

#[test]
fn a_bad_cell_says_its_line_its_column_and_what_is_wrong() {
    let table: [(&[u8], &str); 12] = [
        (b"heavy,CA,lettermail,,,", "Weight: not-a-weight"),
        (b"0,CA,lettermail,,,", "Weight: not-a-weight"),
        (b",CA,lettermail,,,", "Weight: cell-empty"),
        (b"42,Canada,lettermail,,,", "destination: not-a-country"),
        (b"42,,lettermail,,,", "destination: cell-empty"),
        (b"42,CA,First Class!,,,", "class: not-a-class"),
        (b"42,CA,,,,", "class: cell-empty"),
        (b"42,CA,lettermail,big,,", "size: not-a-size"),
        (b"42,CA,lettermail,,,maybe", "registered: not-yes-or-no"),
        (b"42,CA,lettermail,,R\xE9f,", "reference: not-utf-8"),
        (b"42,CA,lettermail,,\"two\nlines\",", "reference: control-character"),
        (b"42,CA,lettermail,,,,,", "too-many-cells"),
    ];
    for (row, wrong) in table {
        let mut file =
            b"Weight,destination,class,size,reference,registered\n\n1,CA,x,,,\n".to_vec();
        file.extend(row);
        file.extend(b"\n30,CA,lettermail,,,\n");
        let read = rows(&file);
        let row = String::from_utf8_lossy(row);
        assert_eq!(read[1], (4, Err(wrong.to_owned())), "{row}");
        assert!(read[2].1.is_ok(), "the next row goes on after {row}");
        assert_eq!(read.len(), 3, "{row}");
    }
}

#[test]
fn an_account_that_the_record_has_no_room_for_is_refused_whole() {
    let account = "é".repeat(17);
    let file = format!("weight,destination,class,account\n42,CA,lettermail,{account}\n");
    assert_eq!(rows(file.as_bytes()), [(2, Err("account: too-long".to_owned()))]);
}

#[test]
fn lines_are_counted_through_blank_lines_and_quoted_line_breaks() {
    let read = rows(
        b"weight,destination,class,note\r\n\r\n42,CA,lettermail,\"a\r\nb\r\nc\"\r\n\r\n\r\n42,CA,lettermail,\r\n",
    );
    assert_eq!(read.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 8]);
}

#[test]
fn a_file_that_is_not_a_list_of_pieces_is_one_error() {
    let table: [(&[u8], Option<u64>, &str); 9] = [
        (b"", None, "file-empty"),
        (b" \r\n\r\n", None, "file-empty"),
        (b"PK\x03\x04rest", None, "spreadsheet"),
        (b"\xFF\xFEw\0e\0", None, "utf-16"),
        (b"weight,class\0", None, "binary"),
        (b"weight,destination\n42,CA\n", Some(1), "column-missing"),
        (b"weight,poids,destination,class\n", Some(1), "column-twice"),
        (b"weight,destination,cat\xE9gorie\n", Some(1), "not-utf-8"),
        (b"weight,destination,class\n1,CA,x\n2,CA,\"x\n3,CA,x\n", Some(3), "quote-not-closed"),
    ];
    for (bytes, line, code) in table {
        let error = open(bytes).err().unwrap();
        let text = String::from_utf8_lossy(bytes);
        assert_eq!((error.line, error.reason.code.as_str()), (line, code), "{text}");
    }
}

#[test]
fn a_missing_column_lists_what_was_found_and_what_would_do() {
    let error = open(b"poids;pays;note\n42;CA;\n").err().unwrap();
    assert_eq!(
        error.reason.en,
        "missing: class or service or classe or categorie; columns found: poids, pays, note"
    );
    assert_eq!(
        error.reason.fr,
        "il manque : class ou service ou classe ou categorie ; colonnes trouvées : poids, pays, note"
    );
}

#[test]
fn what_the_options_say_need_not_be_in_the_file() {
    let defaults = Defaults {
        service: Some("lettermail".parse().unwrap()),
        destination: Some(Country::CANADA),
        account: Some("Ventes".to_owned()),
    };
    let bytes = b"weight,account\n42,\n50,Achats\n";
    let table = Table::open(Path::new("mail.csv"), bytes, defaults).unwrap();
    let accounts: Vec<_> = table.rows().map(|row| row.request.unwrap().account.unwrap()).collect();
    assert_eq!(accounts, ["Ventes", "Achats"]);
}

#[test]
fn a_quote_inside_an_unquoted_cell_opens_nothing() {
    assert!(open(b"weight,destination,class,note\n42,CA,lettermail,5\" disk\n").is_ok());
    assert!(open(b"weight;destination;class;note\n42;CA;lettermail;a,\"b\n").is_ok());
}
