//! Any bytes, for `bulk::fuzzing::iceberg_mark`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulk::fuzzing::iceberg_mark(data));
