//! Any bytes, for `bulk::fuzzing::manifest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulk::fuzzing::manifest(data));
