//! The exponential function of many values at once: half of what EM takes once products of matrices are fast.
//!
//! Plain arithmetic without branches, which the compiler turns into vector instructions, and the same bits on every
//! machine, which the exponential of a system's own library does not promise.

use std::f64::consts::LOG2_E;

/// The integer nearest to x is what adding this to x leaves in the last bits, for |x| below 2^51.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// Upper and lower part of log 2: products of the upper one with an exponent are exact.
const LN_2_UPPER: f64 = 0.693_147_180_369_123_8;
const LN_2_LOWER: f64 = 1.908_214_929_270_587_7e-10;
/// Below this the value is 0: a weight of e^-708 is one of no point.
const LEAST: f64 = -708.0;
/// 1/13!, 1/12!, ..., 1/2!: Taylor's series, whose rest is below the last bit for |x| up to log(2) / 2.
const COEFFICIENTS: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
];

/// Replaces each value, none above 0, by its exponential, to two units in the last place.
#[inline(always)]
pub(super) fn exponentials(values: &mut [f64]) {
    values.iter_mut().for_each(|value| *value = exponential(*value));
}

/// e^x = 2^n e^r, with n the integer nearest to x / log 2.
#[inline(always)]
fn exponential(x: f64) -> f64 {
    // Not `max`, which would make a number of what is none.
    let kept = if x < LEAST { LEAST } else { x };
    let shifted = kept * LOG2_E + ROUND;
    let exponent = shifted - ROUND;
    let rest = kept - exponent * LN_2_UPPER - exponent * LN_2_LOWER;
    let series = COEFFICIENTS.iter().fold(0.0, |sum, coefficient| sum * rest + coefficient);
    let fraction = 1.0 + rest + rest * rest * series;
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0f64.to_bits()));
    if x < LEAST { 0.0 } else { fraction * power }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::LN_2;

    #[test]
    fn is_the_exponential() {
        assert!((LN_2_UPPER + LN_2_LOWER - LN_2).abs() < 1e-16);
        let mut values: Vec<f64> = (0..70_001).map(|step| -f64::from(step) * 0.01).collect();
        values.extend([-1e-300, -709.0, -1e300, f64::NEG_INFINITY, -0.0]);
        let mut found = values.clone();
        exponentials(&mut found);
        for (x, found) in values.iter().zip(&found) {
            let expected = if *x < LEAST { 0.0 } else { x.exp() };
            assert!((found - expected).abs() <= 4.5e-16 * expected, "{x}: {found} {expected}");
        }
        let mut none = [f64::NAN];
        exponentials(&mut none);
        assert!(none[0].is_nan());
    }
}
