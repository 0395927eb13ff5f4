//! System calls that neither std nor mio offers. What only Linux has lives here and nowhere else.

use crate::conn::transport::{Follow, Transport};
use rustix::fs::{Advice, OFlags, fadvise};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::fd::AsFd;

/// Opening a pipe does not wait for its other end (open(2), O_NONBLOCK); for a regular file it says nothing.
pub const OPEN_NONBLOCK: i32 = OFlags::NONBLOCK.bits() as i32;

/// Bytes of a large file that are asked for when it is opened.
const READ_AHEAD_BYTES: u64 = 1 << 20;

/// Every socket that has a descriptor, blocking or not, carries a connection.
impl<S: AsFd> Transport for S {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (count, _) = rustix::net::recv(self, buffer, RecvFlags::empty())?;
        Ok(count)
    }

    fn send(&mut self, bytes: &[u8], follow: Follow) -> io::Result<usize> {
        let follow = match follow {
            #[cfg(target_os = "linux")]
            Follow::More => SendFlags::MORE,
            _ => SendFlags::empty(),
        };
        Ok(rustix::net::send(self, bytes, SendFlags::NOSIGNAL | follow)?)
    }

    fn send_file(&mut self, file: &File, offset: u64, count: usize) -> io::Result<usize> {
        send_file(self, file, offset, count)
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(rustix::net::shutdown(self, Shutdown::Write)?)
    }
}

/// From the kernel's pages to the socket, without a copy to us and back (sendfile(2)).
#[cfg(target_os = "linux")]
fn send_file<S: AsFd>(socket: S, file: &File, mut offset: u64, count: usize) -> io::Result<usize> {
    Ok(rustix::fs::sendfile(socket, file, Some(&mut offset), count)?)
}

/// By way of a buffer, where the platform has no sendfile of this form.
#[cfg(any(test, not(target_os = "linux")))]
fn copy_file<S: AsFd>(socket: S, file: &File, offset: u64, count: usize) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    let mut buffer = [0; 16 << 10];
    let count = file.read_at(&mut buffer[..count.min(16 << 10)], offset)?;
    match count {
        0 => Ok(0),
        _ => Ok(rustix::net::send(socket, &buffer[..count], SendFlags::NOSIGNAL)?),
    }
}

#[cfg(not(target_os = "linux"))]
use copy_file as send_file;

/// Asks the kernel to read the beginning of a large file, and to read ahead generously from then on. Best
/// effort: whoever has it not in memory waits for the disk.
pub fn read_ahead(file: &File) {
    let _ = fadvise(file, 0, None, Advice::Sequential);
    let _ = fadvise(file, 0, NonZeroU64::new(READ_AHEAD_BYTES), Advice::WillNeed);
}

/// Whether an error says that no descriptor, or no memory for one, is left (EMFILE, ENFILE, ENOBUFS, ENOMEM).
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    let out = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| out.contains(&errno))
}

/// Whether a name goes in circles, or through more links than the kernel follows (ELOOP).
pub fn is_link_loop(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}

/// Raises the soft limit of open descriptors to the hard one and says where it is now (setrlimit(2)).
pub fn raise_descriptor_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    limit.map_or(usize::MAX, |limit| limit.try_into().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    /// What arrives of a ten-byte file from offset 3 on.
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
