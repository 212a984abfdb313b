//! Any bytes, for `bulk_cli::fuzzing::control`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulk_cli::fuzzing::control(data));
