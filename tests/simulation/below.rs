//! Worlds whose site is below a prefix: how their clients spell its paths, and what they get outside of it.

use crate::request::Wanted;
use crate::support::dice::Dice;
use onepoll::service::Service;
use onepoll::service::prefix::Prefix;

/// Prefixes without their last slash, which no name of the site begins with.
const PREFIXES: [&str; 3] = ["/repo", "/a/b", "/x.y/%C3%A9/z"];

/// The start of the targets in absolute form.
const ABSOLUTE: &str = "http://localhost";

/// The path below which the site of a world is.
#[derive(Clone, Copy, Debug)]
pub struct Below(Option<&'static str>);

impl Below {
    /// The prefix of the world of `seed`: few worlds have one.
    pub fn of(seed: u64) -> Below {
        let mut dice = Dice::of(seed.rotate_left(32));
        Below(if dice.one_in(4) { Some(dice.pick(&PREFIXES)) } else { None })
    }

    /// Tells the server.
    pub fn serve(self, service: Service) -> Service {
        match self.0 {
            None => service,
            Some(prefix) => service.below(Prefix::parse(prefix).unwrap()),
        }
    }

    /// What the path of each target begins with.
    pub fn path(self) -> &'static str {
        self.0.unwrap_or_default()
    }

    /// The same request with its target below the prefix, in any spelling; or outside, where other answers are right.
    pub fn place(self, dice: &mut Dice, method: &str, target: String, wanted: Wanted) -> (String, Wanted) {
        let Some(prefix) = self.0.filter(|_| target != "*") else { return (target, wanted) };
        let path = target.strip_prefix(ABSOLUTE).unwrap_or(&target);
        let origin = &target[..target.len() - path.len()];
        let is_refused = matches!(wanted, Wanted::Status(405 | 421 | 501));
        if matches!(method, "GET" | "HEAD") && !is_refused && dice.one_in(12) {
            let (path, status) = match dice.below(3) {
                0 => (prefix.to_owned(), 301),
                1 => (format!("/.{}", prefix.replacen('/', "//", 1)), 301),
                _ => (dice.pick(&["/", "//", "/.", "/x/..", "/x/../"]).to_owned(), 302),
            };
            let query = dice.pick(&["", "?", "?q=/../100%"]);
            let wanted = Wanted::Led { status, path: path.clone(), to: format!("{prefix}/{query}") };
            return (format!("{origin}{path}{query}"), wanted);
        }
        if dice.one_in(8) {
            let wanted = if is_refused { wanted } else { Wanted::Status(404) };
            return (format!("{origin}{}{path}", outside(dice, prefix)), wanted);
        }
        let spelt = if dice.one_in(4) { spelling(dice, prefix) } else { prefix.to_owned() };
        (format!("{origin}{spelt}{path}"), wanted)
    }
}

/// Another spelling of `prefix`.
fn spelling(dice: &mut Dice, prefix: &str) -> String {
    let (first, rest) = prefix[1..].split_at(1);
    match dice.below(6) {
        0 => format!("/%{:02x}{rest}", first.as_bytes()[0]),
        1 => prefix.replace('/', "//"),
        2 => format!("/missing/..{prefix}"),
        3 => format!("{prefix}/%2E%2e{}", &prefix[prefix.rfind('/').unwrap_or(0)..]),
        4 => format!("/.{prefix}/."),
        _ => format!("{prefix}/x/.."),
    }
}

/// The start of a path that is not below `prefix`, whatever follows.
fn outside(dice: &mut Dice, prefix: &str) -> String {
    match dice.below(7) {
        0 => String::new(),
        1 => format!("{prefix}sitory"),
        2 => prefix.to_uppercase(),
        3 => format!("{prefix}/.."),
        4 => format!("/..{prefix}"),
        5 => format!("{prefix}%2f"),
        _ => format!("/other{prefix}"),
    }
}
