//! Bound values as bytes: the cells of a row one after the other, each a length and a value, as the
//! CQL protocol has them (native_protocol_v4.spec, section 3, `[value]`).

/// A bound value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Null,
    Unset,
    Value(&'a [u8]),
}

/// The cells of bytes; it ends early where they are malformed.
#[derive(Clone, Debug)]
pub(super) struct Cells<'a>(&'a [u8]);

impl<'a> Cells<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cells(bytes)
    }

    /// What has not been read yet: nothing, after the last of well-formed cells.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Cell<'a>;

    fn next(&mut self) -> Option<Cell<'a>> {
        let (len, rest) = self.0.split_first_chunk()?;
        let (cell, rest) = match i32::from_be_bytes(*len) {
            -1 => (Cell::Null, rest),
            -2 => (Cell::Unset, rest),
            len => {
                let (value, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
                (Cell::Value(value), rest)
            }
        };
        self.0 = rest;
        Some(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_the_protocol_writes_them() {
        let bytes = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 7, 8, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0];
        let mut cells = Cells::new(&bytes);
        let all: Vec<Cell<'_>> = cells.by_ref().collect();
        assert_eq!(all, [Cell::Null, Cell::Value(&[7, 8]), Cell::Unset, Cell::Value(&[])]);
        assert!(cells.rest().is_empty());
    }

    #[test]
    fn malformed_cells_end_early() {
        for bytes in [&[0, 0, 0, 2, 7][..], &[0xff, 0xff, 0xff, 0xfd], &[0, 0], &[0x7f, 0, 0, 0]] {
            let mut cells = Cells::new(bytes);
            assert_eq!(cells.next(), None);
            assert_eq!(cells.rest(), bytes);
        }
    }
}
