//! Field lines (RFC 9110 §5, RFC 9112 §5): from the bytes of a section to names and values. This file does not know
//! what a field means.

use super::Refusal;
use super::byteset::ByteSet;

/// The bytes that a token may hold (`tchar`, RFC 9110 §5.6.2).
pub const TOKEN: ByteSet = ByteSet::alphanumeric_and(b"!#$%&'*+-.^_`|~");

/// The most fields that a head can have, whatever limit the user sets.
pub const FIELDS_MOST: usize = 128;

/// Fields that have room on the stack. Browsers send fewer.
const FIELDS_FEW: usize = 32;

/// Memory for the parsed fields of one section. The caller of [`Fields::parse`] owns it, and the [`Fields`] borrow from
/// it.
pub struct FieldSlots<'a> {
    few: [httparse::Header<'a>; FIELDS_FEW],
    /// Empty unless a section has more fields than `few` has room for.
    many: Vec<httparse::Header<'a>>,
}

impl FieldSlots<'_> {
    /// Empty slots.
    pub fn new() -> Self {
        FieldSlots { few: [httparse::EMPTY_HEADER; FIELDS_FEW], many: Vec::new() }
    }
}

impl Default for FieldSlots<'_> {
    fn default() -> Self {
        FieldSlots::new()
    }
}

/// The fields of one section, in the order in which they came.
///
/// A lookup is O(k) in the number of fields, at most [`FIELDS_MOST`] and a dozen in practice. Most lookups are for
/// fields that the client did not send; such a lookup ends at the filter. Lookups are inlined, so that the compiler can
/// make the bit of the name a constant.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    list: &'a [httparse::Header<'a>],
    filter: Filter,
}

/// Which names may be among the fields: one bit for each name. Several names share a bit, so a set bit means "maybe", and
/// a clear bit means "no".
#[derive(Clone, Copy)]
struct Filter(u128);

impl Filter {
    fn of(list: &[httparse::Header<'_>]) -> Filter {
        Filter(list.iter().fold(0, |bits, field| bits | Filter::bit(field.name)))
    }

    #[inline(always)]
    fn may_have(self, name: &str) -> bool {
        self.0 & Filter::bit(name) != 0
    }

    #[inline(always)]
    fn bit(name: &str) -> u128 {
        // The lowest five bits of a letter are the same in upper and lower case. The first letter and the length modulo 3
        // are enough to tell the fields that are looked up from the other fields that browsers send.
        let letter = usize::from(name.as_bytes().first().map_or(0, |first| first & 0x1f));
        1 << (3 * letter + name.len() % 3)
    }
}

impl<'a> Fields<'a> {
    /// Reads a whole `section`: field lines, each with its CRLF, and the empty line. 400 where a line is malformed.
    ///
    /// A name must be a token, its colon must follow at once, and a line must not continue the line before it
    /// (obs-fold). Where lines end was decided in [`super::lines`].
    pub fn parse(section: &'a [u8], slots: &'a mut FieldSlots<'a>) -> Result<Fields<'a>, Refusal> {
        let parsed = match httparse::parse_headers(section, &mut slots.few) {
            Err(httparse::Error::TooManyHeaders) => {
                slots.many.resize(FIELDS_MOST, httparse::EMPTY_HEADER);
                httparse::parse_headers(section, &mut slots.many)
            }
            parsed => parsed,
        };
        match parsed {
            Ok(httparse::Status::Complete((length, list))) if length == section.len() => {
                Ok(Fields { list, filter: Filter::of(list) })
            }
            _ => Err(Refusal::bad("a field line is not \"name: value\"")),
        }
    }

    /// True if there is certainly no field with one of `names`; false if there may be one. All names cost one test
    /// together.
    #[inline(always)]
    pub fn lacks<const N: usize>(self, names: [&'static str; N]) -> bool {
        !names.into_iter().any(|name| self.filter.may_have(name))
    }

    /// The values of all field lines called `name` (compared without case), without the white space around them.
    #[inline(always)]
    pub fn all(self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        let list = if self.filter.may_have(name) { self.list } else { &[] };
        let named = list.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| trim(field.value))
    }

    /// The first value of `name`; later ones are ignored. For fields where a second value does no harm.
    #[inline(always)]
    pub fn first(self, name: &'static str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The value of `name`, which may stand in the section once; 400 with the reason `twice` if it stands there more
    /// often. For fields that every server on the way must read alike.
    #[inline(always)]
    pub fn only(self, name: &'static str, twice: &'static str) -> Result<Option<&'a [u8]>, Refusal> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refusal::bad(twice)),
            (value, None) => Ok(value),
        }
    }

    /// The members of the list that all lines of `name` make together (RFC 9110 §5.6.1), empty members included.
    #[inline(always)]
    pub fn members(self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(|value| value.split(|&byte| byte == b',').map(trim))
    }
}

/// The same bytes without the spaces and tabs around them (OWS, RFC 9110 §5.6.3).
pub fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Whether `bytes` are a token (RFC 9110 §5.6.2).
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && TOKEN.has_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_field_line_is_refused() {
        let table: &[(&str, bool)] = &[
            ("\r\n", true),
            ("A: b\r\n\r\n", true),
            ("A:\r\n\r\n", true),
            ("A:b\r\nC:\td \r\n\r\n", true),
            ("A: caf\u{e9}\r\n\r\n", true),
            ("A : b\r\n\r\n", false),
            ("A\t: b\r\n\r\n", false),
            (": b\r\n\r\n", false),
            ("A\r\n\r\n", false),
            (" A: b\r\n\r\n", false),
            ("A: b\r\n c\r\n\r\n", false),
            ("A: b\r\n\tc\r\n\r\n", false),
            ("A b: c\r\n\r\n", false),
            ("\u{e9}: c\r\n\r\n", false),
            ("A(: c\r\n\r\n", false),
            ("A: b\r\n\r\nC: d\r\n\r\n", false),
        ];
        for (section, good) in table {
            let parsed = Fields::parse(section.as_bytes(), &mut FieldSlots::new()).is_ok();
            assert_eq!(parsed, *good, "{}", section.escape_debug());
        }
    }

    #[test]
    fn values_are_trimmed_and_names_have_no_case() {
        let mut slots = FieldSlots::new();
        let fields = Fields::parse(b"ACCEPT: \t a \t\r\naccept:b, c,,\r\n\r\n", &mut slots).unwrap();
        assert_eq!(fields.first("Accept"), Some(&b"a"[..]));
        assert_eq!(fields.first("Host"), None);
        assert_eq!(fields.members("accept").collect::<Vec<_>>(), [&b"a"[..], b"b", b"c", b"", b""]);
        assert!(fields.only("accept", "twice").is_err());
    }

    #[test]
    fn slots_hold_as_many_fields_as_they_say() {
        let section = |count| format!("{}\r\n", "a:b\r\n".repeat(count));
        assert!(Fields::parse(section(FIELDS_MOST).as_bytes(), &mut FieldSlots::new()).is_ok());
        assert!(Fields::parse(section(FIELDS_MOST + 1).as_bytes(), &mut FieldSlots::new()).is_err());
    }
}
