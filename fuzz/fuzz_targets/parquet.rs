//! Any bytes, for `formats::fuzzing::parquet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| formats::fuzzing::parquet(data));
