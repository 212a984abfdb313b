//! Rows that were deleted after their files had been written. They are taken away or the table is refused;
//! they are never read.
//!
//! Which files of deletes have to do with a data file is decided in [`mod@file`], by the rules of the Iceberg
//! specification ("Scan Planning"); what is in them is read in [`positions`] and [`equality`].

mod equality;
mod file;
mod loaded;
mod positions;

pub(crate) use file::DeleteFile;
pub(crate) use loaded::{Deletes, LoadedDeletes};
