//! Bad scans that must stay readable: floors under the read rates of docs/READING.md, on a part of its corpus,
//! so that a change of the reader cannot lose them unnoticed.

use timbre_indicium::scan::{Picture, ScanError};

use crate::corpus::{Dice, Harm, Sheet, WORST, several};

/// The worst level of each harm at which every picture of this part is read.
const FLOORS: [(Harm, usize); 17] = [
    (Harm::Turned, 5),
    (Harm::RightAngles, 5),
    (Harm::Skewed, 5),
    (Harm::Perspective, 5),
    (Harm::Blurred, 3),
    (Harm::Moved, 4),
    (Harm::Pale, 5),
    (Harm::Paper, 5),
    (Harm::Jpeg, 5),
    (Harm::Noise, 5),
    (Harm::InkSpread, 4),
    (Harm::InkThin, 3),
    (Harm::DeadNozzles, 5),
    (Harm::Postmark, 4),
    (Harm::Glare, 4),
    (Harm::Cropped, 1),
    (Harm::Everything, 4),
];

fn sheets() -> [Sheet; 2] {
    [Sheet::print(1, 200), Sheet::print(2, 300)]
}

#[test]
fn every_harm_is_read_up_to_its_floor() {
    let sheets = sheets();
    let mut lost = Vec::new();
    for (harm, floor) in FLOORS {
        for (index, sheet) in sheets.iter().enumerate() {
            let mut dice = Dice::of((harm as u64) << 16 | (floor as u64) << 8 | index as u64);
            let picture = Picture::from_rgb(harm.done_to(sheet, floor, &mut dice)).unwrap();
            if picture.marks().ok().as_deref() != Some(std::slice::from_ref(&sheet.mark)) {
                lost.push(format!("{} at level {floor}, {} dpi", harm.name(), sheet.dpi));
            }
        }
    }
    assert!(lost.is_empty(), "no longer read:\n{}", lost.join("\n"));
    assert_eq!(FLOORS.map(|(harm, _)| harm), Harm::ALL, "every harm has a floor");
}

#[test]
fn all_marks_of_a_page_are_read() {
    let sheets = [Sheet::print(1, 200), Sheet::print(2, 200), Sheet::print(3, 200)];
    let all: Vec<&Sheet> = sheets.iter().collect();
    let page = Picture::from_rgb(several(&all, &mut Dice::of(7))).unwrap();
    let mut read: Vec<_> = page.marks().unwrap().iter().map(|mark| *mark.payload()).collect();
    let mut expected: Vec<_> = sheets.iter().map(|sheet| *sheet.mark.payload()).collect();
    read.sort_unstable();
    expected.sort_unstable();
    assert_eq!(read, expected);
}

/// Noise, smears and half a symbol: whatever comes out was on the paper.
#[test]
fn no_scan_is_read_wrongly() {
    let sheet = Sheet::print(4, 200);
    for harm in [Harm::Blurred, Harm::InkThin, Harm::InkSpread, Harm::Cropped] {
        let picture = harm.done_to(&sheet, WORST, &mut Dice::of(9));
        match Picture::from_rgb(picture).unwrap().marks() {
            Ok(marks) => assert_eq!(marks, std::slice::from_ref(&sheet.mark), "{harm:?}"),
            Err(ScanError::NoSymbol | ScanError::Damaged) => {}
            Err(other) => panic!("{harm:?}: {other}"),
        }
    }
}
