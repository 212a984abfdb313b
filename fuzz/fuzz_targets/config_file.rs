//! Any bytes, for `bulk_cli::fuzzing::config_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulk_cli::fuzzing::config_file(data));
