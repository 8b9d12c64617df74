//! Numbers and choices from random bytes. Bytes that have ended are zeros, which stand for what is usual.

use arbitrary::Unstructured;

/// Numbers that arithmetic goes wrong with. The last three are not finite.
const SPECIAL: [f64; 17] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1e-9,
    5e-324,
    1e-100,
    1e15,
    -1e15,
    1e100,
    -1e100,
    9_007_199_254_740_992.0,
    2_147_483_648.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
];
/// Whole numbers beyond what is usual. The largest is the largest that comes from R.
const EXTREME: [usize; 6] = [0, 1, 100, 65_536, 2_147_483_647, 9_000_000_000_000_000];
/// Up to here nothing that the core squares and adds leaves the finite numbers. R's checks refuse what is beyond.
const LARGEST: f64 = 1e100;

/// Random bytes, read from the front.
pub struct Input<'a> {
    bytes: Unstructured<'a>,
    state: u64,
    sound: bool,
}

impl<'a> Input<'a> {
    /// The input in these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut bytes = Unstructured::new(bytes);
        let state = u64::from(bytes.arbitrary::<u32>().unwrap_or(0));
        Input { bytes, state, sound: true }
    }

    /// A whole number from `low` to `high`.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        self.bytes.int_in_range(low..=high).unwrap_or(low)
    }

    /// Whether something happens that rarely does: once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.between(1, times) == times
    }

    /// One of some values, the first where bytes have ended.
    pub fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.between(0, values.len() - 1)].clone()
    }

    /// A setting that is a whole number, mostly from `low` to `high`.
    pub fn whole(&mut self, low: usize, high: usize) -> usize {
        if self.once_in(16) { self.one_of(&EXTREME) } else { self.between(low, high) }
    }

    /// A setting that is a number, mostly one of the `usual`.
    pub fn number(&mut self, usual: &[f64]) -> f64 {
        if self.once_in(16) { self.any_number() } else { self.one_of(usual) }
    }

    /// A number that arithmetic goes wrong with, or any.
    pub fn any_number(&mut self) -> f64 {
        let number = match self.once_in(4) {
            true => f64::from_bits(self.bytes.arbitrary().unwrap_or(0)),
            false => self.one_of(&SPECIAL),
        };
        self.sound &= number.abs() <= LARGEST;
        number
    }

    /// A number from 0 to 1, without 1, of a stream that the first bytes begin: data of any size take few bytes.
    /// SplitMix64 (Steele, Lea & Flood 2014).
    pub fn noise(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `end` of that stream.
    pub fn below(&mut self, end: usize) -> usize {
        (self.noise() * end as f64) as usize
    }

    /// A number of mean 0 and variance 1 of that stream.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.noise()).sum::<f64>() - 6.0
    }

    /// Fails if an answer that a user reads has NaN in it, though all that was given is finite.
    pub fn no_nan<'v>(&self, what: &str, values: impl IntoIterator<Item = &'v f64>) {
        assert!(!self.sound || values.into_iter().all(|value| !value.is_nan()), "{what} has NaN");
    }
}
