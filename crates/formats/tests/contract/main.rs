//! What holds for every kind of store and every format, on whole files.
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod csv;
mod disk;
mod files;
mod roundtrip;
mod sample;
mod streams;
