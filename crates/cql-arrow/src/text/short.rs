//! A short text kept on the stack, so that no cell of an export allocates.

use std::fmt;

/// The longest text is that of a duration, of 54 bytes; a decimal of 38 digits takes up to 47.
const CAPACITY: usize = 63;

/// A text of ASCII, of up to 63 bytes.
#[derive(Clone)]
pub(super) struct Short {
    len: u8,
    bytes: [u8; CAPACITY],
}

impl Default for Short {
    fn default() -> Self {
        Short { len: 0, bytes: [0; CAPACITY] }
    }
}

impl Short {
    /// Appends ASCII; what does not fit is left out, which no caller lets happen.
    pub(super) fn push(&mut self, ascii: &[u8]) {
        for byte in ascii {
            if let Some(slot) = self.bytes.get_mut(usize::from(self.len)) {
                *slot = *byte;
                self.len += 1;
            }
        }
    }

    /// Appends the last `width` digits of a number, with zeros in front.
    pub(super) fn push_padded(&mut self, number: u64, width: usize) {
        let start = usize::from(self.len);
        let Some(slots) = self.bytes.get_mut(start..start + width) else { return };
        let mut rest = number;
        for slot in slots.iter_mut().rev() {
            *slot = DIGITS[usize::try_from(rest % 10).unwrap_or_default()];
            rest /= 10;
        }
        self.len += u8::try_from(width).unwrap_or_default();
    }

    /// Appends a number.
    pub(super) fn push_integer(&mut self, number: impl itoa::Integer) {
        self.push(itoa::Buffer::new().format(number).as_bytes());
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    pub(super) fn as_str(&self) -> &str {
        // Only ASCII is ever pushed.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

const DIGITS: [u8; 10] = *b"0123456789";

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}
