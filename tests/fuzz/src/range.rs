//! Ranges never leave the file, never overlap, and hold just the bytes that were asked for.

use onepoll::http::range::{Selection, select};

pub fn keeps(bytes: &[u8]) {
    let (first, value) = super::varied(bytes);
    // Lengths around the powers of two, to the last of them.
    let length = match first {
        ..64 => u64::from(first),
        64..128 => 1 << (first - 64),
        128..192 => (1 << (first - 128)) - 1,
        _ => u64::MAX << (first - 192),
    };
    let selection = select(value, length);
    assert!(length > 0 || selection == Selection::Whole, "of nothing there is no part");
    let Selection::Parts(parts) = selection else { return };
    assert!(!parts.is_empty() && parts.len() <= 16);
    for (at, part) in parts.iter().enumerate() {
        assert!(part.start < part.end && part.end <= length, "{part:?} of {length}");
        let touches = |other: &&std::ops::Range<u64>| other.start <= part.end && part.start <= other.end;
        assert_eq!(parts[at + 1..].iter().find(touches), None, "{parts:?}");
    }
    let asked = asked(value, length);
    for position in (0..64).chain(length.saturating_sub(64)..length).filter(|position| *position < length) {
        let is_sent = parts.iter().any(|part| part.contains(&position));
        let is_asked = asked.iter().any(|(first, last)| (*first..=*last).contains(&u128::from(position)));
        assert_eq!(is_sent, is_asked, "byte {position} of {length}");
    }
}

/// First and last byte of every range in an accepted list, as RFC 9110 §14.1.2 counts them, with room for any number.
fn asked(value: &[u8], length: u64) -> Vec<(u128, u128)> {
    let text = std::str::from_utf8(value).expect("an accepted list is text");
    let number = |digits: &str| digits.parse::<u128>().unwrap_or(u128::MAX);
    let list = text.split_once('=').expect("an accepted list has a unit").1.split(',');
    let specs = list.map(|spec| spec.trim_matches([' ', '\t'])).filter(|spec| !spec.is_empty());
    specs
        .filter_map(|spec| match spec.split_once('-').expect("a spec has a hyphen") {
            ("", "") => panic!("accepted: {spec:?}"),
            ("", count) if number(count) == 0 => None,
            ("", count) => Some((u128::from(length).saturating_sub(number(count)), u128::from(length))),
            (first, "") => Some((number(first), u128::MAX)),
            (first, last) => Some((number(first), number(last))),
        })
        .collect()
}
