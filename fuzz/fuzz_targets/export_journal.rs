//! Any bytes, for `bulk::fuzzing::export_journal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulk::fuzzing::export_journal(data));
