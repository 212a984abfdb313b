//! Any bytes, for `bulk_cli::fuzzing::flag`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulk_cli::fuzzing::flag(data));
