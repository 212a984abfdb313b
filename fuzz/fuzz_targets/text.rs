//! Any bytes, for `cql_arrow::fuzzing::text`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cql_arrow::fuzzing::text(data));
