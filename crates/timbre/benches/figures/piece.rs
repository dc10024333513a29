//! One piece of mail from its price to the picture that a print head takes, and each part of the way alone.

use std::time::Duration;

use anyhow::{Context as _, Result};
use datamatrix::data::EncodationType;
use datamatrix::{DataMatrixBuilder, SymbolSize};
use jiff::Timestamp;
use jiff::civil::Date;
use timbre_indicium::{Artwork, Bitmap, Mark, Resolution};
use timbre_key_store::{KeyRole, KeyStore, PublicKey};
use timbre_postage::{Language, Piece, RateBook};
use timbre_psd::{FileJournal, Psd};

use crate::Ground;
use crate::device::{self, Provider};
use crate::disk::Loop;
use crate::figure::{Aim, Figure, Quantity};
use crate::measure::{Contender, Times, each, in_turns};

const ROUNDS: usize = 9;
const PIECES: usize = 1000;
/// A machine that franks 310 letters in a minute leaves 193 ms for each.
const AIM: Quantity = Quantity::Time(Duration::from_millis(5));

/// What stands ready before the first piece comes.
struct Desk {
    book: RateBook,
    psd: Psd<FileJournal>,
    key: PublicKey,
    artwork: Artwork,
    pieces: Vec<Piece>,
    next: usize,
    today: Date,
}

impl Desk {
    /// The whole way of one piece. Nothing leaves before its debit is durable and its mark was verified.
    fn frank(&mut self) -> Result<(Mark, Bitmap)> {
        let piece = &self.pieces[self.next % self.pieces.len()];
        self.next += 1;
        let now = Timestamp::now();
        let quote = self.book.price(piece, self.today)?;
        let pre_debit = self.psd.pre_debit(device::postage(piece, &quote, now)?, now)?;
        let performed = self.psd.perform(pre_debit)?;
        performed.mark.verify(&self.key).ok().context("the mark is not genuine")?;
        let picture = self.artwork.render(&performed.mark);
        self.psd.complete(performed.record_sequence)?;
        Ok((performed.mark, picture))
    }
}

pub(crate) fn measure(ground: &Ground) -> Result<Vec<Figure>> {
    let count = ground.amount(PIECES);
    let provider = Provider::new()?;
    let (psd, keys) = provider.device(&ground.dir.join("psd"))?;
    let key = keys.public_key(KeyRole::Indicium)?;
    let mut raw = Loop::overwriting(&ground.dir.join("overwritten"))?;
    let mut desk = Desk {
        book: RateBook::shipped(device::country("CA")?),
        psd,
        key,
        artwork: Artwork::new(Resolution::Dpi600, Language::French),
        pieces: pieces()?,
        next: 0,
        today: Timestamp::now().in_tz("UTC")?.date(),
    };
    let mut contenders = [
        Contender::new(|| Times::of(count, || Ok(raw.write()?))),
        Contender::new(|| {
            Times::of(count, || {
                std::hint::black_box(desk.frank()?);
                Ok(())
            })
        }),
    ];
    in_turns(ROUNDS, &mut contenders)?;
    let [reference, whole] = &contenders;
    let flush = "512 bytes over a preallocated file, fdatasync";
    let at = |name: &str, percent| {
        Figure::new(name, Quantity::Time(whole.times().percentile(percent)))
            .beside(flush, Quantity::Time(reference.times().percentile(percent)))
    };
    let mut figures =
        vec![
            Figure::new("whole pieces, to the bitmap", Quantity::PerSecond(whole.rate()))
                .beside_at(flush, Quantity::PerSecond(reference.rate()), whole.ratio_to(reference)),
            at("one piece, p50", 50),
            at("one piece, p99", 99).aim(Aim::AtMost(AIM)),
        ];
    drop(contenders);
    figures.extend(parts(ground, &mut desk, &*keys)?);
    Ok(figures)
}

/// Each part alone, without the disk.
fn parts(ground: &Ground, desk: &mut Desk, keys: &dyn KeyStore) -> Result<Vec<Figure>> {
    let (mark, picture) = desk.frank()?;
    let batches = ground.amount(200);
    let piece = desk.pieces[0].clone();
    let (book, today) = (&desk.book, desk.today);
    let price = each(batches, 1000, || book.price(&piece, today));
    let sign = each(batches, 50, || Mark::sign(mark.data().clone(), keys));
    let verify = each(batches, 50, || mark.verify(&desk.key));
    let symbol = each(batches, 50, || symbol(mark.payload()));
    let render = each(batches, 50, || desk.artwork.render(&mark));
    let png = each(batches, 20, || picture.to_png_red());
    let part = |name: &str, time| Figure::new(format!("part: {name}"), Quantity::Time(time));
    Ok(vec![
        part("price", price),
        part("sign the mark", sign),
        part("verify the mark", verify),
        part("Data Matrix 40 × 40 alone", symbol),
        part("bitmap at 600 dpi, Data Matrix included", render),
        part("PNG of it (not in the whole piece)", png),
    ])
}

/// The library's call as `timbre-indicium` makes it.
fn symbol(payload: &[u8]) -> Option<datamatrix::DataMatrix> {
    DataMatrixBuilder::new()
        .with_encodation_types(EncodationType::Base256)
        .with_symbol_list(SymbolSize::Square40)
        .encode(payload)
        .ok()
}

/// A little of everything that a mail room sends.
fn pieces() -> Result<Vec<Piece>> {
    let table = [("CA", "9g"), ("CA", "42g"), ("CA", "326g"), ("US", "28g"), ("FR", "100g")];
    table
        .into_iter()
        .map(|(destination, weight)| {
            Ok(Piece {
                destination: device::country(destination)?,
                weight: weight.parse()?,
                ..device::letter()?
            })
        })
        .collect()
}
