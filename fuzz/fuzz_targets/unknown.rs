//! Any bytes, for `formats::fuzzing::unknown`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| formats::fuzzing::unknown(data));
