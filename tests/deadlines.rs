//! Which connection times out next: the deadlines expire in the order of time.

use onepoll::conn::Wait;
use onepoll::reactor::deadlines::Deadlines;
use onepoll::service::limits::Limits;
use std::time::{Duration, Instant};

#[test]
fn whoever_waited_longest_is_due_first() {
    let limits = Limits::default();
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut deadlines = Deadlines::default();
    assert_eq!(deadlines.next(&limits), None);
    for (key, second) in [(5, 0), (0, 1), (3, 2)] {
        deadlines.set(key, Wait::Idle, at(second));
    }
    deadlines.set(7, Wait::Head, at(2));
    assert_eq!(deadlines.longest(Wait::Idle), Some(5));
    assert_eq!(deadlines.next(&limits), Some(at(2) + limits.head_timeout));
    deadlines.set(5, Wait::Idle, at(3));
    assert_eq!(deadlines.longest(Wait::Idle), Some(0), "5 moved to the end");
    deadlines.set(0, Wait::Idle, at(1));
    assert_eq!(deadlines.longest(Wait::Idle), Some(0), "nothing changed for 0");
    deadlines.clear(3);
    deadlines.clear(0);
    deadlines.clear(0);
    assert_eq!(deadlines.longest(Wait::Idle), Some(5));
    assert_eq!(deadlines.expired(at(2) + limits.head_timeout, &limits), Some(7));
    deadlines.clear(7);
    assert_eq!(deadlines.expired(at(2) + limits.idle_timeout, &limits), None);
    assert_eq!(deadlines.expired(at(3) + limits.idle_timeout, &limits), Some(5));
    deadlines.clear(5);
    assert_eq!(deadlines.next(&limits), None);
}
