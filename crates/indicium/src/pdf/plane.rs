//! Rectangles and the maps between coordinate systems. It knows no pages and no units.

/// A rectangle of user space or of the view.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) bottom: f64,
    pub(super) right: f64,
    pub(super) top: f64,
}

impl Rect {
    /// From any two opposite corners, as files give them.
    pub(super) fn from_corners([x0, y0, x1, y1]: [f64; 4]) -> Rect {
        Rect { left: x0.min(x1), bottom: y0.min(y1), right: x0.max(x1), top: y0.max(y1) }
    }

    /// What both have in common, if anything.
    pub(super) fn intersection(&self, other: &Rect) -> Option<Rect> {
        let common = Rect {
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.min(other.right),
            top: self.top.min(other.top),
        };
        (common.left < common.right && common.bottom < common.top).then_some(common)
    }

    /// Whether both have a point in common; lines have no area, so edges count.
    pub(super) fn touches(&self, other: &Rect) -> bool {
        self.left <= other.right
            && other.left <= self.right
            && self.bottom <= other.top
            && other.bottom <= self.top
    }

    /// The smallest rectangle around both.
    pub(super) fn union(&self, other: &Rect) -> Rect {
        Rect {
            left: self.left.min(other.left),
            bottom: self.bottom.min(other.bottom),
            right: self.right.max(other.right),
            top: self.top.max(other.top),
        }
    }

    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.top - self.bottom
    }
}

/// An affine map `[a b c d e f]` as PDF writes it: x′ = ax + cy + e, y′ = bx + dy + f.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Matrix(pub(super) [f64; 6]);

impl Matrix {
    pub(super) const IDENTITY: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// `self` applied first, then `next`.
    pub(super) fn then(&self, next: &Matrix) -> Matrix {
        let [a, b, c, d, e, f] = self.0;
        let [na, nb, nc, nd, ne, nf] = next.0;
        Matrix([
            a * na + b * nc,
            a * nb + b * nd,
            c * na + d * nc,
            c * nb + d * nd,
            e * na + f * nc + ne,
            e * nb + f * nd + nf,
        ])
    }

    pub(super) fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// The upright rectangle around the image of a rectangle.
    pub(super) fn apply_rect(&self, rect: &Rect) -> Rect {
        let (x0, y0) = self.apply(rect.left, rect.bottom);
        let (x1, y1) = self.apply(rect.right, rect.top);
        let (x2, y2) = self.apply(rect.left, rect.top);
        let (x3, y3) = self.apply(rect.right, rect.bottom);
        Rect {
            left: x0.min(x1).min(x2).min(x3),
            bottom: y0.min(y1).min(y2).min(y3),
            right: x0.max(x1).max(x2).max(x3),
            top: y0.max(y1).max(y2).max(y3),
        }
    }
}
