//! Any bytes, for `bulk::fuzzing::arguments`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulk::fuzzing::arguments(data));
