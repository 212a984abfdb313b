//! Any bytes, for `bulk::fuzzing::import_journal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulk::fuzzing::import_journal(data));
