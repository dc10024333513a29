//! Laying a small picture onto a larger one at any pixel, a byte at a time.

use crate::Bitmap;

/// What laying down does.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    /// Adds ink.
    Put,
    /// Takes ink away: letters in a dark band.
    Remove,
}

/// A small picture: rows of whole bytes, the leftmost pixel in the highest bit.
pub(super) struct Sprite {
    pub(super) stride: usize,
    pub(super) rows: Vec<u8>,
}

/// Lays `sprite` with its upper left pixel at (`x`, `y`). What falls outside is left out.
pub(super) fn lay(picture: &mut Bitmap, sprite: &Sprite, x: i32, y: i32, ink: Ink) {
    let (stride, height) = (picture.stride(), picture.height() as usize);
    let first_byte = x.div_euclid(8);
    let shift = x.rem_euclid(8);
    let bytes = picture.bytes_mut();
    for (row, source) in (y..).zip(sprite.rows.chunks_exact(sprite.stride)) {
        let Some(row) = usize::try_from(row).ok().filter(|row| *row < height) else { continue };
        let target = &mut bytes[row * stride..(row + 1) * stride];
        for (column, byte) in (first_byte..).zip(source) {
            let spread = u16::from(*byte) << (8 - shift);
            put(target, column, (spread >> 8) as u8, ink);
            put(target, column + 1, (spread & 0xff) as u8, ink);
        }
    }
}

fn put(row: &mut [u8], column: i32, byte: u8, ink: Ink) {
    let target = usize::try_from(column).ok().and_then(|column| row.get_mut(column));
    match (target, ink) {
        (Some(target), Ink::Put) => *target |= byte,
        (Some(target), Ink::Remove) => *target &= !byte,
        (None, _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Resolution;

    fn ink_of(picture: &Bitmap) -> Vec<(u32, u32)> {
        let pixels = (0..picture.height()).flat_map(|y| (0..picture.width()).map(move |x| (x, y)));
        pixels.filter(|(x, y)| picture.is_ink(*x, *y)).collect()
    }

    #[test]
    fn a_sprite_lands_on_the_pixel_it_is_sent_to_at_every_shift() {
        let sprite = Sprite { stride: 1, rows: vec![0b1000_0001, 0b0100_0000] };
        for x in 0..16u32 {
            let mut picture = Bitmap::new(32, 4, Resolution::Dpi300);
            lay(&mut picture, &sprite, x.cast_signed(), 1, Ink::Put);
            assert_eq!(ink_of(&picture), [(x, 1), (x + 7, 1), (x + 1, 2)], "at {x}");
            lay(&mut picture, &sprite, x.cast_signed(), 1, Ink::Remove);
            assert_eq!(ink_of(&picture), []);
        }
    }

    #[test]
    fn what_falls_outside_is_left_out() {
        let sprite = Sprite { stride: 1, rows: vec![0xff; 3] };
        let mut picture = Bitmap::new(8, 2, Resolution::Dpi300);
        for (x, y) in [(-20, 0), (20, 0), (0, -9), (0, 9)] {
            lay(&mut picture, &sprite, x, y, Ink::Put);
        }
        assert_eq!(ink_of(&picture), []);
        lay(&mut picture, &sprite, -7, -2, Ink::Put);
        assert_eq!(ink_of(&picture), [(0, 0)]);
    }
}
