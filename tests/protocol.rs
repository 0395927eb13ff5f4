//! What is answered to which bytes, over real sockets.

mod support;

use onepoll::limits::Limits;
use support::{ask, folder, read_answers, serve};

#[test]
fn get_answers_with_the_index() {
    let root = folder(&[("index.html", b"<p>hello")]);
    let address = serve(root.path(), Limits::default());
    let answers = read_answers(&ask(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(answers.len(), 1);
    assert_eq!((answers[0].status, answers[0].text()), (200, "<p>hello"));
}
