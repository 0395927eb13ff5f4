//! A request's head: where it ends and how its content is framed do not depend on how it was cut, and agree with a
//! reading that is so simple that nothing can be wrong with it.

use onepoll::http::fields::{FieldSlots, is_token, trim};
use onepoll::http::framing::Framing;
use onepoll::http::lines::{HeadScan, request_line};
use onepoll::http::request::Request;
use onepoll::http::{HeadLimits, Refusal};
use std::ops::Range;

const LIMITS: HeadLimits = HeadLimits { request_line_bytes_max: 100, head_bytes_max: 300, fields_max: 10 };

pub fn keeps(bytes: &[u8]) {
    let (seed, bytes) = super::varied(bytes);
    let found = HeadScan::default().find(bytes, &LIMITS);
    let ends = super::cut(bytes, seed).into_iter().scan(0, |end, piece| {
        *end += piece.len();
        Some(*end)
    });
    assert_eq!(find_in_pieces(bytes, ends), found, "cut and whole");
    let Ok(Some(range)) = found else { return };
    let head = &bytes[range.clone()];
    assert!(bytes[..range.start].iter().all(|byte| b"\r\n".contains(byte)), "only empty lines are skipped");
    assert!(head.ends_with(b"\r\n\r\n") && head.len() <= LIMITS.head_bytes_max + 4);
    let mut slots = FieldSlots::new();
    if let Ok(request) = Request::parse(head, &mut slots) {
        assert_eq!(request.line, request_line(bytes));
        assert_eq!(request.framing, framing(head));
        assert!(request.host.is_none_or(|host| !host.is_empty() && !host.contains(['@', '/', ' '])));
        assert!(request.host.is_none_or(|host| !host.starts_with('.') && !host.contains("..")));
        assert!(
            connection_options(head).iter().all(|option| option.is_empty() || is_token(option.as_bytes()))
        );
        request.prefers_json();
    }
}

fn find_in_pieces(bytes: &[u8], ends: impl Iterator<Item = usize>) -> Result<Option<Range<usize>>, Refusal> {
    let mut scan = HeadScan::default();
    for end in ends {
        match scan.find(&bytes[..end], &LIMITS) {
            Ok(None) => {}
            found => return found,
        }
    }
    Ok(None)
}

/// What `Connection` lists in an accepted head.
fn connection_options(head: &[u8]) -> Vec<String> {
    let head = String::from_utf8_lossy(head).into_owned();
    let options = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        let value = if name.eq_ignore_ascii_case("connection") { value } else { "" };
        value.split(',').map(|option| option.trim_matches([' ', '\t']).to_owned()).collect::<Vec<_>>()
    };
    head.split("\r\n").flat_map(options).collect()
}

/// What the field lines of an accepted head say of the content.
fn framing(head: &[u8]) -> Framing {
    let head = String::from_utf8_lossy(head).into_owned();
    let lines = head.trim_end_matches("\r\n").split("\r\n").skip(1);
    let fields: Vec<_> = lines.map(|line| line.split_once(':').expect("a field line has a colon")).collect();
    assert!(fields.iter().all(|(name, _)| is_token(name.as_bytes())));
    let values = |wanted: &str| {
        let lines = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        lines.map(|(_, value)| std::str::from_utf8(trim(value.as_bytes())).unwrap()).collect::<Vec<_>>()
    };
    match (&values("content-length")[..], &values("transfer-encoding")[..]) {
        ([], []) => Framing::Length(0),
        ([digits], []) => Framing::Length(digits.parse().expect("only digits are accepted")),
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
        (lengths, codings) => panic!("accepted: Content-Length {lengths:?}, Transfer-Encoding {codings:?}"),
    }
}
