//! A reader of ZIP archives that takes nothing on trust: every byte belongs to one record, and what is said twice is said
//! alike.

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// An entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub content: Vec<u8>,
    /// In seconds since 1970, where it is said.
    pub modified: Option<i32>,
    /// The type and the mode of Unix.
    pub mode: u32,
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, behind) = self.0.split_at_checked(count).expect("the archive goes on");
        self.0 = behind;
        bytes
    }

    fn number(&mut self, bytes: usize) -> u64 {
        self.bytes(bytes).iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn is(&mut self, signature: &[u8]) {
        assert_eq!(self.bytes(4), signature);
    }
}

/// Reads an archive without comment and without numbers of 64 bits.
pub fn unzip(archive: &[u8]) -> Vec<Member> {
    let mut end = Reader(&archive[archive.len() - 22..]);
    end.is(b"PK\x05\x06");
    let [disk, first_disk, count, all] = [(); 4].map(|()| end.number(2));
    let [directory_bytes, start, comment] = [4, 4, 2].map(|bytes| end.number(bytes) as usize);
    assert_eq!((disk, first_disk, count, comment), (0, 0, all, 0));
    assert_eq!(start + directory_bytes + 22, archive.len());
    let mut directory = Reader(&archive[start..start + directory_bytes]);
    let mut local = Reader(&archive[..start]);
    let members = (0..count).map(|_| member(start - local.0.len(), &mut directory, &mut local)).collect();
    assert_eq!((directory.0.len(), local.0.len()), (0, 0), "bytes that belong to no entry");
    members
}

/// The entry that begins at `offset`, from its line in the directory and from what stands before and behind it.
fn member(offset: usize, directory: &mut Reader<'_>, local: &mut Reader<'_>) -> Member {
    directory.is(b"PK\x01\x02");
    let [made_by, version, flags, method, time, date] = [(); 6].map(|()| directory.number(2));
    let [crc, packed_bytes, bytes] = [(); 3].map(|()| directory.number(4));
    let [name_bytes, extra_bytes, comment, disk, inner] = [(); 5].map(|()| directory.number(2) as usize);
    let [attributes, at] = [(); 2].map(|()| directory.number(4));
    assert_eq!((made_by >> 8, version, comment, disk, inner), (3, 20, 0, 0, 0));
    assert_eq!(at as usize, offset);
    let name = directory.bytes(name_bytes);
    let extra = directory.bytes(extra_bytes);

    local.is(b"PK\x03\x04");
    assert_eq!([(); 5].map(|()| local.number(2)), [version, flags, method, time, date]);
    assert_eq!([(); 3].map(|()| local.number(4)), [0; 3], "they follow the content");
    let [name_again, extra_again] = [(); 2].map(|()| local.number(2) as usize);
    assert_eq!(local.bytes(name_again), name);
    assert_eq!(local.bytes(extra_again), extra);
    let name = std::str::from_utf8(name).expect("names are UTF-8").to_owned();
    let is_folder = name.ends_with('/');
    assert_eq!((flags, method), if is_folder { (1 << 11, 0) } else { (1 << 11 | 1 << 3, 8) });
    let content = if is_folder { Vec::new() } else { inflated(local) };
    if !is_folder {
        local.is(b"PK\x07\x08");
        assert_eq!([(); 3].map(|()| local.number(4)), [crc, packed_bytes, bytes]);
    }
    let mut sum = Crc::new();
    sum.update(&content);
    assert_eq!((u64::from(sum.sum()), content.len() as u64), (crc, bytes), "{name}");
    let modified =
        extra.strip_prefix(b"UT\x05\x00\x01").map(|second| i32::from_le_bytes(second.try_into().unwrap()));
    Member { name, content, modified, mode: (attributes >> 16) as u32 }
}

/// The content of a stream of Deflate, which says itself where it ends.
fn inflated(local: &mut Reader<'_>) -> Vec<u8> {
    let (mut inflater, mut content) = (Decompress::new(false), Vec::new());
    loop {
        content.reserve(1 << 16);
        let before = inflater.total_in();
        let status = inflater.decompress_vec(local.0, &mut content, FlushDecompress::None).unwrap();
        local.bytes((inflater.total_in() - before) as usize);
        match status {
            Status::StreamEnd => return content,
            _ => assert!(!local.0.is_empty(), "a stream is cut"),
        }
    }
}
