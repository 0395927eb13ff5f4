//! The fields that many answers carry. Their lines are formatted once, at start, for each [`Owner`] of answers and for each
//! origin whose pages may read the site. A request costs a choice between them, and a copy.
//!
//! | answers | ours | `--header`, `--isolate` | `--cors` |
//! |---|---|---|---|
//! | of the site | yes | yes | yes |
//! | of the gate | yes | yes | no |
//! | of the server itself | yes | no | no |

use super::cors::Cors;
use super::response::Owner;
use crate::http::fields::trim;
use crate::http::request::Request;
use crate::http::response::Common;

/// Fields in all answers: in those of the site, and in those of the server itself.
const ALWAYS: [(&str, &str); 2] = [("Server", "onepoll"), ("X-Content-Type-Options", "nosniff")];

/// Fields that isolate the pages of the site from others, so that they may share memory between threads: `crossOriginIsolated`
/// is true then (WHATWG HTML §8.1.3, Fetch §3.7).
const ISOLATION: [(&str, &str); 3] = [
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
];

/// The fields that many answers carry.
#[derive(Clone, Debug)]
pub struct CommonFields {
    /// Our own fields for answers of the site and of the gate.
    ours: Vec<(&'static str, &'static str)>,
    /// The fields that the user has set.
    set: Vec<(String, String)>,
    cors: Cors,
    server: Common,
    gate: Common,
    /// For answers of the site to pages of no other origin that may read them.
    site: Common,
    /// For answers of the site to pages of these origins.
    site_to: Vec<(Box<[u8]>, Common)>,
}

impl Default for CommonFields {
    fn default() -> CommonFields {
        let (set, cors, gate, site, site_to) = Default::default();
        let server = lines_of(&ALWAYS, &[]);
        CommonFields { ours: ALWAYS.to_vec(), set, cors, server, gate, site, site_to }.written()
    }
}

impl CommonFields {
    /// Sets a field on every answer of the site and of the gate, in the place of our own field of this name. A name that is
    /// set twice stands there twice. `Vary` is merged into one field with that of the answer. The value must not hold
    /// control bytes.
    pub fn set(mut self, name: &str, value: &str) -> CommonFields {
        self.set.push((name.to_owned(), value.to_owned()));
        self.written()
    }

    /// Isolates the pages of the site from those of other origins.
    pub fn isolate(mut self) -> CommonFields {
        self.ours.extend(ISOLATION);
        self.written()
    }

    /// Lets pages of other origins read the answers of the site.
    pub fn open_to(mut self, cors: Cors) -> CommonFields {
        self.cors = cors;
        self.written()
    }

    /// Which pages of other origins may read the answers of the site.
    pub fn cors(&self) -> &Cors {
        &self.cors
    }

    /// The fields of all answers of the site to pages of the site itself.
    pub fn site(&self) -> &Common {
        &self.site
    }

    /// The fields of an answer of `owner`. `request` is `None` where the bytes that came are no request.
    #[inline]
    pub fn of(&self, owner: Owner, request: Option<&Request<'_>>) -> &Common {
        match owner {
            Owner::Site if self.site_to.is_empty() => &self.site,
            Owner::Site => request.map_or(&self.site, |request| self.of_site_to(request)),
            Owner::Gate => &self.gate,
            Owner::Server => &self.server,
        }
    }

    /// One origin of a request counts. It need not be checked here: one that equals a named one is well-formed.
    fn of_site_to(&self, request: &Request<'_>) -> &Common {
        let origin = request.fields.only("origin", "more than one Origin field").ok().flatten();
        let Some(origin) = origin else { return &self.site };
        self.site_to.iter().find(|(allowed, _)| **allowed == *origin).map_or(&self.site, |(_, fields)| fields)
    }

    /// The same fields, with their lines written anew.
    fn written(mut self) -> CommonFields {
        let (ours, set) = (&self.ours, &self.set);
        self.gate = lines_of(ours, set);
        self.site = self.gate.and(&self.cors.lines_for_any());
        if self.cors.depends_on_origin() {
            self.site = std::mem::take(&mut self.site).and_vary("Origin");
        }
        let named = self.cors.lines_for_named();
        let site_to = named.map(|(origin, lines)| (origin.text().as_bytes().into(), self.site.and(&lines)));
        self.site_to = site_to.collect();
        self
    }
}

/// The lines of `ours` and of what the user has set.
fn lines_of(ours: &[(&str, &str)], set: &[(String, String)]) -> Common {
    let has = |wanted: &str| set.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let ours = ours.iter().copied().filter(|(name, _)| !has(name));
    let set = set.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let (mut lines, mut names) = (String::new(), Vec::new());
    for (name, value) in ours.chain(set) {
        match name.eq_ignore_ascii_case("Vary") {
            true => add_names(value, &mut names),
            false => lines += &format!("{name}: {value}\r\n"),
        }
    }
    Common::new(lines.into_bytes(), names, has("Cache-Control"))
}

/// Adds the members of a list that are not among `names` yet.
fn add_names(list: &str, names: &mut Vec<String>) {
    for name in list.split(',').map(|name| String::from_utf8_lossy(trim(name.as_bytes()))) {
        if !name.is_empty() && !names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            names.push(name.into_owned());
        }
    }
}
