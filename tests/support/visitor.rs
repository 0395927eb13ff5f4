//! A client that asks for one thing after the other on a connection that it keeps.

use super::patience::until;
use super::{Answer, connect, read_answer, read_to_end};
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Whoever asks.
pub struct Visitor(BufReader<TcpStream>);

impl Visitor {
    /// Connects.
    pub fn of(address: SocketAddr) -> Visitor {
        Visitor(BufReader::with_capacity(256 << 10, connect(address)))
    }

    /// The answer to `method` for `target` with these field lines, which need no end of a line behind the last.
    pub fn ask(&mut self, method: &str, target: &str, fields: &str) -> Answer {
        self.send(method, target, fields);
        self.read(method)
    }

    /// The answer to GET.
    pub fn get(&mut self, target: &str, fields: &str) -> Answer {
        self.ask("GET", target, fields)
    }

    /// Asks, and leaves the answer where it is.
    pub fn send(&mut self, method: &str, target: &str, fields: &str) {
        let line_end = if fields.is_empty() { "" } else { "\r\n" };
        let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}{line_end}\r\n");
        self.0.get_ref().write_all(request.as_bytes()).unwrap();
    }

    /// Reads an answer to `method`.
    pub fn read(&mut self, method: &str) -> Answer {
        read_answer(&mut self.0, method)
    }

    /// Reads what else comes until the server ends.
    pub fn rest(self) -> Vec<u8> {
        let known = self.0.buffer().to_vec();
        [known, read_to_end(self.0.into_inner())].concat()
    }

    /// Asks for `target` again and again until `is_it` says that this is the answer. Time alone brings it about.
    pub fn get_until(&mut self, target: &str, fields: &str, is_it: impl Fn(&Answer) -> bool) -> Answer {
        until(format_args!("another answer to {target}"), || {
            let answer = self.get(target, fields);
            if is_it(&answer) { Ok(answer) } else { Err(answer.head) }
        })
    }

    /// The answer once the file is old enough for a strong tag: from then on it is kept in memory.
    pub fn get_settled(&mut self, target: &str, fields: &str) -> Answer {
        self.get_until(target, fields, |answer| answer.tag().starts_with('"'))
    }
}

impl Answer {
    /// Its `ETag`, which it must have.
    pub fn tag(&self) -> &str {
        self.field("etag").unwrap_or_else(|| panic!("no ETag in {}", self.head))
    }
}

/// What `bytes` were before gzip; they must be one whole stream.
pub fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut decoder = flate2::bufread::GzDecoder::new(bytes);
    let mut content = Vec::new();
    decoder.read_to_end(&mut content).unwrap();
    assert!(decoder.into_inner().is_empty(), "there is more behind the stream");
    content
}

/// Bytes as `gzip` writes them.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Bytes as the compressor for files with this extension writes them.
pub fn compressed(extension: &str, content: &[u8]) -> Vec<u8> {
    match extension {
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(content).unwrap();
            encoder.into_inner()
        }
        "zst" => ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest),
        _ => gzip(content),
    }
}
