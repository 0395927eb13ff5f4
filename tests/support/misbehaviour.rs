//! Clients that nobody wants and everybody gets.

use super::{connect, read_answer};
use rustix::net::sockopt::{set_socket_linger, set_socket_recv_buffer_size};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A head that goes on.
pub const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nA: ";

/// Closes so that the other end sees a reset (socket(7), SO_LINGER).
pub fn reset(stream: TcpStream) {
    set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

/// Has a request accepted whose body of nine bytes never ends.
pub fn half_a_post(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        .unwrap();
    assert_eq!(read_answer(&mut stream, "POST").status, 100);
    stream.write_all(b"12345").unwrap();
    stream
}

/// Asks for a file that is larger than what fits on the way, and reads none of it.
pub fn slow_reader(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    set_socket_recv_buffer_size(&stream, 4096).unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream
}
