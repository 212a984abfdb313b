//! Where values gather that have other values inside: collections, vectors, tuples, user-defined types,
//! and durations, which Arrow holds as three numbers.

use arrow_buffer::NullBufferBuilder;
use arrow_schema::Field;

use super::buffer::{Slots, bitmap_bytes, no_validity};
use super::column::ColumnBuilder;
use crate::error::Result;

/// The three columns of durations.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) months: Vec<i32>,
    pub(super) days: Vec<i32>,
    pub(super) nanoseconds: Vec<i64>,
}

/// Durations. Null ones hold zeros.
pub(crate) struct Durations {
    pub(super) parts: Parts,
    pub(super) validity: NullBufferBuilder,
}

impl Durations {
    pub(super) fn new() -> Self {
        Durations { parts: Parts::default(), validity: no_validity() }
    }

    pub(crate) fn push(&mut self, months: i32, days: i32, nanoseconds: i64) {
        self.parts.months.push(months);
        self.parts.days.push(days);
        self.parts.nanoseconds.push(nanoseconds);
        self.validity.append_non_null();
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        let len = self.validity.len() + count;
        self.parts.months.resize(len, 0);
        self.parts.days.resize(len, 0);
        self.parts.nanoseconds.resize(len, 0);
        self.validity.append_n_nulls(count);
    }

    pub(super) fn reserve(&mut self, count: usize) {
        self.parts.months.reserve(count);
        self.parts.days.reserve(count);
        self.parts.nanoseconds.reserve(count);
    }

    pub(super) fn len(&self) -> usize {
        self.validity.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.validity.len() * 16 + bitmap_bytes(&self.validity)
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.parts.months.truncate(len);
        self.parts.days.truncate(len);
        self.parts.nanoseconds.truncate(len);
        self.validity.truncate(len);
    }
}

/// Lists or sets. To add one: append its elements to [`Lists::element`], then [`Lists::close`].
pub(crate) struct Lists {
    pub(crate) element: Box<ColumnBuilder>,
    pub(super) slots: Slots,
}

impl Lists {
    pub(super) fn new(element: &Field) -> Result<Self> {
        Ok(Lists { element: Box::new(ColumnBuilder::new(element)?), slots: Slots::new() })
    }

    /// Makes a list of the elements appended since the last one.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.slots.push(self.element.len())
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        self.slots.push_nulls(count);
    }

    pub(super) fn reserve(&mut self, count: usize) {
        self.slots.reserve(count);
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.slots.bytes() + self.element.bytes()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.slots.truncate(len);
        self.element.truncate(self.slots.end());
    }
}

/// Maps. To add one: append keys (no nulls) and as many values, then [`Maps::close`].
pub(crate) struct Maps {
    pub(crate) key: Box<ColumnBuilder>,
    pub(crate) value: Box<ColumnBuilder>,
    pub(super) slots: Slots,
}

impl Maps {
    pub(super) fn new(key: &Field, value: &Field) -> Result<Self> {
        let (key, value) = (ColumnBuilder::new(key)?, ColumnBuilder::new(value)?);
        Ok(Maps { key: Box::new(key), value: Box::new(value), slots: Slots::new() })
    }

    /// Makes a map of the entries appended since the last one.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.slots.push(self.key.len())
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        self.slots.push_nulls(count);
    }

    pub(super) fn reserve(&mut self, count: usize) {
        self.slots.reserve(count);
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.slots.bytes() + self.key.bytes() + self.value.bytes()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.slots.truncate(len);
        self.key.truncate(self.slots.end());
        self.value.truncate(self.slots.end());
    }
}

/// Vectors. To add one: append exactly [`Vectors::size`] elements, then [`Vectors::close`].
pub(crate) struct Vectors {
    pub(crate) element: Box<ColumnBuilder>,
    pub(crate) size: usize,
    pub(super) validity: NullBufferBuilder,
}

impl Vectors {
    pub(super) fn new(element: &Field, size: usize) -> Result<Self> {
        let element = Box::new(ColumnBuilder::new(element)?);
        Ok(Vectors { element, size, validity: no_validity() })
    }

    /// Makes a vector of the elements appended since the last one.
    pub(crate) fn close(&mut self) {
        self.validity.append_non_null();
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        self.element.append_nulls(count * self.size);
        self.validity.append_n_nulls(count);
    }

    pub(super) fn reserve(&mut self, count: usize) {
        self.element.reserve(count * self.size);
    }

    pub(super) fn len(&self) -> usize {
        self.validity.len()
    }

    pub(super) fn bytes(&self) -> usize {
        bitmap_bytes(&self.validity) + self.element.bytes()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.validity.truncate(len);
        self.element.truncate(len * self.size);
    }
}

/// Values of a user-defined type, or tuples. To add one: append one value, or null, to each of
/// [`Structs::children`], then [`Structs::close`].
pub(crate) struct Structs {
    pub(crate) children: Vec<ColumnBuilder>,
    pub(super) validity: NullBufferBuilder,
}

impl Structs {
    pub(super) fn new<'a>(fields: impl IntoIterator<Item = &'a Field>) -> Result<Self> {
        let children = fields.into_iter().map(ColumnBuilder::new).collect::<Result<_>>()?;
        Ok(Structs { children, validity: no_validity() })
    }

    /// Makes a struct of the values appended since the last one.
    pub(crate) fn close(&mut self) {
        self.validity.append_non_null();
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        for child in &mut self.children {
            child.append_nulls(count);
        }
        self.validity.append_n_nulls(count);
    }

    pub(super) fn reserve(&mut self, count: usize) {
        for child in &mut self.children {
            child.reserve(count);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.validity.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let children = self.children.iter().map(ColumnBuilder::bytes).sum::<usize>();
        bitmap_bytes(&self.validity) + children
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.validity.truncate(len);
        for child in &mut self.children {
            child.truncate(len);
        }
    }
}
