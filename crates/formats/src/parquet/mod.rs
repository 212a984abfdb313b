//! Parquet.

mod options;
mod reader;
mod writer;

pub use options::{ParquetCompression, ParquetOptions};
pub(crate) use reader::ParquetFile;
pub(crate) use writer::ParquetWriter;
