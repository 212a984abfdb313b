//! Thrift's compact protocol, walked through by a grammar, with nothing kept and nothing allocated.
//!
//! Decoders read a field by its number and believe its counts: one whose type is another than theirs is read
//! as theirs all the same, and a list gets room for all its elements before there is one. So a walk takes
//! only fields that have the type of the grammar, and counts that the bytes which are left can hold: an
//! element takes a byte at least. What a walk has come through, a decoder reads in the same places.

use std::fmt;

/// The type of a value.
#[derive(Debug)]
pub(super) enum Kind {
    Bool,
    Byte,
    /// A whole number of any width.
    Int,
    Double,
    /// Bytes, or text.
    Binary,
    List(&'static Kind),
    /// A struct or a union: its fields by their numbers. Those of other numbers may be anything.
    Struct(&'static [(i16, Kind)]),
}

/// What a struct has next: the number of a field, and its type as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) id: i16,
    wire: u8,
}

/// Why a walk ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

/// How deep values of unknown fields may be nested. Those of known ones are no deeper than the grammar.
const DEEPEST: usize = 32;
/// Bytes of a number: seven bits in each, 64 in all.
const LONGEST: u32 = 10;

/// Bytes that are walked through.
#[derive(Debug)]
pub(super) struct Walk<'a>(&'a [u8]);

impl<'a> Walk<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Walk(bytes)
    }

    /// What has not been walked through.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next field of a struct, after the one of the number `last` (0 before the first); none at its end.
    pub(super) fn field(&mut self, last: i16) -> Result<Option<Field>, Malformed> {
        let header = self.byte()?;
        let (delta, wire) = (header >> 4, header & 0xf);
        if wire == 0 {
            return Ok(None);
        }
        let id = match delta {
            0 => i16::try_from(self.int()?).ok(),
            delta => last.checked_add(delta.into()),
        };
        Ok(Some(Field { id: id.ok_or(Malformed("a field's number is out of range"))?, wire }))
    }

    /// Walks through the value of a field of one of these.
    pub(super) fn value(&mut self, field: Field, fields: &[(i16, Kind)]) -> Result<(), Malformed> {
        self.value_of(field, fields, DEEPEST)
    }

    fn value_of(
        &mut self,
        field: Field,
        fields: &[(i16, Kind)],
        depth: usize,
    ) -> Result<(), Malformed> {
        match field.check(fields)? {
            // The value of a boolean is in its type.
            _ if matches!(field.wire, 1 | 2) => Ok(()),
            Some(kind) => self.known(kind, depth),
            None => self.unknown(field.wire, depth),
        }
    }

    fn known(&mut self, kind: &Kind, depth: usize) -> Result<(), Malformed> {
        let deeper = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        match kind {
            Kind::Bool | Kind::Byte => self.skip(1),
            Kind::Int => self.number().map(drop),
            Kind::Double => self.skip(8),
            Kind::Binary => self.binary().map(drop),
            Kind::List(of) => (0..self.list(of)?).try_for_each(|_| self.known(of, deeper)),
            Kind::Struct(fields) => self.fields(fields, deeper),
        }
    }

    fn unknown(&mut self, wire: u8, depth: usize) -> Result<(), Malformed> {
        let deeper = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        match wire {
            3 => self.skip(1),
            4..=6 => self.number().map(drop),
            7 => self.skip(8),
            8 => self.binary().map(drop),
            9 => {
                let (count, wire) = self.any_list()?;
                if count > 0 && matches!(wire, 1 | 2) {
                    // The decoder takes no byte for each, and loses its place.
                    return Err(Malformed("an unknown field has a list of booleans"));
                }
                (0..count).try_for_each(|_| self.unknown(wire, deeper))
            }
            12 => self.fields(&[], deeper),
            _ => Err(Malformed("a value has a type that there is not")),
        }
    }

    fn fields(&mut self, fields: &[(i16, Kind)], depth: usize) -> Result<(), Malformed> {
        let mut last = 0;
        while let Some(field) = self.field(last)? {
            self.value_of(field, fields, depth)?;
            last = field.id;
        }
        Ok(())
    }

    /// The number of elements of a list, which follow.
    pub(super) fn list(&mut self, of: &Kind) -> Result<usize, Malformed> {
        match self.any_list()? {
            (0, _) => Ok(0),
            (count, wire) if of.is_written_as(wire) => Ok(count),
            _ => Err(Malformed("a list has elements of another type")),
        }
    }

    fn any_list(&mut self) -> Result<(usize, u8), Malformed> {
        let header = self.byte()?;
        let count = match header >> 4 {
            15 => self.number()?,
            count => count.into(),
        };
        match usize::try_from(count) {
            Ok(count) if count <= self.0.len() => Ok((count, header & 0xf)),
            _ => Err(Malformed("a list has more elements than bytes")),
        }
    }

    /// The bytes of a binary, or of text.
    pub(super) fn binary(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| CUT)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(CUT)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A number that is a size, or a count, of 32 bits.
    pub(super) fn size(&mut self) -> Result<usize, Malformed> {
        let size = i32::try_from(self.int()?).ok();
        size.and_then(|size| usize::try_from(size).ok()).ok_or(Malformed("a size is out of range"))
    }

    /// A signed number.
    fn int(&mut self) -> Result<i64, Malformed> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for at in 0..LONGEST {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed("a number is too long"))
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.0.split_off_first().copied().ok_or(CUT)
    }

    /// Passes over bytes that are no value.
    pub(super) fn skip(&mut self, bytes: usize) -> Result<(), Malformed> {
        self.0 = self.0.get(bytes..).ok_or(CUT)?;
        Ok(())
    }
}

const CUT: Malformed = Malformed("it ends within a value");
const TOO_DEEP: Malformed = Malformed("its values are nested too deeply");

impl Field {
    /// What it is to be among these, if it is one of them. A field of another type is refused.
    pub(super) fn check(self, fields: &[(i16, Kind)]) -> Result<Option<&Kind>, Malformed> {
        match fields.iter().find(|(id, _)| *id == self.id) {
            Some((_, kind)) if !kind.is_written_as(self.wire) => {
                Err(Malformed("a field has another type than it is to have"))
            }
            found => Ok(found.map(|(_, kind)| kind)),
        }
    }
}

impl Kind {
    fn is_written_as(&self, wire: u8) -> bool {
        match self {
            Kind::Bool => matches!(wire, 1 | 2),
            Kind::Byte => wire == 3,
            // Of all widths, they are written the same.
            Kind::Int => matches!(wire, 4..=6),
            Kind::Double => wire == 7,
            Kind::Binary => wire == 8,
            Kind::List(_) => wire == 9,
            Kind::Struct(_) => wire == 12,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[(i16, Kind)] = &[
        (1, Kind::Bool),
        (2, Kind::Int),
        (3, Kind::List(&Kind::Bool)),
        (4, Kind::Struct(&[(1, Kind::Binary), (2, Kind::Double), (3, Kind::Byte)])),
    ];

    /// Walks through a struct, and gives how many bytes are left after it.
    fn walk(bytes: &[u8]) -> Result<usize, Malformed> {
        let mut walk = Walk::new(bytes);
        walk.fields(KNOWN, DEEPEST)?;
        Ok(walk.rest().len())
    }

    #[test]
    fn a_struct_is_walked_through_to_its_end() {
        assert_eq!(walk(&[0x00, 0xff]), Ok(1));
        // A boolean has no bytes but in a list; a number may have several.
        assert_eq!(walk(&[0x11, 0x15, 0x80, 0x01, 0x19, 0x21, 0x01, 0x02, 0x00]), Ok(0));
        let inner = [&[0x18, 0x02, b'a', b'b', 0x17][..], &[0; 8], &[0x13, 0xff, 0x00]].concat();
        assert_eq!(walk(&[&[0x4c][..], &inner, &[0x00]].concat()), Ok(0));
        // The number of a field in full, instead of its distance; and no element of no type.
        assert_eq!(walk(&[0x05, 0x04, 0x00, 0x09, 0x06, 0x00, 0x00]), Ok(0));
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        let unknown =
            [0x91, 0x13, 0x00, 0x16, 0x00, 0x18, 0x00, 0x19, 0x23, 0x00, 0x00, 0x1c, 0x00];
        assert_eq!(walk(&[&unknown[..], &[0x00]].concat()), Ok(0));
        assert_eq!(
            walk(&[0x99, 0x12, 0x01, 0x00]).unwrap_err().0,
            "an unknown field has a list of booleans"
        );
        assert!(walk(&[0x9b, 0x00, 0x00]).is_err(), "there are no maps");
        let deep = [&[0x9c][..], &[0x1c; 100]].concat();
        assert_eq!(walk(&deep), Err(TOO_DEEP));
        assert_eq!(walk(&[&[0x99][..], &[0x19; 100]].concat()), Err(TOO_DEEP));
    }

    #[test]
    fn what_is_cut_is_refused_wherever_it_is() {
        let whole =
            [0x11, 0x15, 0x80, 0x01, 0x19, 0x21, 0x01, 0x02, 0x1c, 0x18, 0x01, b'a', 0x00, 0x00];
        assert_eq!(walk(&whole), Ok(0));
        for end in 0..whole.len() {
            assert!(walk(&whole[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn numbers_have_64_bits_and_a_sign() {
        let int = |bytes: &[u8]| Walk::new(bytes).int();
        assert_eq!((int(&[0x00]), int(&[0x01]), int(&[0x02])), (Ok(0), Ok(-1), Ok(1)));
        let longest = [&[0xff; 9][..], &[0x01]].concat();
        assert_eq!(int(&longest), Ok(i64::MIN));
        assert_eq!(int(&[0x80; 10]), Err(Malformed("a number is too long")));
        assert_eq!(
            Walk::new(&[0x80, 0x80, 0x80, 0x80, 0x10]).size(),
            Err(Malformed("a size is out of range"))
        );
        assert_eq!(Walk::new(&[0x01]).size(), Err(Malformed("a size is out of range")));
    }
}
