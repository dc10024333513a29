//! The franked page as another program prints it: where the red lies, and what a decoder that is
//! not ours reads in it.

use std::path::Path;
use std::process::Command;

use image::RgbImage;
use timbre_indicium::pdf::Letters;

use super::fixture::{drawn, mark, page};

const DPI: f64 = 200.0;

/// Runs a tool that the tests need, and returns what it prints.
fn run(tool: &str, arguments: &[&str], directory: &Path) -> Vec<u8> {
    let output = Command::new(tool).args(arguments).current_dir(directory).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{tool} does not start ({error}): `cargo xtask setup` installs what the tests need")
    });
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {arguments:?}: {complaint}");
    output.stdout
}

/// A franked page as a printer would show it.
fn rendered(document: &[u8], directory: &Path) -> RgbImage {
    std::fs::write(directory.join("letter.pdf"), document).unwrap();
    let resolution = DPI.to_string();
    let arguments = ["-r", &resolution, "-cropbox", "-singlefile", "-png", "letter.pdf", "page"];
    run("pdftoppm", &arguments, directory);
    image::open(directory.join("page.png")).unwrap().to_rgb8()
}

/// The rectangle around all red pixels: left, top, right, bottom.
fn red(page: &RgbImage) -> Option<[u32; 4]> {
    let mut around: Option<[u32; 4]> = None;
    for (x, y, pixel) in page.enumerate_pixels() {
        let [r, g, b] = pixel.0;
        if r > 150 && g < 140 && b < 140 {
            let [left, top, right, bottom] = around.unwrap_or([x, y, x, y]);
            around = Some([left.min(x), top.min(y), right.max(x), bottom.max(y)]);
        }
    }
    around
}

fn assert_mark_is_in_its_place_and_reads(name: &str, document: &[u8]) {
    let directory = tempfile::tempdir().unwrap();
    let mut letters = Letters::open(document).unwrap();
    let placement = letters.stamp(0, drawn()).unwrap();
    let (width_mm, _) = letters.page_size_mm(0).unwrap();
    let page = rendered(&letters.save().unwrap(), directory.path());

    let mm = |pixels: u32| f64::from(pixels) * 25.4 / DPI;
    let [left, top, right, bottom] = red(&page).unwrap_or_else(|| panic!("{name}: no red"));
    assert!((mm(page.width()) - width_mm).abs() < 0.2, "{name}: the page is shown whole");
    assert!(mm(bottom + 1) <= 40.0, "{name}: reaches {} mm from the top", mm(bottom + 1));
    assert!(
        mm(page.width() - left) <= 100.0,
        "{name}: {} mm from the right",
        mm(page.width() - left)
    );
    let seen = [mm(top), mm(page.width() - 1 - right), mm(right + 1 - left), mm(bottom + 1 - top)];
    let said = [placement.top_mm, placement.right_mm, placement.width_mm, placement.height_mm];
    for (seen, said) in seen.iter().zip(said) {
        assert!((seen - said).abs() < 0.5, "{name}: {seen} mm seen, {said} mm said");
    }

    let zone = (mm(1).recip() * 100.0) as u32;
    let place = image::imageops::crop_imm(&page, page.width() - zone, 0, zone, zone * 2 / 5);
    place.to_image().save(directory.path().join("place.png")).unwrap();
    let read = run("dmtxread", &["-N", "1", "-m", "60000", "place.png"], directory.path());
    assert_eq!(read, mark().payload(), "{name}");
}

#[test]
fn the_mark_prints_in_the_legal_place_and_another_decoder_reads_it() {
    let text = "BT /F 12 Tf 72 500 Td (Dear customer) Tj ET";
    for (name, entries, content) in [
        ("letter", "/MediaBox[0 0 612 792]", text),
        ("A4", "/MediaBox[0 0 595.28 841.89]", text),
        ("turned a quarter", "/MediaBox[0 0 792 612] /Rotate 90", text),
        ("turned half", "/MediaBox[0 0 612 792] /Rotate 180", text),
        ("turned three quarters", "/MediaBox[0 0 612 792] /Rotate -90", text),
        ("cropped", "/MediaBox[0 0 700 900] /CropBox[50 60 662 852]", text),
        (
            "cropped and turned",
            "/MediaBox[-10 -10 800 700] /CropBox[0 0 792 612] /Rotate 270",
            text,
        ),
        ("states left open", "/MediaBox[0 0 612 792]", "q 3 0 0 3 100 100 cm q 0 0 10 10 re W n"),
        ("states restored too often", "/MediaBox[0 0 612 792]", "Q Q 3 0 0 3 100 100 cm"),
        ("text and layer left open", "/MediaBox[0 0 612 792]", "/Span BMC BT 5 0 0 5 9 9 Tm"),
        ("a white ground", "/MediaBox[0 0 612 792]", "1 g 0 0 612 792 re f"),
    ] {
        assert_mark_is_in_its_place_and_reads(name, &page(entries, content));
    }
}

#[test]
fn the_rest_of_the_page_prints_as_before() {
    let directory = tempfile::tempdir().unwrap();
    let content = "0 0 1 rg 72 300 200 200 re f 0 0.5 0 RG 6 w 300 72 m 500 600 l S";
    let original = page("/MediaBox[0 0 612 792]", content);
    let mut letters = Letters::open(&original).unwrap();
    letters.stamp(0, drawn()).unwrap();
    let before = rendered(&original, directory.path());
    let after = rendered(&letters.save().unwrap(), directory.path());
    let zone = (40.0 * DPI / 25.4) as u32;
    let below = |page: &RgbImage| {
        image::imageops::crop_imm(page, 0, zone, page.width(), page.height() - zone).to_image()
    };
    assert!(below(&before) == below(&after), "something outside the mark's place changed");
}
