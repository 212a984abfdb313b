//! Parquet.

mod compact;
mod footer;
mod options;
mod pages;
mod reader;
mod source;
mod writer;

pub use options::{ParquetCompression, ParquetOptions};
pub(crate) use reader::ParquetFile;
pub(crate) use writer::ParquetWriter;
