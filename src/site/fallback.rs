//! Which paths stand for a path that names no file. Each is looked up as if a client had asked for it, so what is
//! remembered of it is remembered under its own path. In which order they are looked up is decided in `mod.rs`.

use super::kind;
use super::path::{SitePath, encode_segment, names_folder};
use super::policy::{CleanUrls, Hidden, Policy};
use super::types::Types;
use std::os::unix::ffi::OsStrExt;

/// The path of the page that answers in place of every 404.
pub const NOT_FOUND_PAGE: &str = "/404.html";

/// Whether any path may stand for another by this policy.
pub fn are_there(policy: &Policy) -> bool {
    policy.clean_urls == CleanUrls::On || policy.index.len() > 1
}

/// The paths of the files that may stand for the folder `path`, in their order, where the policy has several names for them.
/// A single name needs no path of its own: it is looked up with its folder.
pub fn indexes<'a>(path: &'a str, policy: &'a Policy) -> impl Iterator<Item = String> + 'a {
    let names: &[String] = if policy.index.len() > 1 && names_folder(path) { &policy.index } else { &[] };
    // After a dot segment, the slash is missing.
    let slash = if path.ends_with('/') { "" } else { "/" };
    names.iter().map(move |name| format!("{path}{slash}{}", encode_segment(name.as_bytes())))
}

/// The path of the page that `path` names without its extension; `None` if there cannot be such a page.
pub fn page(path: &str, policy: &Policy) -> Option<String> {
    let is_served = |path: &str| SitePath::decode(path, policy.hidden).is_some_and(|it| !it.is_folder());
    let page = (policy.clean_urls == CleanUrls::On && is_served(path)).then(|| format!("{path}.html"))?;
    is_served(&page).then_some(page)
}

/// Whether `path` may be a page that an app in the browser makes by itself: it leads to no place outside of the root, no name
/// in it begins with a dot, and the last segment has no extension that is known, as those of scripts and images are.
pub fn is_page_of_app(path: &str, types: &Types) -> bool {
    let Some(decoded) = SitePath::decode(path, Hidden::Served) else { return false };
    let is_known = |name| kind::by_name(name, types).is_some() || kind::compressed_by_name(name).is_some();
    let has_dot_name = decoded.names().any(|name| name.as_bytes().starts_with(b"."));
    !has_dot_name && (decoded.is_folder() || !is_known(decoded.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_named_without_its_extension() {
        let policy = Policy { clean_urls: CleanUrls::On, ..Policy::default() };
        let table = [
            ("/about", Some("/about.html")),
            ("/a/%C3%A9", Some("/a/%C3%A9.html")),
            ("/a//b", Some("/a//b.html")),
            ("/a/../b", Some("/a/../b.html")),
            ("/about.html", Some("/about.html.html")),
            ("/", None),
            ("/a/", None),
            ("/a/.", None),
            ("/a/..", None),
            ("/a/%2e", None),
            ("/a/.%2E", None),
            ("/.a", None),
            ("/.a/b", None),
            ("/.well-known", None),
            ("/.well-known/a", Some("/.well-known/a.html")),
            ("/../a", None),
            ("/a%2fb", None),
            ("/a%00", None),
        ];
        for (path, expected) in table {
            assert_eq!(page(path, &policy).as_deref(), expected, "{path}");
            assert_eq!(page(path, &Policy::default()), None, "{path}");
        }
    }

    #[test]
    fn several_files_may_stand_for_a_folder() {
        let index = vec!["a b.html".to_owned(), "\u{e9}?".to_owned()];
        let policy = Policy { index, ..Policy::default() };
        let table = [
            ("/", &["/a%20b.html", "/%C3%A9%3F"][..]),
            ("/a/", &["/a/a%20b.html", "/a/%C3%A9%3F"]),
            ("/a/..", &["/a/../a%20b.html", "/a/../%C3%A9%3F"]),
            ("/a/%2E", &["/a/%2E/a%20b.html", "/a/%2E/%C3%A9%3F"]),
            ("/a", &[]),
            ("/...", &[]),
        ];
        for (path, expected) in table {
            assert_eq!(indexes(path, &policy).collect::<Vec<_>>(), expected, "{path}");
            assert_eq!(indexes(path, &Policy::default()).count(), 0, "{path}");
        }
    }

    #[test]
    fn an_app_makes_pages_and_neither_scripts_nor_hidden_names() {
        let table = [
            ("/", true),
            ("/a", true),
            ("/a/b/", true),
            ("/user/john.doe", true),
            ("/v1.2", true),
            ("/a.js/b", true),
            ("/a.js/", true),
            ("/a.", true),
            ("/%ff", true),
            ("/.a/../b", true),
            ("/a.js", false),
            ("/a%2Ejs", false),
            ("/a.HTML", false),
            ("/a.js.br", false),
            ("/.a", false),
            ("/%2ea", false),
            ("/.git/", false),
            ("/a/.b/c", false),
            ("/.well-known/a", false),
            ("/../a", false),
            ("/a%2fb", false),
            ("/a%00", false),
        ];
        for (path, expected) in table {
            assert_eq!(is_page_of_app(path, &Types::default()), expected, "{path}");
        }
    }
}
