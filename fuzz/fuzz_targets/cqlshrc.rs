//! Any bytes, for `bulk_cli::fuzzing::cqlshrc`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulk_cli::fuzzing::cqlshrc(data));
