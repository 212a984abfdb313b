//! Murmur3 as Cassandra computes it, which is not quite Murmur3.
//!
//! `org.apache.cassandra.utils.MurmurHash.hash3_x64_128`, seed 0, first half of the result. Java's
//! bytes are signed, and the code that folds in the last 0–15 bytes widens them without a mask. So
//! a tail byte of 0x80 or more sets every bit above it too. The block part, 16 bytes at a time,
//! masks and is as published. The mistake can never be mended, as it decides where data lies; it is
//! copied here exactly. Keys without such a byte in the tail (ASCII text, say) or without a tail (a
//! uuid) hash as published, which is why the difference is easily missed.
//!
//! The function allocates nothing and is called once a row where rows are routed.

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;
const BLOCK: usize = 16;

/// The first 64 bits of Cassandra's Murmur3 of `bytes`, not normalised.
#[inline]
pub(crate) fn hash(bytes: &[u8]) -> i64 {
    let mut state = State { h1: 0, h2: 0 };
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    for block in blocks {
        state.mix_block(block);
    }
    state.finish(tail, bytes.len() as u64)
}

/// The same hash over bytes that come in pieces, so that a composite key need not be built.
pub(crate) struct Hasher {
    state: State,
    buffer: [u8; BLOCK],
    /// How much of `buffer` waits for the rest of its block; below [`BLOCK`] between calls.
    filled: usize,
    len: u64,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self { state: State { h1: 0, h2: 0 }, buffer: [0; BLOCK], filled: 0, len: 0 }
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) {
        self.len = self.len.wrapping_add(bytes.len() as u64);
        if self.filled > 0 {
            let (head, rest) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
            self.keep(head);
            if self.filled < BLOCK {
                return;
            }
            self.state.mix_block(&self.buffer);
            self.filled = 0;
            bytes = rest;
        }
        let (blocks, tail) = bytes.as_chunks::<BLOCK>();
        for block in blocks {
            self.state.mix_block(block);
        }
        self.keep(tail);
    }

    pub(crate) fn finish(self) -> i64 {
        self.state.finish(&self.buffer[..self.filled], self.len)
    }

    /// Appends to the buffer what is known to fit.
    fn keep(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        debug_assert!(end <= BLOCK);
        self.buffer[self.filled..end].copy_from_slice(bytes);
        self.filled = end;
    }
}

struct State {
    h1: u64,
    h2: u64,
}

impl State {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "each half of a block is a word by itself")]
    fn mix_block(&mut self, block: &[u8; BLOCK]) {
        let both = u128::from_le_bytes(*block);
        let (k1, k2) = (both as u64, (both >> 64) as u64);

        self.h1 ^= scramble_k1(k1);
        self.h1 = self.h1.rotate_left(27).wrapping_add(self.h2);
        self.h1 = self.h1.wrapping_mul(5).wrapping_add(0x52dc_e729);

        self.h2 ^= scramble_k2(k2);
        self.h2 = self.h2.rotate_left(31).wrapping_add(self.h1);
        self.h2 = self.h2.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }

    /// Folds in the last 0–15 bytes and the whole length.
    #[inline]
    fn finish(self, tail: &[u8], len: u64) -> i64 {
        debug_assert!(tail.len() < BLOCK);
        let (low, high) = tail.split_at(tail.len().min(8));
        // an empty half scrambles to 0 and changes nothing, as if it were skipped
        let mut h2 = self.h2 ^ scramble_k2(sign_extended(high)) ^ len;
        let mut h1 = self.h1 ^ scramble_k1(sign_extended(low)) ^ len;

        h1 = h1.wrapping_add(h2);
        h2 = h2.wrapping_add(h1);
        fmix(h1).wrapping_add(fmix(h2)).cast_signed()
    }
}

#[inline]
fn scramble_k1(k1: u64) -> u64 {
    k1.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

#[inline]
fn scramble_k2(k2: u64) -> u64 {
    k2.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

#[inline]
fn fmix(mut k: u64) -> u64 {
    k = (k ^ (k >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    k = (k ^ (k >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    k ^ (k >> 33)
}

/// Up to eight bytes, each widened with its sign, shifted to its place and XORed: Java's
/// `((long) key.get(i)) << (8 * i)`.
#[inline]
fn sign_extended(bytes: &[u8]) -> u64 {
    debug_assert!(bytes.len() <= 8);
    bytes
        .iter()
        .enumerate()
        .fold(0, |k, (i, byte)| k ^ (i64::from(byte.cast_signed()).cast_unsigned() << (8 * i)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Murmur3 as its author published it: the tail is unsigned.
    fn published(bytes: &[u8]) -> i64 {
        let mut state = State { h1: 0, h2: 0 };
        let (blocks, tail) = bytes.as_chunks::<BLOCK>();
        blocks.iter().for_each(|block| state.mix_block(block));
        let mut padded = [0; BLOCK];
        padded[..tail.len()].copy_from_slice(tail);
        let word = |at: usize| u64::from_le_bytes(padded[at..at + 8].try_into().unwrap());
        let len = bytes.len() as u64;
        let h1 = state.h1 ^ scramble_k1(word(0)) ^ len;
        let h2 = state.h2 ^ scramble_k2(word(8)) ^ len;
        let h1 = h1.wrapping_add(h2);
        let h2 = h2.wrapping_add(h1);
        fmix(h1).wrapping_add(fmix(h2)).cast_signed()
    }

    /// The values the ScyllaDB driver tests itself against.
    #[test]
    fn known_answers() {
        for (key, token) in [
            ("test", -6_017_608_668_500_074_083),
            ("xd", 4_507_812_186_440_344_727),
            ("primary_key", -1_632_642_444_691_073_360),
            ("kremówki", 4_354_931_215_268_080_151),
        ] {
            assert_eq!(hash(key.as_bytes()), token, "{key}");
        }
        assert_eq!(hash(b""), 0);
    }

    /// From the published reference implementation, first half: so `published` is what it claims.
    #[test]
    fn published_known_answer() {
        assert_eq!(published(b"hello").cast_unsigned(), 0xcbd8_a7b3_41bd_9b02);
        assert_eq!(
            published(b"The quick brown fox jumps over the lazy dog").cast_unsigned(),
            0xe34b_bc7b_bc07_1b6c
        );
    }

    #[test]
    fn a_high_byte_in_the_tail_departs_from_the_published_algorithm() {
        assert_ne!(hash("kremówki".as_bytes()), published("kremówki".as_bytes()));
        assert_ne!(hash(&[0x80]), published(&[0x80]));
        // the eighth byte has no bit above it to spoil
        assert_eq!(hash(&[0, 0, 0, 0, 0, 0, 0, 0x80]), published(&[0, 0, 0, 0, 0, 0, 0, 0x80]));
        // nor does a whole block: a uuid hashes as published
        assert_eq!(hash(&[0xff; 16]), published(&[0xff; 16]));
        assert_ne!(hash(&[0xff; 17]), published(&[0xff; 17]));
    }

    proptest! {
        #[test]
        fn ascii_agrees_with_the_published_algorithm(key in "[ -~]{0,64}") {
            prop_assert_eq!(hash(key.as_bytes()), published(key.as_bytes()));
        }

        #[test]
        fn pieces_hash_as_the_whole(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)
        ) {
            let mut hasher = Hasher::new();
            pieces.iter().for_each(|piece| hasher.write(piece));
            prop_assert_eq!(hasher.finish(), hash(&pieces.concat()));
        }
    }
}
