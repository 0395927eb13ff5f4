#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onepoll_fuzz::range::keeps(bytes));
