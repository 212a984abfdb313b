//! The inputs that fuzzing begins with, and those it has found, in `fuzz/seeds`: for the unit tests of the
//! crates that are fuzzed, so that their laws hold on each of them in every `cargo test`.
#![forbid(unsafe_code)]

mod target;

pub use target::keep;
