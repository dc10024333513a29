//! One cell: text with the name of its column, read as what the column holds. It trims, and guesses nothing.

use csv::ByteRecord;
use timbre_postage::{Country, Dimensions, Service, Weight};

use super::{Column, Table};
use crate::jobs::reject::{Reason, Where, Wrong};
use crate::jobs::write_csv::plain;
use crate::piece::TextField;

/// One cell as text, knowing how its column is called in the file.
pub(super) struct Cell<'a> {
    text: &'a str,
    column: String,
}

impl<'a> Cell<'a> {
    pub(super) fn of(
        table: &Table<'_>,
        cells: &'a ByteRecord,
        column: Column,
    ) -> Result<Self, Wrong> {
        let Some(place) = table.places[column as usize] else {
            return Ok(Cell { text: "", column: column.names()[0].to_owned() });
        };
        let bytes = cells.get(place).unwrap_or_default();
        let column = table.named(place);
        match std::str::from_utf8(bytes) {
            // What our own reports put in front of a formula is not part of the value.
            Ok(text) => Ok(Cell { text: plain(text.trim()), column }),
            Err(error) => {
                let byte = bytes[error.valid_up_to()];
                let reason = Reason::new(
                    "not-utf-8",
                    format!(
                        "l’octet {byte:#04X} n’est pas de l’UTF-8 : enregistrez le fichier en UTF-8"
                    ),
                    format!("byte {byte:#04X} is not UTF-8: save the file as UTF-8"),
                );
                Err((Where::Column(column), reason))
            }
        }
    }

    fn wrong(self, code: &'static str, fr: String, en: String) -> Wrong {
        (Where::Column(self.column), Reason::new(code, fr, en))
    }

    fn empty(self) -> Wrong {
        self.wrong("cell-empty", "la cellule est vide".to_owned(), "the cell is empty".to_owned())
    }

    pub(super) fn weight(self, unit: Option<&str>) -> Result<Weight, Wrong> {
        if self.text.is_empty() {
            return Err(self.empty());
        }
        let bare = !self.text.contains(|c: char| c.is_ascii_alphabetic());
        let text = match unit {
            Some(unit) if bare => format!("{}{unit}", self.text),
            _ => self.text.to_owned(),
        };
        text.parse::<Weight>().map_err(|error| {
            let fr = format!(
                "« {} » n’est pas un poids entre 0 et 100 kg : écrivez 42g, 1,5oz ou 0,2kg",
                self.text
            );
            self.wrong("not-a-weight", fr, error.to_string())
        })
    }

    pub(super) fn destination(self, default: Option<Country>) -> Result<Country, Wrong> {
        match (self.text, default) {
            ("", Some(country)) => Ok(country),
            ("", None) => Err(self.empty()),
            (text, _) => text.parse::<Country>().map_err(|en| {
                let fr = format!(
                    "« {text} » n’est pas un pays : écrivez son code ISO de deux lettres, comme CA, US ou FR"
                );
                self.wrong("not-a-country", fr, en)
            }),
        }
    }

    pub(super) fn service(self, default: Option<&Service>) -> Result<Service, Wrong> {
        match (self.text, default) {
            ("", Some(service)) => Ok(service.clone()),
            ("", None) => Err(self.empty()),
            (text, _) => text.parse::<Service>().map_err(|error| {
                let fr = format!("« {text} » n’est pas une classe : écrivez-la comme lettermail");
                self.wrong("not-a-class", fr, error.to_string())
            }),
        }
    }

    pub(super) fn size(self) -> Result<Option<Dimensions>, Wrong> {
        if self.text.is_empty() {
            return Ok(None);
        }
        self.text.parse::<Dimensions>().map(Some).map_err(|error| {
            let fr = format!(
                "« {} » n’est pas une taille : écrivez longueur x largeur x épaisseur en millimètres, comme 245x156x5",
                self.text
            );
            self.wrong("not-a-size", fr, error.to_string())
        })
    }

    pub(super) fn yes_or_no(self) -> Result<bool, Wrong> {
        match self.text.to_lowercase().as_str() {
            "yes" | "y" | "oui" | "o" | "true" | "vrai" | "1" | "x" => Ok(true),
            "" | "no" | "n" | "non" | "false" | "faux" | "0" => Ok(false),
            text => {
                let fr = format!("« {text} » n’est ni oui ni non");
                let en = format!("“{text}” is neither yes nor no");
                Err(self.wrong("not-yes-or-no", fr, en))
            }
        }
    }

    pub(super) fn text(self, field: TextField) -> Result<Option<String>, Wrong> {
        match field.check(self.text) {
            Ok(()) => Ok((!self.text.is_empty()).then(|| self.text.to_owned())),
            Err(reason) => Err((Where::Column(self.column), reason)),
        }
    }
}
