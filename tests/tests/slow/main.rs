//! Tables that are slow to read in one place: very wide rows, a giant partition, tombstones, ranges that
//! always time out. The rest is not kept waiting, and what cannot be read is named.

mod giant;
mod timeouts;
mod tombstones;
mod widths;
