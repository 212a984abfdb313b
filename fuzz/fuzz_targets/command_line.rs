//! Any bytes, for `bulk_cli::fuzzing::command_line`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulk_cli::fuzzing::command_line(data));
