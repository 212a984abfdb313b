//! Where the values of one array gather: of a fixed width, as text or as bytes.
//!
//! They are plain vectors beside a bitmap rather than Arrow's own builders, since a row that turns out
//! bad halfway has to be taken back ([`Fixed::truncate`]), which those can't do, and since what
//! overflows must be an error, where those panic.

use std::fmt::{Display, Write};

use arrow_buffer::{
    BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer,
    ScalarBuffer,
};

use crate::error::{Error, ErrorKind, Result};

/// Bits that tell values from nulls; nothing is allocated until the first null.
pub(crate) fn no_validity() -> NullBufferBuilder {
    NullBufferBuilder::new(0)
}

/// The bytes of a bitmap.
pub(crate) fn bitmap_bytes(validity: &NullBufferBuilder) -> usize {
    validity.as_slice().map_or(0, <[u8]>::len)
}

/// Values of a fixed width. Nulls hold the type's zero.
pub(crate) struct Fixed<N> {
    values: Vec<N>,
    validity: NullBufferBuilder,
}

impl<N: Copy + Default> Fixed<N> {
    pub(crate) fn new() -> Self {
        Fixed { values: Vec::new(), validity: no_validity() }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: N) {
        self.values.push(value);
        self.validity.append_non_null();
    }

    pub(crate) fn push_nulls(&mut self, count: usize) {
        self.values.resize(self.values.len() + count, N::default());
        self.validity.append_n_nulls(count);
    }

    pub(crate) fn reserve(&mut self, count: usize) {
        self.values.reserve(count);
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice()) + bitmap_bytes(&self.validity)
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        self.validity.truncate(len);
    }

    pub(crate) fn take(&mut self) -> (Vec<N>, Option<NullBuffer>) {
        (std::mem::take(&mut self.values), self.validity.finish())
    }
}

/// Booleans, eight in a byte.
pub(crate) struct Booleans {
    values: BooleanBufferBuilder,
    validity: NullBufferBuilder,
}

impl Booleans {
    pub(crate) fn new() -> Self {
        Booleans { values: BooleanBufferBuilder::new(0), validity: no_validity() }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: bool) {
        self.values.append(value);
        self.validity.append_non_null();
    }

    pub(crate) fn push_nulls(&mut self, count: usize) {
        self.values.append_n(count, false);
        self.validity.append_n_nulls(count);
    }

    pub(crate) fn reserve(&mut self, count: usize) {
        self.values.reserve(count);
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.values.as_slice().len() + bitmap_bytes(&self.validity)
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        self.validity.truncate(len);
    }

    pub(crate) fn take(&mut self) -> (BooleanBuffer, Option<NullBuffer>) {
        (self.values.finish(), self.validity.finish())
    }
}

/// Where each value ends in what holds them all; Arrow counts that in 31 bits.
struct Offsets(Vec<i32>);

impl Offsets {
    fn new() -> Self {
        Offsets(vec![0])
    }

    /// Ends a value.
    #[inline]
    fn push(&mut self, end: usize) -> Result<()> {
        let end = i32::try_from(end).map_err(|_| {
            Error::new(
                ErrorKind::Value,
                "a batch can't hold more than 2147483647 bytes or elements of a column; make \
                 batches smaller",
            )
        })?;
        self.0.push(end);
        Ok(())
    }

    /// Adds values that hold nothing.
    fn push_empty(&mut self, count: usize) {
        let end = self.0.last().copied().unwrap_or_default();
        self.0.resize(self.0.len() + count, end);
    }

    fn reserve(&mut self, count: usize) {
        self.0.reserve(count);
    }

    fn len(&self) -> usize {
        self.0.len() - 1
    }

    /// Where the last value ends.
    fn end(&self) -> usize {
        self.0.last().and_then(|end| usize::try_from(*end).ok()).unwrap_or_default()
    }

    fn bytes(&self) -> usize {
        size_of_val(self.0.as_slice())
    }

    fn truncate(&mut self, len: usize) {
        self.0.truncate(len.saturating_add(1));
    }

    fn take(&mut self) -> OffsetBuffer<i32> {
        OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(&mut self.0, vec![0])))
    }
}

/// Where values of any length end in what holds them all, and which of them are null.
pub(crate) struct Slots {
    offsets: Offsets,
    validity: NullBufferBuilder,
}

impl Slots {
    pub(crate) fn new() -> Self {
        Slots { offsets: Offsets::new(), validity: no_validity() }
    }

    /// Ends a value that is not null.
    #[inline]
    pub(crate) fn push(&mut self, end: usize) -> Result<()> {
        self.offsets.push(end)?;
        self.validity.append_non_null();
        Ok(())
    }

    pub(crate) fn push_nulls(&mut self, count: usize) {
        self.offsets.push_empty(count);
        self.validity.append_n_nulls(count);
    }

    pub(crate) fn reserve(&mut self, count: usize) {
        self.offsets.reserve(count);
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Where the last value ends.
    pub(crate) fn end(&self) -> usize {
        self.offsets.end()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.offsets.bytes() + bitmap_bytes(&self.validity)
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len);
        self.validity.truncate(len);
    }

    pub(crate) fn take(&mut self) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
        (self.offsets.take(), self.validity.finish())
    }
}

/// What holds the bytes of values of any length, one after the other.
pub(crate) trait Content: Default {
    fn len(&self) -> usize;
    fn truncate(&mut self, len: usize);
    fn into_bytes(self) -> Vec<u8>;
}

impl Content for String {
    fn len(&self) -> usize {
        self.len()
    }

    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }

    fn into_bytes(self) -> Vec<u8> {
        self.into_bytes()
    }
}

impl Content for Vec<u8> {
    fn len(&self) -> usize {
        self.len()
    }

    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }

    fn into_bytes(self) -> Vec<u8> {
        self
    }
}

/// Values of any length.
pub(crate) struct Varied<C> {
    slots: Slots,
    data: C,
}

/// Texts, one after the other.
pub(crate) type Text = Varied<String>;
/// Byte strings, one after the other.
pub(crate) type Bytes = Varied<Vec<u8>>;

impl<C: Content> Varied<C> {
    pub(crate) fn new() -> Self {
        Varied { slots: Slots::new(), data: C::default() }
    }

    /// Ends a value; one too many is taken back.
    #[inline]
    fn close(&mut self) -> Result<()> {
        let closed = self.slots.push(self.data.len());
        if closed.is_err() {
            self.data.truncate(self.slots.end());
        }
        closed
    }

    pub(crate) fn push_nulls(&mut self, count: usize) {
        self.slots.push_nulls(count);
    }

    pub(crate) fn reserve(&mut self, count: usize) {
        self.slots.reserve(count);
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.slots.bytes() + self.data.len()
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.slots.truncate(len);
        self.data.truncate(self.slots.end());
    }

    pub(crate) fn take(&mut self) -> (OffsetBuffer<i32>, Buffer, Option<NullBuffer>) {
        let (offsets, nulls) = self.slots.take();
        (offsets, Buffer::from_vec(std::mem::take(&mut self.data).into_bytes()), nulls)
    }
}

impl Text {
    #[inline]
    pub(crate) fn push(&mut self, text: &str) -> Result<()> {
        self.data.push_str(text);
        self.close()
    }

    /// Adds what a value prints, without a text of its own in between.
    pub(crate) fn print(&mut self, value: impl Display) -> Result<()> {
        if write!(self.data, "{value}").is_err() {
            self.data.truncate(self.slots.end());
            return Err(Error::new(ErrorKind::Value, "a value that can't be printed"));
        }
        self.close()
    }
}

impl Bytes {
    #[inline]
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.data.extend_from_slice(bytes);
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_31_bits_do_not_count_is_an_error_and_leaves_nothing() {
        let mut offsets = Offsets::new();
        offsets.push(i32::MAX as usize).unwrap();
        let error = offsets.push(i32::MAX as usize + 1).unwrap_err();
        assert!(error.to_string().contains("make batches smaller"));
        assert_eq!((offsets.len(), offsets.end()), (1, i32::MAX as usize));
    }

    #[test]
    fn a_text_that_was_taken_back_leaves_no_trace() {
        let mut text = Text::new();
        text.push("a").unwrap();
        text.push("bc").unwrap();
        text.push_nulls(2);
        text.truncate(1);
        text.print(7).unwrap();
        let (offsets, data, nulls) = text.take();
        assert_eq!((offsets.as_ref(), data.as_slice()), (&[0, 1, 2][..], &b"a7"[..]));
        assert!(nulls.is_none_or(|nulls| nulls.null_count() == 0));
        assert_eq!(text.len(), 0);
    }
}
