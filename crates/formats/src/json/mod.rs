//! JSON: one object a line, or an array of objects.

mod array;
mod element;
mod keys;
mod lines;
mod rows;

pub(crate) use array::read as read_array;
pub(crate) use keys::first_keys;
pub(crate) use lines::read as read_lines;
