//! Which content coding a client takes, by its `Accept-Encoding` (RFC 9110 §12.5.3).

use super::fields::{Fields, trim};
use super::weight::weight;

/// How a representation is coded (RFC 9110 §8.4.1), in the order this server likes them where a client does
/// not mind: what is smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coding {
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstd,
    /// Gzip (RFC 1952).
    Gzip,
    /// Not at all.
    Identity,
}

impl Coding {
    /// All of them, in the order of preference.
    pub const ALL: [Coding; 4] = [Coding::Brotli, Coding::Zstd, Coding::Gzip, Coding::Identity];

    /// Its name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
            Coding::Gzip => "gzip",
            Coding::Identity => "identity",
        }
    }

    /// The codings that a client takes, the one it likes best first. None at all is possible: it refuses
    /// identity too.
    pub fn accepted(fields: Fields<'_>) -> Vec<Coding> {
        let mut weighed: Vec<_> = Coding::ALL.iter().map(|coding| (*coding, coding.weight(fields))).collect();
        weighed.retain(|(_, weight)| *weight > 0);
        weighed.sort_by_key(|(coding, weight)| (std::cmp::Reverse(*weight), *coding));
        weighed.into_iter().map(|(coding, _)| coding).collect()
    }

    /// What the client says of it in thousandths. Of identity it need not say anything; then it comes last.
    fn weight(self, fields: Fields<'_>) -> u16 {
        let is_named = |name: &[u8]| {
            let alias: &[u8] = if self == Coding::Gzip { b"x-gzip" } else { b"" };
            name.eq_ignore_ascii_case(self.name().as_bytes()) || name.eq_ignore_ascii_case(alias)
        };
        let say = |named: &dyn Fn(&[u8]) -> bool| {
            let mut members = fields.members("accept-encoding").filter(|member| !member.is_empty());
            members.find_map(|member| {
                let mut parts = member.split(|byte| *byte == b';').map(trim);
                parts.next().filter(|name| named(name)).map(|_| weight(parts))
            })
        };
        let said = say(&is_named).or_else(|| say(&|name| name == b"*"));
        said.unwrap_or(if self == Coding::Identity { 1 } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fields::Slots;

    #[test]
    fn codings_by_their_weight() {
        use Coding::*;
        let table: &[(&str, &[Coding])] = &[
            ("", &[Identity]),
            ("Accept-Encoding:", &[Identity]),
            ("Accept-Encoding: gzip", &[Gzip, Identity]),
            ("Accept-Encoding: x-gzip", &[Gzip, Identity]),
            ("Accept-Encoding: GZIP", &[Gzip, Identity]),
            ("Accept-Encoding: gzip, deflate, br, zstd", &[Brotli, Zstd, Gzip, Identity]),
            ("Accept-Encoding: gzip;q=1.0, br;q=0.5", &[Gzip, Brotli, Identity]),
            ("Accept-Encoding: gzip;q=0", &[Identity]),
            ("Accept-Encoding: gzip;q=0.000", &[Identity]),
            ("Accept-Encoding: *", &[Brotli, Zstd, Gzip, Identity]),
            ("Accept-Encoding: gzip;q=0.5, *;q=0", &[Gzip]),
            ("Accept-Encoding: identity;q=0", &[]),
            ("Accept-Encoding: identity;q=0, gzip", &[Gzip]),
            ("Accept-Encoding: *;q=0", &[]),
            ("Accept-Encoding: *;q=0, identity", &[Identity]),
            ("Accept-Encoding: identity, gzip;q=0.5", &[Identity, Gzip]),
            ("Accept-Encoding: gzip\r\nAccept-Encoding: br", &[Brotli, Gzip, Identity]),
            ("Accept-Encoding: gzip ; q=0.3 , br ;Q=0.4", &[Brotli, Gzip, Identity]),
            ("Accept-Encoding: gzip;q=x", &[Identity]),
            ("Accept-Encoding: gzipp", &[Identity]),
        ];
        for (lines, expected) in table {
            let section = if lines.is_empty() { "\r\n".into() } else { format!("{lines}\r\n\r\n") };
            let mut slots = Slots::new();
            let fields = Fields::parse(section.as_bytes(), &mut slots).ok().unwrap();
            assert_eq!(Coding::accepted(fields), *expected, "{lines}");
        }
    }
}
