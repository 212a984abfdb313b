//! The pages of a column in a row group, looked through before they are decoded.
//!
//! The decoder makes room for what a page's header says: for the page as it was before it was compressed, and
//! for the values of a dictionary. So a few bytes could ask for gigabytes here, too.

use crate::expansion::is_plausible;

use super::compact::Kind::{self, Bool, Int, Struct};
use super::compact::{Malformed, Walk};
use super::footer::STATISTICS;

/// The fields that the decoder knows, as `parquet.thrift` has them.
const SIZE: i16 = 2;
const COMPRESSED_SIZE: i16 = 3;
const DICTIONARY: i16 = 7;
const HEADER: &[(i16, Kind)] = &[
    (1, Int),
    (SIZE, Int),
    (COMPRESSED_SIZE, Int),
    (4, Int),
    (5, Struct(&[(1, Int), (2, Int), (3, Int), (4, Int), (5, STATISTICS)])),
    (6, Struct(&[])),
    (DICTIONARY, Struct(DICTIONARY_HEADER)),
    (
        8,
        Struct(&[
            (1, Int),
            (2, Int),
            (3, Int),
            (4, Int),
            (5, Int),
            (6, Int),
            (7, Bool),
            (8, STATISTICS),
        ]),
    ),
];
const VALUES: i16 = 1;
const DICTIONARY_HEADER: &[(i16, Kind)] = &[(VALUES, Int), (2, Int), (3, Bool)];

/// Refuses pages that would take much more than their size to decode.
pub(super) fn check(column: &[u8]) -> Result<(), Malformed> {
    let mut walk = Walk::new(column);
    while !walk.rest().is_empty() {
        let (mut size, mut compressed, mut values, mut last) = (0, 0, 0, 0);
        while let Some(field) = walk.field(last)? {
            field.check(HEADER)?;
            match field.id {
                SIZE => size = walk.size()?,
                COMPRESSED_SIZE => compressed = walk.size()?,
                DICTIONARY => values = dictionary(&mut walk)?,
                _ => walk.value(field, HEADER)?,
            }
            last = field.id;
        }
        walk.skip(compressed)?;
        if !is_plausible(size as u64, compressed as u64) {
            return Err(Malformed("a page is far larger than its compressed bytes can be"));
        }
        if values > size {
            return Err(Malformed("a dictionary has more values than bytes"));
        }
    }
    Ok(())
}

/// How many values the header of a dictionary says that it has.
fn dictionary(walk: &mut Walk<'_>) -> Result<usize, Malformed> {
    let (mut values, mut last) = (0, 0);
    while let Some(field) = walk.field(last)? {
        field.check(DICTIONARY_HEADER)?;
        match field.id {
            VALUES => values = walk.size()?,
            _ => walk.value(field, DICTIONARY_HEADER)?,
        }
        last = field.id;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of no bytes, with this size and a dictionary of so many values.
    fn page(size: [u8; 5], values: u8) -> Vec<u8> {
        let header = [0x15, 0x04, 0x15, size[0], size[1], size[2], size[3], size[4], 0x15, 0x00];
        [&header[..], &[0x4c, 0x15, values, 0x15, 0x00, 0x00, 0x00]].concat()
    }

    const TWO_GIB: [u8; 5] = [0xfe, 0xff, 0xff, 0xff, 0x0f];
    const FOUR: [u8; 5] = [0x88, 0x80, 0x80, 0x80, 0x00];

    #[test]
    fn a_size_is_believed_that_the_bytes_can_be() {
        assert_eq!(check(&page(FOUR, 8)), Ok(()));
        assert_eq!(check(&[page(FOUR, 8), page(FOUR, 0)].concat()), Ok(()));
        let far = Malformed("a page is far larger than its compressed bytes can be");
        assert_eq!(check(&page(TWO_GIB, 0)), Err(far));
        assert_eq!(check(&[page(FOUR, 8), page(TWO_GIB, 0)].concat()), Err(far));
    }

    #[test]
    fn a_dictionary_has_no_more_values_than_bytes() {
        let more = Malformed("a dictionary has more values than bytes");
        assert_eq!(check(&page(FOUR, 10)), Err(more));
    }

    #[test]
    fn a_page_ends_within_its_column() {
        let whole = page(FOUR, 8);
        for end in 1..whole.len() {
            assert!(check(&whole[..end]).is_err(), "{end}");
        }
        let beyond = [0x15, 0x04, 0x15, 0x02, 0x15, 0x02, 0x00];
        assert_eq!(check(&beyond), Err(Malformed("it ends within a value")));
    }
}
