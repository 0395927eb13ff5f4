//! Where a reference leads, by RFC 3986 §5.2 and no code of the server's.

/// The path, and the query where there is one, that `reference` on a page at the target `base` stands for. A reference to
/// another host, or with a scheme, is given back as it is.
pub fn resolved(base: &str, reference: &str) -> String {
    let (base_path, base_query) = split(base);
    let has_scheme = reference.split_once(':').is_some_and(|(before, _)| !before.contains(['/', '?', '#']));
    if has_scheme || reference.starts_with("//") {
        return reference.to_owned();
    }
    let reference = reference.split('#').next().unwrap();
    let (path, query) = split(reference);
    let folder = &base_path[..=base_path.rfind('/').unwrap()];
    let (path, query) = match path {
        "" => (base_path.to_owned(), query.or(base_query)),
        _ if path.starts_with('/') => (path.to_owned(), query),
        _ => (format!("{folder}{path}"), query),
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    remove_dot_segments(&path) + &query
}

fn split(target: &str) -> (&str, Option<&str>) {
    target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)))
}

/// RFC 3986 §5.2.4, to the letter.
pub fn remove_dot_segments(path: &str) -> String {
    let (mut input, mut output) = (path.to_owned(), String::new());
    while !input.is_empty() {
        if let Some(rest) =
            input.strip_prefix("/./").or(input.strip_prefix("/.").filter(|rest| rest.is_empty()))
        {
            input = format!("/{rest}");
        } else if let Some(rest) =
            input.strip_prefix("/../").or(input.strip_prefix("/..").filter(|rest| rest.is_empty()))
        {
            input = format!("/{rest}");
            output.truncate(output.rfind('/').unwrap_or(0));
        } else {
            let end = input[1..].find('/').map_or(input.len(), |at| at + 1);
            output.extend(input.drain(..end));
        }
    }
    output
}
