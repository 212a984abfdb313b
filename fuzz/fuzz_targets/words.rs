//! Any bytes, for `formats::fuzzing::words`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| formats::fuzzing::words(data));
