//! Undoes blur: each module's shade is its own and a share of its neighbours', and which shares those are can
//! be told from the symbol.
//!
//! From a first guess at the modules the shares are fitted (least squares); with the shares, the modules
//! between dark and light that explain the shades best are found (projected gradient). Each makes the other
//! better. The shares are the same both ways, as for a lens out of focus and for a steady movement.

use super::shape::Shape;

/// Shares reach so many modules each way.
const REACH: isize = 2;
/// Shares that may differ: half of the neighbours, and the module itself.
const SHARES: usize = 13;
/// Times that shares and modules are found anew.
const ROUNDS: usize = 6;
/// Steps towards the modules that explain the shades, each round.
const STEPS: usize = 40;

/// Modules, dark as true, after each round, until one of them is what `accept` takes.
pub(super) fn solve<T>(
    shades: &[f32],
    first: &[bool],
    shape: &Shape,
    accept: impl Fn(Vec<bool>) -> Option<T>,
) -> Option<T> {
    let board = Board::of(shape);
    let mut known = vec![None; shades.len()];
    for (at, known) in known.iter_mut().enumerate() {
        *known = shape.fixed(at % shape.columns, at / shape.columns).map(level);
    }
    let start = first.iter().zip(&known).map(|(dark, known)| known.unwrap_or(level(*dark)));
    let mut modules = board.laid_out(start);
    for _ in 0..ROUNDS {
        let shares = board.fit(shades, &modules)?;
        modules = board.explain(shades, &shares, &modules, &known);
        let dark = board.inner().map(|at| modules[at] < 0.0).collect();
        if let Some(accepted) = accept(dark) {
            return Some(accepted);
        }
        for module in &mut modules {
            *module = module.signum();
        }
    }
    None
}

const fn level(dark: bool) -> f32 {
    if dark { -1.0 } else { 1.0 }
}

/// The modules of a symbol with a blank margin, so that every module has all its neighbours.
struct Board {
    columns: usize,
    rows: usize,
    width: usize,
    /// Distances in memory to one of each pair of opposite neighbours, the module itself first.
    pairs: [isize; SHARES],
}

impl Board {
    fn of(shape: &Shape) -> Board {
        let width = shape.columns + 2 * REACH as usize;
        let mut pairs = [0; SHARES];
        let mut next = 1;
        for dy in 0..=REACH {
            for dx in -REACH..=REACH {
                if dy > 0 || dx > 0 {
                    pairs[next] = dy * width as isize + dx;
                    next += 1;
                }
            }
        }
        Board { columns: shape.columns, rows: shape.rows, width, pairs }
    }

    /// Where the modules of the symbol are, row by row.
    fn inner(&self) -> impl Iterator<Item = usize> {
        let margin = REACH as usize;
        (0..self.rows)
            .flat_map(move |row| (0..self.columns).map(move |column| (row, column)))
            .map(move |(row, column)| (row + margin) * self.width + column + margin)
    }

    fn laid_out(&self, values: impl Iterator<Item = f32>) -> Vec<f32> {
        let mut board = vec![1.0; self.width * (self.rows + 2 * REACH as usize)];
        for (at, value) in self.inner().zip(values) {
            board[at] = value;
        }
        board
    }

    /// What a share multiplies: a module and its opposite neighbour together.
    fn pair(&self, modules: &[f32], at: usize, share: usize) -> f32 {
        let distance = self.pairs[share];
        if distance == 0 {
            return modules[at];
        }
        modules[at.wrapping_add_signed(distance)] + modules[at.wrapping_add_signed(-distance)]
    }

    /// The shares under which the modules explain the shades best; the last is what all shades have in common.
    fn fit(&self, shades: &[f32], modules: &[f32]) -> Option<[f32; SHARES + 1]> {
        const N: usize = SHARES + 1;
        let mut matrix = [[0.0f64; N + 1]; N];
        for (at, shade) in self.inner().zip(shades) {
            let mut terms = [1.0; N];
            for (share, term) in terms.iter_mut().take(SHARES).enumerate() {
                *term = f64::from(self.pair(modules, at, share));
            }
            for (row, factor) in matrix.iter_mut().zip(terms) {
                for (cell, term) in row.iter_mut().zip(terms) {
                    *cell += factor * term;
                }
                row[N] += factor * f64::from(*shade);
            }
        }
        for pivot in 0..N {
            matrix[pivot][pivot] += 1.0;
            let top = matrix[pivot];
            if top[pivot].abs() < 1e-9 {
                return None;
            }
            for (index, row) in matrix.iter_mut().enumerate() {
                if index != pivot {
                    let factor = row[pivot] / top[pivot];
                    for (cell, above) in row.iter_mut().zip(top) {
                        *cell -= factor * above;
                    }
                }
            }
        }
        Some(std::array::from_fn(|share| (matrix[share][N] / matrix[share][share]) as f32))
    }

    /// The modules between dark and light that come nearest to the shades.
    fn explain(
        &self,
        shades: &[f32],
        shares: &[f32; SHARES + 1],
        modules: &[f32],
        known: &[Option<f32>],
    ) -> Vec<f32> {
        // A step that is never too long: the sum of all shares bounds what a step changes.
        let total = shares[0].abs() + 2.0 * shares[1..SHARES].iter().map(|s| s.abs()).sum::<f32>();
        let step = 1.8 / (total * total).max(1e-6);
        let (inner, mut best): (Vec<usize>, _) = (self.inner().collect(), modules.to_vec());
        let mut before = best.clone();
        let mut errors = vec![0.0f32; best.len()];
        for turn in 0..STEPS {
            // Where the last step led, a little further (Nesterov).
            let momentum = turn as f32 / (turn as f32 + 3.0);
            let ahead: Vec<f32> =
                best.iter().zip(&before).map(|(now, then)| now + momentum * (now - then)).collect();
            for (at, shade) in inner.iter().zip(shades) {
                let seen: f32 =
                    (0..SHARES).map(|share| shares[share] * self.pair(&ahead, *at, share)).sum();
                errors[*at] = shade - shares[SHARES] - seen;
            }
            before.clone_from(&best);
            for (at, known) in inner.iter().zip(known) {
                let pull: f32 =
                    (0..SHARES).map(|share| shares[share] * self.pair(&errors, *at, share)).sum();
                best[*at] = known.unwrap_or_else(|| (ahead[*at] + step * pull).clamp(-1.0, 1.0));
            }
        }
        best
    }
}
