//! The footer of a Parquet file, looked through before it is decoded.
//!
//! The decoder makes room for what a list or a group says that it holds, before it has seen any of it, and
//! follows groups as deep as they go: so a few bytes could ask for gigabytes, or for more stack than there
//! is, and either ends the process. What is decoded here takes memory in proportion to its own size.

use std::sync::Arc;

use parquet::arrow::async_reader::{MetadataSuffixFetch as _, ParquetObjectReader};
use parquet::errors::ParquetError;
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataReader};

use super::compact::Kind::{self, Binary, Bool, Byte, Double, Int, List, Struct};
use super::compact::{Malformed, Walk};

/// How deep groups may be nested. A collection takes two of them, and the decoder's stack bears thousands.
const DEEPEST: usize = 128;
/// What the names on the way to each column may have in all: each column is given its own copy.
const LONGEST_PATHS: usize = 64 << 20;
/// What a name on such a way takes besides its text.
const NAME: usize = size_of::<String>();

/// The fields that the decoder knows, as `parquet.thrift` has them.
const SCHEMA: i16 = 2;
const FILE: &[(i16, Kind)] = &[
    (1, Int),
    (SCHEMA, List(&ELEMENT)),
    (3, Int),
    (4, List(&ROW_GROUP)),
    (5, List(&KEY_VALUE)),
    (6, Binary),
    (7, List(&COLUMN_ORDER)),
];
const NAME_OF_ELEMENT: i16 = 4;
const CHILDREN: i16 = 5;
const ELEMENT: Kind = Struct(ELEMENT_FIELDS);
const ELEMENT_FIELDS: &[(i16, Kind)] = &[
    (1, Int),
    (2, Int),
    (3, Int),
    (NAME_OF_ELEMENT, Binary),
    (CHILDREN, Int),
    (6, Int),
    (7, Int),
    (8, Int),
    (9, Int),
    (10, LOGICAL_TYPE),
];
const EMPTY: Kind = Struct(&[]);
const TIME: Kind = Struct(&[(1, Bool), (2, Struct(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]))]);
const LOGICAL_TYPE: Kind = Struct(&[
    (1, EMPTY),
    (2, EMPTY),
    (3, EMPTY),
    (4, EMPTY),
    (5, Struct(&[(1, Int), (2, Int)])),
    (6, EMPTY),
    (7, TIME),
    (8, TIME),
    (10, Struct(&[(1, Byte), (2, Bool)])),
    (11, EMPTY),
    (12, EMPTY),
    (13, EMPTY),
    (14, EMPTY),
    (15, EMPTY),
    (16, Struct(&[(1, Byte)])),
    (17, Struct(&[(1, Binary)])),
    (18, Struct(&[(1, Binary), (2, Int)])),
]);
const KEY_VALUE: Kind = Struct(&[(1, Binary), (2, Binary)]);
const COLUMN_ORDER: Kind = Struct(&[(1, EMPTY)]);
const ROW_GROUP: Kind = Struct(&[
    (1, List(&COLUMN_CHUNK)),
    (2, Int),
    (3, Int),
    (4, List(&Struct(&[(1, Int), (2, Bool), (3, Bool)]))),
    (5, Int),
    (6, Int),
    (7, Int),
]);
const COLUMN_CHUNK: Kind =
    Struct(&[(1, Binary), (2, Int), (3, COLUMN), (4, Int), (5, Int), (6, Int), (7, Int)]);
const COLUMN: Kind = Struct(&[
    (1, Int),
    (2, List(&Int)),
    (3, List(&Binary)),
    (4, Int),
    (5, Int),
    (6, Int),
    (7, Int),
    (8, List(&KEY_VALUE)),
    (9, Int),
    (10, Int),
    (11, Int),
    (12, STATISTICS),
    (13, List(&Struct(&[(1, Int), (2, Int), (3, Int)]))),
    (14, Int),
    (15, Int),
    (16, Struct(&[(1, Int), (2, List(&Int)), (3, List(&Int))])),
    (17, Struct(&[(1, BOX), (2, List(&Int))])),
]);
pub(super) const STATISTICS: Kind = Struct(&[
    (1, Binary),
    (2, Binary),
    (3, Int),
    (4, Int),
    (5, Binary),
    (6, Binary),
    (7, Bool),
    (8, Bool),
]);
const BOX: Kind = Struct(&[
    (1, Double),
    (2, Double),
    (3, Double),
    (4, Double),
    (5, Double),
    (6, Double),
    (7, Double),
    (8, Double),
]);

/// Reads the footer of a file.
pub(super) async fn read(
    mut file: &mut ParquetObjectReader,
) -> Result<Arc<ParquetMetaData>, ParquetError> {
    let broken = |why: String| ParquetError::General(why);
    let cut = || broken("it is shorter than its footer".to_owned());
    let tail = file.fetch_suffix(FOOTER_SIZE).await?;
    let tail = FooterTail::try_new(tail.as_ref().try_into().map_err(|_| cut())?)?;
    if tail.is_encrypted_footer() {
        return Err(broken("it is encrypted".to_owned()));
    }
    let length = tail.metadata_length();
    // Of a file that is shorter, all there is comes.
    let footer = file.fetch_suffix(length + FOOTER_SIZE).await?;
    if footer.len() != length + FOOTER_SIZE {
        return Err(cut());
    }
    let footer = footer.slice(..length);
    check(&footer).map_err(|why| broken(format!("its footer is malformed: {why}")))?;
    ParquetMetaDataReader::decode_metadata(&footer).map(Arc::new)
}

/// Refuses what would take more than its size to decode.
fn check(footer: &[u8]) -> Result<(), Malformed> {
    let (mut walk, mut last) = (Walk::new(footer), 0);
    while let Some(field) = walk.field(last)? {
        field.check(FILE)?;
        match field.id {
            SCHEMA => schema(&mut walk)?,
            _ => walk.value(field, FILE)?,
        }
        last = field.id;
    }
    Ok(())
}

/// A group of which not all children have come.
struct Open {
    /// How many are to come.
    children: usize,
    /// What the names down to it take.
    path: usize,
}

/// The elements of a schema: a tree, each group before its children.
fn schema(walk: &mut Walk<'_>) -> Result<(), Malformed> {
    let mut open: Vec<Open> = Vec::new();
    let mut paths = 0_usize;
    let count = walk.list(&ELEMENT)?;
    for left in (0..count).rev() {
        let (name, children) = element(walk)?;
        if children > left {
            return Err(Malformed("a group has more children than there are"));
        }
        while open.pop_if(|group| group.children == 0).is_some() {}
        let mut path = name + NAME;
        if let Some(parent) = open.last_mut() {
            parent.children -= 1;
            path += parent.path;
        }
        match children {
            0 => paths += path,
            _ if open.len() == DEEPEST => {
                return Err(Malformed("its groups are nested too deeply"));
            }
            _ => open.push(Open { children, path }),
        }
        if paths > LONGEST_PATHS {
            return Err(Malformed("the names of its groups are too long"));
        }
    }
    Ok(())
}

/// The length of the name of an element, and how many children it says it has.
fn element(walk: &mut Walk<'_>) -> Result<(usize, usize), Malformed> {
    let (mut name, mut children, mut last) = (0, 0, 0);
    while let Some(field) = walk.field(last)? {
        field.check(ELEMENT_FIELDS)?;
        match field.id {
            NAME_OF_ELEMENT => name = walk.binary()?.len(),
            CHILDREN => children = walk.size()?,
            _ => walk.value(field, ELEMENT_FIELDS)?,
        }
        last = field.id;
    }
    Ok((name, children))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer with one element of a schema after the other, each a name and how many children it has.
    fn footer(elements: &[(&str, i32)]) -> Vec<u8> {
        // Field 2 of the file: a list of structs, whose number follows.
        let mut bytes = vec![0x29, 0xfc];
        varint(&mut bytes, elements.len());
        for (name, children) in elements {
            // Field 4: a name. Field 5: a number, in zigzag.
            bytes.push(0x48);
            varint(&mut bytes, name.len());
            bytes.extend(name.as_bytes());
            bytes.push(0x15);
            varint(&mut bytes, usize::try_from(*children).unwrap() * 2);
            bytes.push(0);
        }
        bytes.push(0);
        bytes
    }

    fn varint(bytes: &mut Vec<u8>, mut number: usize) {
        while number > 0x7f {
            bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).unwrap());
    }

    fn why(footer: &[u8]) -> &'static str {
        check(footer).unwrap_err().0
    }

    #[test]
    fn a_count_beyond_the_bytes_is_refused_wherever_it_stands() {
        // The schema has 20 million elements, says its count; one element follows.
        assert_eq!(why(&[0x29, 0xfc, 0xb7, 0xff, 0xfc, 0x09, 0x00, 0x00]), MORE);
        // So do the row groups, and the pairs of keys and values.
        assert_eq!(why(&[0x49, 0xfc, 0xb7, 0xff, 0xfc, 0x09, 0x00]), MORE);
        assert_eq!(why(&[0x59, 0xfc, 0xb7, 0xff, 0xfc, 0x09, 0x00]), MORE);
    }

    const MORE: &str = "a list has more elements than bytes";

    #[test]
    fn a_list_that_is_called_a_number_is_refused() {
        // The decoder would take field 5 for its list of keys and values, whatever its type.
        let bytes = [0x55, 0xf8, 0xb7, 0xff, 0xfc, 0x09, 0x00];
        assert_eq!(why(&bytes), "a field has another type than it is to have");
    }

    #[test]
    fn groups_have_no_more_children_than_there_are() {
        assert_eq!(check(&footer(&[("r", 2), ("a", 0), ("b", 0)])), Ok(()));
        let more = footer(&[("r", 2), ("a", 0)]);
        assert_eq!(why(&more), "a group has more children than there are");
        assert_eq!(why(&footer(&[("r", i32::MAX)])), "a group has more children than there are");
    }

    #[test]
    fn groups_are_no_deeper_than_a_stack_bears() {
        let nested = |depth| [vec![("g", 1); depth], vec![("c", 0)]].concat();
        assert_eq!(check(&footer(&nested(DEEPEST))), Ok(()));
        assert_eq!(why(&footer(&nested(DEEPEST + 1))), "its groups are nested too deeply");
        assert_eq!(why(&footer(&nested(1_000_000))), "its groups are nested too deeply");
        // Groups that are done are no depth.
        let wide: Vec<_> =
            std::iter::once(("r", 1000)).chain([("g", 1), ("c", 0)].repeat(1000)).collect();
        assert_eq!(check(&footer(&wide)), Ok(()));
    }

    #[test]
    fn a_long_name_is_not_copied_for_each_of_many_columns() {
        let name = "n".repeat(1 << 16);
        let columns = |count: i32| {
            let columns = std::iter::repeat_n(("c", 0), usize::try_from(count).unwrap());
            footer(&std::iter::once((name.as_str(), count)).chain(columns).collect::<Vec<_>>())
        };
        assert_eq!(check(&columns(1000)), Ok(()));
        assert_eq!(why(&columns(2000)), "the names of its groups are too long");
    }
}
