//! What holds for every kind of store and every format, on whole files.
#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod bad;
mod corpus;
mod csv;
mod disk;
mod files;
mod laws;
mod opening;
mod reading;
mod roundtrip;
mod sample;
mod sources;
mod streams;
