//! Codings: each at most once, never one that was refused, and the same whether a list stands in one line or in many.

use onepoll::http::encoding::{Accepted, Coding};
use onepoll::http::fields::{FieldSlots, Fields};

pub fn keeps(bytes: &[u8]) {
    // Lines are ended, and control bytes refused, before there are fields.
    if bytes.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return;
    }
    let line = |value: &[u8]| [b"Accept-Encoding: ", value, b"\r\n"].concat();
    let Some(one) = accepted(line(bytes)) else { return };
    for (at, coding) in one.iter().enumerate() {
        assert!(!one[at + 1..].contains(coding), "{one:?}");
    }
    let lines = bytes.split(|byte| *byte == b',').flat_map(line).collect();
    assert_eq!(accepted(lines).unwrap_or(one.clone()), one, "in many lines");

    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    for coding in Coding::ALL.into_iter().filter(|coding| *coding != Coding::Identity) {
        let is_named = text.contains(coding.name()) || text.contains('*');
        assert!(is_named || !one.contains(&coding), "{coding:?} was not asked for");
    }
    let is_refused = ["identity", "*"].iter().any(|name| text.contains(name));
    assert!(is_refused || one.contains(&Coding::Identity), "nobody refused what is not coded");
}

/// `None` where this is no section of fields, or one with too many.
fn accepted(lines: Vec<u8>) -> Option<Vec<Coding>> {
    let section = [&lines[..], b"\r\n"].concat();
    let mut slots = FieldSlots::new();
    let fields = Fields::parse(&section, &mut slots).ok()?;
    Some(Accepted::by(fields).codings().to_vec())
}
