//! How long compressed bytes may be before they were compressed, where a file says it, and a decoder believes it.

/// Pages and buffers have about a megabyte, as most writers make them; they may have so much in any case.
const USUAL: u64 = 128 << 20;
/// A longer one is believed if it is compressed to no less than one byte in so many.
const DENSEST: u64 = 2048;

/// Whether so many bytes can be meant.
pub(crate) fn is_plausible(length: u64, compressed: u64) -> bool {
    length <= USUAL || length / DENSEST <= compressed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_believed_that_the_bytes_can_be() {
        assert!(is_plausible(0, 0) && is_plausible(USUAL, 0));
        assert!(is_plausible(4 << 30, 2 << 20));
        assert!(!is_plausible(4 << 30, 1 << 20));
        assert!(!is_plausible(u64::MAX, 1 << 30));
    }
}
