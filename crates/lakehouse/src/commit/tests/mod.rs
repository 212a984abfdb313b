//! Commits against a catalog that fails as it is told to, and against a real one; with real files on a disk.

mod catalog;
mod concurrency;
mod contents;
mod fixture;
mod outcomes;
mod replacing;
