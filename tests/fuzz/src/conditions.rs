//! Preconditions: each outcome has a field that can bring it about, and a weak tag is never taken for the very bytes.

use onepoll::http::conditional::{Precondition, evaluate, holds, range_applies};
use onepoll::http::fields::{FieldSlots, Fields};
use onepoll::http::validators::{EntityTag, Strength, Validators};
use std::time::{Duration, UNIX_EPOCH};

/// `Sat, 29 Oct 1994 19:43:31 GMT`, and a time of day a year later.
const MODIFIED: u64 = 783_459_811;
const NOW: Duration = Duration::from_secs(MODIFIED + 31_536_000);

pub fn keeps(bytes: &[u8]) {
    let section = [bytes, b"\r\n\r\n"].concat();
    let mut slots = FieldSlots::new();
    let Ok(fields) = Fields::parse(&section, &mut slots) else { return };
    let has = |name| fields.first(name).is_some();
    let of = |strength, modified| {
        let etag = EntityTag { opaque: "a,b".into(), strength };
        Validators { etag, modified }
    };
    for modified in [None, Some(MODIFIED), Some(u64::MAX)] {
        let [strong, weak] = [Strength::Strong, Strength::Weak].map(|strength| of(strength, modified));
        let [outcome, of_weak] = [strong, weak].map(|validators| evaluate(fields, || validators));
        for outcome in [outcome, of_weak] {
            assert!(match outcome {
                Precondition::Holds => true,
                Precondition::NotModified => has("if-none-match") || has("if-modified-since"),
                Precondition::Failed => has("if-match") || has("if-unmodified-since"),
            });
        }
        // Only If-Match compares strongly, so a weak tag can fail where a strong one does not, and nowhere else.
        assert!(outcome == of_weak || (has("if-match") && of_weak == Precondition::Failed));
        let is_known = holds(fields, || strong.etag);
        assert_eq!(holds(fields, || weak.etag), is_known);
        assert!(!is_known || matches!(outcome, Precondition::NotModified | Precondition::Failed));
        let applies = [strong, weak].map(|validators| range_applies(fields, || validators, UNIX_EPOCH + NOW));
        assert!(applies[0] || !applies[1]);
        assert!(has("if-range") || applies == [true, true]);
    }
}
