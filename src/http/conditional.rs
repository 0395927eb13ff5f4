//! Preconditions: whether a request is carried out, by the version that the client has already (RFC 9110 §13).
//!
//! This file compares fields of a request with validators. It does not know where a representation comes from.

use super::fields::Fields;
use super::validators::{EntityTag, Validators};
use std::time::SystemTime;

/// The result of the preconditions of a GET or a HEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// The request is carried out.
    Holds,
    /// 304: the client has this version already.
    NotModified,
    /// 412: the client asked for an older version, and only for that.
    Failed,
}

/// Evaluates the preconditions in the order of RFC 9110 §13.2.2. A field whose value is no date is ignored where a date
/// belongs. The validators are made only if there is a precondition.
pub fn evaluate(fields: Fields<'_>, validators: impl FnOnce() -> Validators) -> Precondition {
    if fields.lacks(["if-match", "if-unmodified-since", "if-none-match", "if-modified-since"]) {
        return Precondition::Holds;
    }
    let validators = &validators();
    let etag = &validators.etag;
    if let Some(matches) = any_tag(fields, "if-match", |tag| etag.matches_strongly(tag)) {
        if !matches {
            return Precondition::Failed;
        }
    } else if date(fields, "if-unmodified-since", validators) == Some(false) {
        return Precondition::Failed;
    }
    if let Some(matches) = any_tag(fields, "if-none-match", |tag| etag.matches_weakly(tag)) {
        if matches {
            return Precondition::NotModified;
        }
    } else if date(fields, "if-modified-since", validators) == Some(true) {
        return Precondition::NotModified;
    }
    Precondition::Holds
}

/// Whether `Range` applies: `If-Range` names the current version by a strong tag or by its date, or is absent
/// (RFC 9110 §13.1.5).
pub fn range_applies(fields: Fields<'_>, validators: impl FnOnce() -> Validators, now: SystemTime) -> bool {
    if fields.lacks(["if-range"]) {
        return true;
    }
    let validators = validators();
    let mut values = fields.all("if-range");
    match (values.next(), values.next()) {
        (None, _) => true,
        (Some(tag), None) if tag.starts_with(b"\"") || tag.starts_with(b"W/") => {
            validators.etag.matches_strongly(tag)
        }
        (Some(date), None) => validators.is_exactly(date, now),
        (Some(_), Some(_)) => false,
    }
}

/// Whether the client asks for parts of the representation tagged `etag`: `If-Range` or `If-Match` has this tag, by the
/// strong comparison. The tag is made only if there is such a field.
pub fn wants_parts_of(fields: Fields<'_>, etag: impl FnOnce() -> EntityTag) -> bool {
    if fields.lacks(["if-range", "if-match"]) {
        return false;
    }
    let etag = etag();
    let is_in_if_range = sole(fields, "if-range").is_some_and(|tag| etag.matches_strongly(tag));
    is_in_if_range || fields.all("if-match").flat_map(tags).any(|tag| etag.matches_strongly(tag))
}

/// Whether the client holds the representation tagged `etag`: `If-None-Match` has this tag, by the weak comparison. The tag is
/// made only if there is such a field.
pub fn holds(fields: Fields<'_>, etag: impl FnOnce() -> EntityTag) -> bool {
    let name = "if-none-match";
    if fields.lacks([name]) {
        return false;
    }
    let etag = etag();
    fields.all(name).any(|list| tags(list).any(|tag| etag.matches_weakly(tag)))
}

/// Whether one of the listed tags is `wanted`, or the list is `*`, which matches any tag; `None` where the field is
/// missing.
fn any_tag(fields: Fields<'_>, name: &'static str, wanted: impl Fn(&[u8]) -> bool) -> Option<bool> {
    fields.first(name)?;
    Some(fields.all(name).any(|list| list == b"*" || tags(list).any(&wanted)))
}

/// The tags of a list, quotes and `W/` included. A tag may hold a comma, so the list is cut behind closing quotes. The
/// list ends at the first part that is not a tag.
fn tags(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let skip = list.iter().position(|byte| !b", \t".contains(byte))?;
        list = &list[skip..];
        let prefix = if list.starts_with(b"W/") { 2 } else { 0 };
        let opaque = list[prefix..].strip_prefix(b"\"")?;
        let length = prefix + 2 + opaque.iter().position(|byte| *byte == b'"')?;
        let (tag, rest) = list.split_at(length);
        list = rest;
        Some(tag)
    })
}

/// Whether the representation is unmodified since the date in a field; `None` where the field is missing, stands there
/// twice, or holds no date.
fn date(fields: Fields<'_>, name: &'static str, validators: &Validators) -> Option<bool> {
    sole(fields, name).and_then(|value| validators.unmodified_since(value))
}

/// The value of a field that is there once.
fn sole<'a>(fields: Fields<'a>, name: &'static str) -> Option<&'a [u8]> {
    let mut values = fields.all(name);
    values.next().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fields::FieldSlots;
    use crate::http::validators::Strength;
    use std::time::{Duration, UNIX_EPOCH};

    /// `Sat, 29 Oct 1994 19:43:31 GMT`, the date of RFC 9110's examples.
    const MODIFIED: u64 = 783_459_811;

    fn validators(opaque: &str, strength: Strength) -> Validators {
        let etag = EntityTag { opaque: opaque.into(), strength };
        Validators { etag, modified: Some(MODIFIED) }
    }

    fn with_fields<R>(lines: &str, then: impl FnOnce(Fields<'_>) -> R) -> R {
        let section = format!("{lines}\r\n");
        let mut slots = FieldSlots::new();
        then(Fields::parse(section.as_bytes(), &mut slots).unwrap_or_else(|_| panic!("{lines}")))
    }

    #[test]
    fn preconditions_in_their_order() {
        use Precondition::*;
        const SAME: &str = "Sat, 29 Oct 1994 19:43:31 GMT";
        const LATER: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
        const EARLIER: &str = "Fri, 28 Oct 1994 00:00:00 GMT";
        let table = [
            ("", Holds),
            ("If-Match: \"xyzzy\"", Holds),
            ("If-Match: \"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"", Holds),
            ("If-Match: \"r2d2xxxx\", \"c3piozzzz\"", Failed),
            ("If-Match: \"a\"\r\nIf-Match: \"xyzzy\"", Holds),
            ("If-Match: *", Holds),
            ("If-Match: W/\"xyzzy\"", Failed),
            ("If-Match:", Failed),
            ("If-Match: xyzzy", Failed),
            ("If-None-Match: \"xyzzy\"", NotModified),
            ("If-None-Match: W/\"xyzzy\"", NotModified),
            ("If-None-Match: \"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"", NotModified),
            ("If-None-Match: W/\"r2d2xxxx\" ,, W/\"xyzzy\"", NotModified),
            ("If-None-Match: \"a,\\\",\"xyzzy\"", NotModified),
            ("If-None-Match: \"r2d2xxxx\"", Holds),
            ("If-None-Match: *", NotModified),
            ("If-None-Match: \"XYZZY\"", Holds),
            ("If-None-Match: w/\"xyzzy\"", Holds),
            ("If-None-Match: xyzzy", Holds),
            ("If-None-Match: \"xyzzy", Holds),
            ("If-Modified-Since: {SAME}", NotModified),
            ("If-Modified-Since: {LATER}", NotModified),
            ("If-Modified-Since: {EARLIER}", Holds),
            ("If-Modified-Since: Saturday, 29-Oct-94 19:43:31 GMT", NotModified),
            ("If-Modified-Since: Sat Oct 29 19:43:31 1994", NotModified),
            ("If-Modified-Since: yesterday", Holds),
            ("If-Modified-Since: Mon, 29 Oct 1994 19:43:31 GMT", NotModified),
            ("If-Modified-Since: Mon, 28 Oct 1994 19:43:31 GMT", Holds),
            ("If-Modified-Since: {SAME}\r\nIf-Modified-Since: {SAME}", Holds),
            ("If-Unmodified-Since: {SAME}", Holds),
            ("If-Unmodified-Since: {LATER}", Holds),
            ("If-Unmodified-Since: {EARLIER}", Failed),
            ("If-Unmodified-Since: yesterday", Holds),
            ("If-Unmodified-Since: Mon, 28 Oct 1994 00:00:00 GMT", Failed),
            ("If-Match: \"xyzzy\"\r\nIf-Unmodified-Since: {EARLIER}", Holds),
            ("If-Match: \"a\"\r\nIf-None-Match: \"xyzzy\"", Failed),
            ("If-Match: \"xyzzy\"\r\nIf-None-Match: \"xyzzy\"", NotModified),
            ("If-None-Match: \"a\"\r\nIf-Modified-Since: {SAME}", Holds),
            ("If-None-Match: \"xyzzy\"\r\nIf-Modified-Since: {EARLIER}", NotModified),
            ("If-Unmodified-Since: {EARLIER}\r\nIf-None-Match: \"xyzzy\"", Failed),
            ("If-Unmodified-Since: {SAME}\r\nIf-Modified-Since: {SAME}", NotModified),
        ];
        for (lines, expected) in table {
            let lines = lines.replace("{SAME}", SAME).replace("{LATER}", LATER).replace("{EARLIER}", EARLIER);
            let lines = if lines.is_empty() { lines } else { lines + "\r\n" };
            let got =
                with_fields(&lines, |fields| evaluate(fields, || validators("xyzzy", Strength::Strong)));
            assert_eq!(got, expected, "{lines}");
        }
    }

    #[test]
    fn a_weak_tag_satisfies_none_match_and_not_match() {
        let weak = validators("xyzzy", Strength::Weak);
        let evaluate = |lines| with_fields(lines, |fields| evaluate(fields, || weak));
        assert_eq!(evaluate("If-None-Match: \"xyzzy\"\r\n"), Precondition::NotModified);
        assert_eq!(evaluate("If-Match: \"xyzzy\"\r\n"), Precondition::Failed);
        assert_eq!(evaluate("If-Match: *\r\n"), Precondition::Holds);
    }

    #[test]
    fn without_a_date_no_date_condition_applies() {
        let undated = Validators { modified: None, ..validators("a", Strength::Strong) };
        for lines in [
            "If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT\r\n",
            "If-Unmodified-Since: Fri, 28 Oct 1994 00:00:00 GMT\r\n",
        ] {
            assert_eq!(with_fields(lines, |fields| evaluate(fields, || undated)), Precondition::Holds);
        }
    }

    #[test]
    fn parts_are_wanted_of_what_is_named_by_a_strong_tag() {
        let table = [
            ("", false),
            ("If-Range: \"xyzzy\"\r\n", true),
            ("If-Range: W/\"xyzzy\"\r\n", false),
            ("If-Range: \"a\"\r\n", false),
            ("If-Range: \"xyzzy\", \"a\"\r\n", false),
            ("If-Range: \"xyzzy\"\r\nIf-Range: \"xyzzy\"\r\n", false),
            ("If-Range: Sat, 29 Oct 1994 19:43:31 GMT\r\n", false),
            ("If-Match: \"xyzzy\"\r\n", true),
            ("If-Match: \"a\", \"xyzzy\"\r\n", true),
            ("If-Match: \"a\"\r\nIf-Match: \"xyzzy\"\r\n", true),
            ("If-Match: W/\"xyzzy\"\r\n", false),
            ("If-Match: *\r\n", false),
            ("If-None-Match: \"xyzzy\"\r\n", false),
        ];
        for (lines, expected) in table {
            let [strong, weak] =
                [Strength::Strong, Strength::Weak].map(|strength| validators("xyzzy", strength));
            let wants = |it: &Validators| with_fields(lines, |fields| wants_parts_of(fields, || it.etag));
            assert_eq!((wants(&strong), wants(&weak)), (expected, false), "{lines}");
        }
    }

    #[test]
    fn if_range_needs_a_strong_validator() {
        let table = [
            ("", Strength::Strong, true),
            ("If-Range: \"xyzzy\"\r\n", Strength::Strong, true),
            ("If-Range: \"xyzzy\"\r\n", Strength::Weak, false),
            ("If-Range: W/\"xyzzy\"\r\n", Strength::Strong, false),
            ("If-Range: \"a\"\r\n", Strength::Strong, false),
            ("If-Range: \"xyzzy\", \"a\"\r\n", Strength::Strong, false),
            ("If-Range: Sat, 29 Oct 1994 19:43:31 GMT\r\n", Strength::Strong, true),
            ("If-Range: Sat, 29 Oct 1994 19:43:32 GMT\r\n", Strength::Strong, false),
            ("If-Range: Sat, 29 Oct 1994 19:43:30 GMT\r\n", Strength::Strong, false),
            ("If-Range: Mon, 29 Oct 1994 19:43:31 GMT\r\n", Strength::Strong, true),
            ("If-Range: Mon, 29 Oct 1994 19:43:32 GMT\r\n", Strength::Strong, false),
            ("If-Range: never\r\n", Strength::Strong, false),
            ("If-Range: \"xyzzy\"\r\nIf-Range: \"xyzzy\"\r\n", Strength::Strong, false),
        ];
        let now = UNIX_EPOCH + Duration::from_secs(MODIFIED + 1);
        for (lines, strength, expected) in table {
            let got =
                with_fields(lines, |fields| range_applies(fields, || validators("xyzzy", strength), now));
            assert_eq!(got, expected, "{lines}");
        }
        let young = UNIX_EPOCH + Duration::from_secs(MODIFIED);
        let date = "If-Range: Sat, 29 Oct 1994 19:43:31 GMT\r\n";
        assert!(!with_fields(date, |fields| range_applies(
            fields,
            || validators("a", Strength::Strong),
            young
        )));
    }
}
