//! The checksum of a file: how a manifest knows that a file is still what was written.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The size and the SHA-256 of a file's bytes.
///
/// ```
/// use formats::Checksum;
/// let empty = Checksum::of(b"");
/// assert_eq!(empty.bytes, 0);
/// assert!(empty.sha256.starts_with("e3b0c44298fc1c14"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Checksum {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256, as 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl Checksum {
    /// Of bytes at hand.
    pub fn of(content: &[u8]) -> Self {
        let mut sum = RunningChecksum::default();
        sum.update(content);
        sum.finish()
    }
}

/// A checksum of bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningChecksum {
    bytes: u64,
    hash: Sha256,
}

impl RunningChecksum {
    pub(crate) fn update(&mut self, content: &[u8]) {
        self.bytes += content.len() as u64;
        self.hash.update(content);
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn finish(self) -> Checksum {
        Checksum { bytes: self.bytes, sha256: format!("{:x}", self.hash.finalize()) }
    }
}
