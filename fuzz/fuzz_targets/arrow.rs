//! Any bytes, for `formats::fuzzing::arrow`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| formats::fuzzing::arrow(data));
