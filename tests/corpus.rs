//! Inputs that a fuzzer has found, tried again. `tests/fuzz/run` looks for more.

#[path = "fuzz/src/lib.rs"]
mod promises;

use std::fs;
use std::panic::catch_unwind;

/// Panics if these bytes break a promise of the parsers.
type Keeps = fn(&[u8]);

#[test]
fn what_a_fuzzer_came_upon_breaks_no_promise() {
    let targets: [(&str, Keeps); 7] = [
        ("head", promises::head::keeps),
        ("body", promises::body::keeps),
        ("range", promises::range::keeps),
        ("conditions", promises::conditions::keeps),
        ("encoding", promises::encoding::keeps),
        ("target", promises::target::keeps),
        ("connection", promises::connection::keeps),
    ];
    for (target, keeps) in targets {
        let folder = format!("{}/tests/fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let broken: Vec<_> =
            files.filter(|file| catch_unwind(|| keeps(&fs::read(file).unwrap())).is_err()).collect();
        assert!(broken.is_empty(), "{broken:?}");
    }
}
