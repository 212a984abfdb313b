//! CSV.

mod encoding;
mod fields;
mod options;
mod reader;
mod writer;

pub use options::{CsvOptions, Escape};
pub(crate) use reader::CsvFile;
pub(crate) use writer::CsvWriter;
