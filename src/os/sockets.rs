//! System calls on sockets: recv(2), send(2), sendfile(2), shutdown(2). None of them knows a connection.

use rustix::net::{RecvFlags, SendFlags, Shutdown};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

/// Reads into `buffer`, and gives the number of bytes (recv(2)). 0 means that the peer has shut its side.
pub fn recv(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let (count, _) = rustix::net::recv(socket, buffer, RecvFlags::empty())?;
    Ok(count)
}

/// Writes from `bytes`, and gives how many bytes the kernel took, which may be fewer (send(2)).
pub fn send(socket: impl AsFd, bytes: &[u8], follow: Follow) -> io::Result<usize> {
    let follow = match follow {
        #[cfg(target_os = "linux")]
        Follow::More => SendFlags::MORE,
        _ => SendFlags::empty(),
    };
    Ok(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL | follow)?)
}

/// What will be sent after the bytes of a [`send`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// More bytes, at once. The kernel may wait for them to fill a packet (MSG_MORE).
    More,
    /// Nothing for now.
    Nothing,
}

/// Shuts our side of a connection (shutdown(2) with SHUT_WR). The peer reads the bytes that are on their way, and then
/// the end.
pub fn shut(socket: impl AsFd) -> io::Result<()> {
    Ok(rustix::net::shutdown(socket, Shutdown::Write)?)
}

/// Lets `listener` report a connection only when its first bytes are here, or after `patience`, rounded up to a second
/// (tcp(7), TCP_DEFER_ACCEPT). So the loop finds bytes to read as soon as it accepts, and wakes once less.
///
/// Neither std nor rustix has a way to ask for this yet (rust-lang/rust#119639).
#[cfg(target_os = "linux")]
pub fn defer_accept(listener: &impl AsRawFd, patience: Duration) -> io::Result<()> {
    use uapi::c::{IPPROTO_TCP, TCP_DEFER_ACCEPT};
    let seconds = patience.as_millis().div_ceil(1000) as i32;
    Ok(uapi::setsockopt(listener.as_raw_fd(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds)?)
}

/// Does nothing on other platforms: their listeners report a connection as soon as it is there.
#[cfg(not(target_os = "linux"))]
pub fn defer_accept(_: &impl AsRawFd, _: Duration) -> io::Result<()> {
    Ok(())
}

/// Sends up to `count` bytes of `file` from `offset` on, and gives how many the kernel took (sendfile(2)). The bytes go
/// from the kernel's page cache to the socket, without a copy in this process.
#[cfg(target_os = "linux")]
pub fn send_file<S: AsFd>(socket: S, file: &File, mut offset: u64, count: usize) -> io::Result<usize> {
    Ok(rustix::fs::sendfile(socket, file, Some(&mut offset), count)?)
}

/// The same through a buffer, for platforms without this form of sendfile.
#[cfg(any(test, not(target_os = "linux")))]
pub fn copy_file<S: AsFd>(socket: S, file: &File, offset: u64, count: usize) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    let mut buffer = [0; 16 << 10];
    let count = file.read_at(&mut buffer[..count.min(16 << 10)], offset)?;
    match count {
        0 => Ok(0),
        _ => Ok(rustix::net::send(socket, &buffer[..count], SendFlags::NOSIGNAL)?),
    }
}

#[cfg(not(target_os = "linux"))]
pub use copy_file as send_file;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    /// Sends up to `count` bytes of a ten-byte file from offset 3 on: how many were taken, and what arrived.
    fn sent(send: fn(UnixStream, &File, u64, usize) -> io::Result<usize>, count: usize) -> (usize, Vec<u8>) {
        let path = std::env::temp_dir().join(format!("onepoll-os-{}-{count}", std::process::id()));
        File::create(&path).unwrap().write_all(b"0123456789").unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let taken = send(ours, &file, 3, count).unwrap();
        let mut bytes = Vec::new();
        theirs.read_to_end(&mut bytes).unwrap();
        (taken, bytes)
    }

    #[test]
    fn a_part_of_a_file_is_sent_the_same_with_and_without_sendfile() {
        for send in [send_file::<UnixStream>, copy_file::<UnixStream>] {
            assert_eq!(sent(send, 4), (4, b"3456".to_vec()));
            assert_eq!(sent(send, 100), (7, b"3456789".to_vec()));
        }
    }
}
