//! What the warm path takes from the allocator: nothing.

#[path = "../benches/scripted/mod.rs"]
mod scripted;

use scripted::Visit;

#[test]
fn a_request_for_a_file_in_memory_allocates_nothing() {
    const REQUESTS: usize = 100;
    let mut visit = Visit::new();
    visit.request();
    let allocations = || allocation_counter::measure(|| _ = visit.request()).count_total;
    let counts: Vec<_> = std::iter::repeat_with(allocations).take(REQUESTS).collect();
    // The date is written once a second, and they take less than one.
    let busy = counts.iter().filter(|count| **count > 0).count();
    assert!(busy <= 1, "{counts:?}");
}
