//! The picture of a mark: its measures, its ink, and that other people's decoders read it.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use timbre_indicium::{Artwork, Bitmap, Mark, MarkData, MarkKind, Resolution};
use timbre_key_store::{KeyRole, MemoryKeys};
use timbre_postage::Language;

use crate::golden::{self, cad};

const RESOLUTIONS: [Resolution; 2] = [Resolution::Dpi300, Resolution::Dpi600];
const LANGUAGES: [Language; 2] = [Language::English, Language::French];

fn picture(resolution: Resolution) -> Bitmap {
    Artwork::new(resolution, Language::English).render(&golden::mark())
}

/// One mark of each kind.
fn marks() -> [Mark; 3] {
    let keys = MemoryKeys::generate(&[KeyRole::Indicium]).unwrap();
    [(MarkKind::Postage, 16_777_215), (MarkKind::Redate, 0), (MarkKind::Correction, 610)].map(
        |(kind, mills)| {
            let mut data = golden::data();
            (data.kind, data.amount, data.ascending) = (kind, cad(mills), cad(16_777_215));
            Mark::sign(data, &keys).unwrap()
        },
    )
}

/// The bytes that libdmtx reads in a picture.
fn libdmtx_reads(png: &[u8]) -> Vec<u8> {
    let mut file = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
    file.write_all(png).unwrap();
    let output = Command::new("dmtxread")
        .args(["--stop-after=1", "--milliseconds=20000"])
        .arg(file.path())
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "dmtxread does not start ({error}): `cargo xtask setup` installs what the tests need"
            )
        });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn libdmtx_reads_every_kind_of_mark_at_every_resolution_in_both_languages() {
    for resolution in RESOLUTIONS {
        for language in LANGUAGES {
            let artwork = Artwork::new(resolution, language);
            for mark in marks() {
                let png = artwork.render(&mark).to_png_red();
                assert_eq!(libdmtx_reads(&png), mark.payload(), "{resolution:?} {language:?}");
            }
        }
    }
}

#[test]
fn libdmtx_reads_the_golden_mark_in_black() {
    let png = picture(Resolution::Dpi300).to_png_black();
    assert_eq!(libdmtx_reads(&png), golden::payload());
}

/// SOR/88-430, s. 13: within 40 mm of the top and 100 mm of the right.
#[test]
fn a_mark_is_81_by_26_millimetres_at_every_resolution() {
    for resolution in RESOLUTIONS {
        assert_eq!(picture(resolution).size_micrometres(), (81_280, 26_416));
    }
}

#[test]
fn modules_are_half_a_millimetre_and_the_quiet_zone_is_empty() {
    for resolution in RESOLUTIONS {
        let picture = picture(resolution);
        let dots = resolution.dpi() / 50;
        assert!(dots * 25_400 / resolution.dpi() >= 500, "a module of {dots} dots");
        let (left, top) = symbol_corner(&picture, dots);
        let (quiet, side) = (2 * dots, 40 * dots);
        for y in top - quiet..top + side + quiet {
            for x in left - quiet..left + side + quiet {
                let inside = (left..left + side).contains(&x) && (top..top + side).contains(&y);
                assert!(inside || !picture.is_ink(x, y), "ink at {x}, {y}");
            }
        }
    }
}

/// The upper left corner of the symbol: where its solid left side begins.
fn symbol_corner(picture: &Bitmap, dots: u32) -> (u32, u32) {
    let solid = |x: u32, y: u32| (y..y + 40 * dots).all(|y| picture.is_ink(x, y));
    let middle = picture.height() / 2;
    let x = (10 * dots / 6..picture.width()).find(|x| picture.is_ink(*x, middle)).unwrap();
    let y = (0..picture.height() - 40 * dots).find(|y| solid(x, *y)).unwrap();
    (x, y)
}

#[test]
fn the_same_mark_gives_the_same_picture_to_the_bit() {
    for resolution in RESOLUTIONS {
        let (once, again) = (picture(resolution), picture(resolution));
        assert_eq!(once, again);
        assert_eq!(once.to_png_red(), again.to_png_red());
    }
}

type Change = fn(&mut MarkData);

#[test]
fn what_a_person_reads_changes_with_what_the_mark_says() {
    let keys = MemoryKeys::generate(&[KeyRole::Indicium]).unwrap();
    let artwork = Artwork::new(Resolution::Dpi300, Language::English);
    // Right of the symbol there is only what a person reads.
    let text = |change: Change| {
        let mut data = golden::data();
        change(&mut data);
        let picture = artwork.render(&Mark::sign(data, &keys).unwrap());
        let pixels =
            (0..picture.height()).flat_map(|y| (300..picture.width()).map(move |x| (x, y)));
        pixels.map(|(x, y)| picture.is_ink(x, y)).collect::<Vec<_>>()
    };
    let plain = text(|_| {});
    assert!(plain == text(|data| data.product = 102), "the product is not printed");
    let changes: [(&str, Change); 6] = [
        ("amount", |data| data.amount = cad(1_450)),
        ("date", |data| data.date = data.date.tomorrow().unwrap()),
        ("serial", |data| data.serial = "TM0000043".parse().unwrap()),
        ("indicia number", |data| data.indicia_number = "PB00000043".parse().unwrap()),
        ("piece counter", |data| data.pieces += 1),
        ("postal code", |data| data.postal_code = "H2Y 1C6".parse().unwrap()),
    ];
    for (name, change) in changes {
        assert!(plain != text(change), "{name}");
    }
    assert!(
        plain != text(|data| (data.kind, data.amount) = (MarkKind::Redate, cad(0))),
        "the kind is printed"
    );
}

#[test]
fn the_png_is_red_on_white_one_bit_deep_and_knows_its_resolution() {
    for (resolution, per_metre) in [(Resolution::Dpi300, 11_811), (Resolution::Dpi600, 23_622)] {
        let png = picture(resolution).to_png_red();
        let reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        let info = reader.info();
        assert_eq!(info.bit_depth, png::BitDepth::One);
        assert_eq!(info.palette.as_deref(), Some(&[255, 255, 255, 0xe8, 0x17, 0x2c][..]));
        let dimensions = info.pixel_dims.unwrap();
        assert_eq!((dimensions.xppu, dimensions.yppu), (per_metre, per_metre));
    }
}

/// A picture in the documentation that shows another mark than the program prints would be a lie.
#[test]
fn the_picture_in_the_documentation_is_what_the_program_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images/mark.png");
    let shown = std::fs::read(&path).unwrap();
    let printed = picture(Resolution::Dpi600).to_png_red();
    if shown != printed {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mark.png");
        std::fs::write(&fresh, printed).unwrap();
        panic!("look at {} and, if it is right, copy it to {}", fresh.display(), path.display());
    }
}
