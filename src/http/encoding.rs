//! Which content codings a client accepts, by its `Accept-Encoding` (RFC 9110 §12.5.3). This file compresses nothing.

use super::fields::{Fields, trim};
use super::weight::weight;

/// The content coding of a representation (RFC 9110 §8.4.1). The order is the order in which this server prefers them
/// where the client has no preference: the coding with the fewest bytes comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstd,
    /// Gzip (RFC 1952).
    Gzip,
    /// No coding: the plain bytes.
    Identity,
}

impl Coding {
    /// All codings, in the server's order of preference.
    pub const ALL: [Coding; 4] = [Coding::Brotli, Coding::Zstd, Coding::Gzip, Coding::Identity];

    /// The name of the coding in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
            Coding::Gzip => "gzip",
            Coding::Identity => "identity",
        }
    }

    fn named(name: &[u8]) -> Option<Coding> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let known = Coding::ALL.into_iter().find(|coding| is(coding.name()));
        known.or(is("x-gzip").then_some(Coding::Gzip))
    }
}

/// The codings that a client accepts, in its order of preference. The list is empty for a client that refuses identity
/// too.
pub struct Accepted {
    codings: [Coding; 4],
    count: usize,
}

impl Accepted {
    /// The codings by the `Accept-Encoding` of a request. Identity is accepted although it is not named, and comes last
    /// then.
    pub fn by(fields: Fields<'_>) -> Accepted {
        let mut said = [None; 4];
        let mut said_of_others = None;
        let mut is_said = false;
        fields.all("accept-encoding").for_each(|list| {
            is_said = true;
            for member in list.split(|byte| *byte == b',') {
                let mut parts = member.split(|byte| *byte == b';').map(trim);
                let name = parts.next().unwrap_or_default();
                let said = match Coding::named(name) {
                    Some(coding) => &mut said[coding as usize],
                    None if name == b"*" => &mut said_of_others,
                    None => continue,
                };
                said.get_or_insert_with(|| weight(parts));
            }
        });
        if !is_said {
            return Accepted { codings: [Coding::Identity; 4], count: 1 };
        }
        let unsaid = |coding| if coding == Coding::Identity { 1 } else { 0 };
        let weight = |coding| said[coding as usize].or(said_of_others).unwrap_or(unsaid(coding));
        let mut codings = Coding::ALL;
        codings.sort_by_key(|coding| std::cmp::Reverse(weight(*coding)));
        Accepted { codings, count: codings.iter().filter(|coding| weight(**coding) > 0).count() }
    }

    /// Moves identity to the front, if the client accepts it.
    pub fn put_identity_first(&mut self) {
        if let Some(at) = self.codings().iter().position(|coding| *coding == Coding::Identity) {
            self.codings[..=at].rotate_right(1);
        }
    }

    /// The accepted codings, the preferred one first.
    pub fn codings(&self) -> &[Coding] {
        &self.codings[..self.count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fields::FieldSlots;

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
            let mut slots = FieldSlots::new();
            let fields = Fields::parse(section.as_bytes(), &mut slots).ok().unwrap();
            let mut accepted = Accepted::by(fields);
            assert_eq!(accepted.codings(), *expected, "{lines}");
            let [identity, others] = [true, false].map(|is_wanted| {
                let codings = expected.iter().filter(move |coding| (**coding == Identity) == is_wanted);
                codings.copied().collect::<Vec<_>>()
            });
            accepted.put_identity_first();
            assert_eq!(accepted.codings(), [identity, others].concat(), "{lines}");
        }
    }
}
