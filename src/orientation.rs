//! The sign of an axis: which of two opposite directions is meant.

/// Whether the entry of largest magnitude, the first of several, is negative. An axis is turned round where it is, so
/// that its sign is the same whatever a decomposition returned.
pub(crate) fn is_reversed<'a>(axis: impl IntoIterator<Item = &'a f64>) -> bool {
    axis.into_iter().fold(0.0f64, |largest, &value| if value.abs() > largest.abs() { value } else { largest }) < 0.0
}

#[cfg(test)]
mod tests {
    use super::is_reversed;

    #[test]
    fn looks_at_the_largest_entry() {
        assert!(is_reversed(&[1.0, -3.0, 2.0]));
        assert!(!is_reversed(&[1.0, -3.0, 3.5]) && !is_reversed(&[2.0, -2.0]) && !is_reversed(&[]));
    }
}
