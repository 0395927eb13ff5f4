//! Field lines (RFC 9110 §5, RFC 9112 §5): from the bytes of a section to names and values.

use super::Refusal;

/// The most fields a head can be allowed to have: room for them is made on the stack.
pub const FIELDS_MOST: usize = 128;

/// Room for the fields of one section, made by whoever wants to hold on to them.
pub struct Slots<'a>([httparse::Header<'a>; FIELDS_MOST]);

impl Slots<'_> {
    /// Empty slots.
    pub fn new() -> Self {
        Slots([httparse::EMPTY_HEADER; FIELDS_MOST])
    }
}

impl Default for Slots<'_> {
    fn default() -> Self {
        Slots::new()
    }
}

/// The fields of one section, in the order they came.
///
/// A lookup is O(k) in the number of fields, at most [`FIELDS_MOST`] and a dozen in practice: a table
/// would cost more to fill than it saves.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    list: &'a [httparse::Header<'a>],
}

impl<'a> Fields<'a> {
    /// Reads a whole `section`: field lines, each with its CRLF, and the empty line.
    ///
    /// What makes a line end is decided in [`super::lines`]; here names are tokens, the colon follows
    /// at once, and no line continues the one before it (obs-fold).
    pub fn parse(section: &'a [u8], slots: &'a mut Slots<'a>) -> Result<Fields<'a>, Refusal> {
        match httparse::parse_headers(section, &mut slots.0) {
            Ok(httparse::Status::Complete((length, list))) if length == section.len() => Ok(Fields { list }),
            _ => Err(Refusal::bad("a field line is not \"name: value\"")),
        }
    }

    /// The values of every field line called `name` (compared without case), without the white space
    /// around them.
    pub fn all(self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        let named = self.list.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| trim(field.value))
    }

    /// The first value of `name`, for fields that only describe and where a second one does no harm.
    pub fn first(self, name: &'static str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The only value of `name`, for fields on which two readers must agree.
    pub fn only(self, name: &'static str, twice: &'static str) -> Result<Option<&'a [u8]>, Refusal> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refusal::bad(twice)),
            (value, None) => Ok(value),
        }
    }

    /// The members of the list that all lines of `name` make together (RFC 9110 §5.6.1), empty ones included.
    pub fn members(self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(|value| value.split(|&byte| byte == b',').map(trim))
    }
}

/// Without the spaces and tabs around it (OWS, RFC 9110 §5.6.3).
pub fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Whether this is a token (RFC 9110 §5.6.2).
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

/// Whether a token may hold this byte.
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
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
            let parsed = Fields::parse(section.as_bytes(), &mut Slots::new()).is_ok();
            assert_eq!(parsed, *good, "{}", section.escape_debug());
        }
    }

    #[test]
    fn values_are_trimmed_and_names_have_no_case() {
        let mut slots = Slots::new();
        let fields = Fields::parse(b"ACCEPT: \t a \t\r\naccept:b, c,,\r\n\r\n", &mut slots).unwrap();
        assert_eq!(fields.first("Accept"), Some(&b"a"[..]));
        assert_eq!(fields.first("Host"), None);
        assert_eq!(fields.members("accept").collect::<Vec<_>>(), [&b"a"[..], b"b", b"c", b"", b""]);
        assert!(fields.only("accept", "twice").is_err());
    }

    #[test]
    fn slots_hold_as_many_fields_as_they_say() {
        let section = |count| format!("{}\r\n", "a:b\r\n".repeat(count));
        assert!(Fields::parse(section(FIELDS_MOST).as_bytes(), &mut Slots::new()).is_ok());
        assert!(Fields::parse(section(FIELDS_MOST + 1).as_bytes(), &mut Slots::new()).is_err());
    }
}
