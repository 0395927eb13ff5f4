//! Pages as text: pieces of their HTML, and the words in them.

/// The texts in `text` between each `before` and the next `after`.
pub fn between<'a>(text: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).map(move |rest| rest.split_once(after).expect("it ends").0)
}

/// The text of a piece of HTML.
pub fn text_of(html: &str) -> String {
    let mut parts = html.split('<');
    let first = parts.next().unwrap().to_owned();
    let text = parts.fold(first, |text, part| text + part.split_once('>').unwrap().1);
    html_escape::decode_html_entities(&text).into_owned()
}
