//! Maps of the plane and their weighted least-squares fit to pairs of places, in closed form.

/// A place: x and y.
pub type Place = [f64; 2];

/// Smallest spread across a line, relative to that along it, that still tells the two directions apart.
const FLAT: f64 = 1e-10;

/// Which maps are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Rotation and translation.
    Rigid,
    /// Rotation, translation and one scale.
    Similarity,
    /// Any linear map and translation.
    Affine,
}

impl Family {
    /// The number of pairs of places that fix a map.
    pub(super) fn pairs(self) -> usize {
        if self == Family::Affine { 3 } else { 2 }
    }
}

/// place -> matrix · place + shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    /// Two rows.
    pub matrix: [[f64; 2]; 2],
    /// Added after the product.
    pub shift: Place,
}

impl Transform {
    /// Where a place goes.
    pub fn apply(&self, [x, y]: Place) -> Place {
        let [first, second] = self.matrix;
        [first[0] * x + first[1] * y + self.shift[0], second[0] * x + second[1] * y + self.shift[1]]
    }

    /// Whether it turns the plane upside down.
    pub fn mirrored(&self) -> bool {
        let [[a, b], [c, d]] = self.matrix;
        a * d - b * c < 0.0
    }

    /// Angle of the nearest rotation, in degrees from −180 to 180, positive from the x axis towards the y axis; of a
    /// mirrored map, after y has changed its sign.
    pub fn angle(&self) -> f64 {
        let [[a, b], [c, d]] = self.matrix;
        if self.mirrored() { (c + b).atan2(a - d) } else { (c - b).atan2(a + d) }.to_degrees()
    }

    /// The largest and the smallest factor by which it stretches a length: its singular values.
    pub fn stretches(&self) -> [f64; 2] {
        let [[a, b], [c, d]] = self.matrix;
        let (turned, mirrored) = ((a + d).hypot(c - b) / 2.0, (a - d).hypot(c + b) / 2.0);
        [turned + mirrored, (turned - mirrored).abs()]
    }

    /// The map of a family that takes the weighted pairs (from, to, weight) nearest to each other in the sense of least
    /// squares, mirrored or not. `None` when the pairs do not fix one: no weight, one place only, or for an affine map
    /// places on a line, or an affine map of the other handedness.
    ///
    /// Rigid: Procrustes analysis (Schönemann 1966, Psychometrika 31, 1-10), which in the plane is one angle.
    pub(super) fn fit<I>(family: Family, mirrored: bool, pairs: I) -> Option<Transform>
    where
        I: Iterator<Item = (Place, Place, f64)> + Clone,
    {
        let (mut total, mut from, mut to) = (0.0, [0.0; 2], [0.0; 2]);
        for (p, q, weight) in pairs.clone() {
            total += weight;
            from = [from[0] + weight * p[0], from[1] + weight * p[1]];
            to = [to[0] + weight * q[0], to[1] + weight * q[1]];
        }
        if total <= 0.0 {
            return None;
        }
        let (from, to) = (from.map(|sum| sum / total), to.map(|sum| sum / total));
        let moments = Moments::new(pairs, from, to);
        let matrix = match family {
            Family::Affine => moments.affine()?,
            _ => moments.turn(mirrored, family == Family::Similarity)?,
        };
        let still = Transform { matrix, shift: [0.0; 2] };
        let moved = still.apply(from);
        let transform = Transform { matrix, shift: [to[0] - moved[0], to[1] - moved[1]] };
        (transform.mirrored() == mirrored).then_some(transform)
    }
}

/// Distance between two places.
pub(super) fn distance(a: Place, b: Place) -> f64 {
    squared_distance(a, b).sqrt()
}

/// Squared distance between two places.
pub(super) fn squared_distance(a: Place, b: Place) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    x * x + y * y
}

/// Weighted second moments of the centred pairs.
struct Moments {
    /// Σ w p pᵀ: xx, xy, yy.
    own: [f64; 3],
    /// Σ w q pᵀ.
    cross: [[f64; 2]; 2],
}

impl Moments {
    fn new(pairs: impl Iterator<Item = (Place, Place, f64)>, from: Place, to: Place) -> Self {
        let mut moments = Moments { own: [0.0; 3], cross: [[0.0; 2]; 2] };
        for (p, q, weight) in pairs {
            let (p, q) = ([p[0] - from[0], p[1] - from[1]], [q[0] - to[0], q[1] - to[1]]);
            moments.own[0] += weight * p[0] * p[0];
            moments.own[1] += weight * p[0] * p[1];
            moments.own[2] += weight * p[1] * p[1];
            for (row, q) in moments.cross.iter_mut().zip(q) {
                row[0] += weight * q * p[0];
                row[1] += weight * q * p[1];
            }
        }
        moments
    }

    /// The best rotation, of mirrored places if asked for, with the best scale or with none.
    fn turn(&self, mirrored: bool, scaled: bool) -> Option<[[f64; 2]; 2]> {
        let sign = if mirrored { -1.0 } else { 1.0 };
        let [[xx, xy], [yx, yy]] = self.cross;
        let (cosine, sine) = (xx + sign * yy, yx - sign * xy);
        let (length, spread) = (cosine.hypot(sine), self.own[0] + self.own[2]);
        if length <= 0.0 || spread <= 0.0 {
            return None;
        }
        let scale = if scaled { 1.0 / spread } else { 1.0 / length };
        let (cosine, sine) = (scale * cosine, scale * sine);
        Some([[cosine, -sign * sine], [sine, sign * cosine]])
    }

    /// cross · own⁻¹.
    fn affine(&self) -> Option<[[f64; 2]; 2]> {
        let [xx, xy, yy] = self.own;
        let determinant = xx * yy - xy * xy;
        if determinant <= FLAT * (xx + yy) * (xx + yy) {
            return None;
        }
        let row = |[x, y]: [f64; 2]| [(x * yy - y * xy) / determinant, (y * xx - x * xy) / determinant];
        Some(self.cross.map(row))
    }
}
