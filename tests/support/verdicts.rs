//! What becomes of a request and of the connection it came on: judged by whether the request behind it in
//! the same write is answered.

use super::{Answer, ask, ask_until_closed, folder, read_answers_to, serve};
use onepoll::service::limits::Limits;
use std::net::SocketAddr;
use tempfile::TempDir;

/// A request that would be answered, were it read as one.
pub const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

/// A small site and its server.
pub struct Site {
    /// Where it is served.
    pub address: SocketAddr,
    _root: TempDir,
}

impl Site {
    /// Serves it.
    pub fn serve() -> Site {
        let files: [(&str, &[u8]); 5] =
            [("index.html", b"start"), ("next", b"next"), ("0", b"0"), ("1", b"1"), ("2", b"2")];
        let root = folder(&files);
        Site { address: serve(root.path(), Limits::default()), _root: root }
    }

    /// `request` is answered with `status`, and another one behind it in the same write is answered too.
    pub fn goes_on(&self, request: &str, status: u16) -> Answer {
        let method = request.trim_start().split(' ').next().unwrap();
        let bytes = ask(self.address, format!("{request}{NEXT}").as_bytes());
        let mut answers = read_answers_to(&bytes, &[method, "GET"]);
        assert_eq!(answers[0].status, status, "{request:?}");
        assert_eq!(answers[1].text(), "next", "{request:?}");
        answers.remove(0)
    }

    /// `bytes` are refused with `status`, nothing behind them is read as a request, and the server ends
    /// the connection, though we do not.
    pub fn refused(&self, bytes: impl AsRef<[u8]>, status: u16) {
        let bytes = bytes.as_ref();
        let shown = bytes.escape_ascii();
        let method = if bytes.starts_with(b"HEAD ") { "HEAD" } else { "GET" };
        let answered = ask_until_closed(self.address, &[bytes, NEXT.as_bytes()].concat());
        let answers = read_answers_to(&answered, &[method]);
        assert_eq!((answers[0].status, answers[0].field("connection")), (status, Some("close")), "{shown}");
    }
}
