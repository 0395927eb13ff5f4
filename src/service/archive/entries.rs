//! What an archive must still know of its entries when its end is written, in as few bytes as can be: a folder may have
//! a hundred thousand files. This file does not know the format of an archive.

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, in the bytes of the archive.
    pub name: Vec<u8>,
    /// When it was last written, in seconds since 1970.
    pub modified: i64,
    /// What was written of a file; `None` for a folder.
    pub content: Option<Content>,
}

/// The content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its length in the archive.
    pub packed_bytes: u64,
    /// Its CRC-32.
    pub crc: u32,
}

/// Entries in their order, each as the difference from the one before: names share the folders that they begin with. An entry
/// takes about 18 bytes, besides the end of its name.
#[derive(Default)]
pub struct Entries {
    list: Vec<u8>,
    count: u64,
    name: Vec<u8>,
    modified: i64,
}

impl Entries {
    /// Adds an entry behind the others.
    pub fn push(&mut self, Entry { name, modified, content }: Entry) {
        let shared = name.iter().zip(&self.name).take_while(|(one, other)| one == other).count();
        write_number(shared as u64, &mut self.list);
        write_number((name.len() - shared) as u64, &mut self.list);
        self.list.extend_from_slice(&name[shared..]);
        let later = modified.wrapping_sub(self.modified);
        // Small numbers of either sign stay small.
        write_number(((later << 1) ^ (later >> 63)) as u64, &mut self.list);
        match content {
            None => write_number(0, &mut self.list),
            Some(Content { bytes, packed_bytes, crc }) => {
                // No content takes no bytes at all in the archive, so 0 says that there is none.
                debug_assert!(packed_bytes > 0);
                write_number(packed_bytes, &mut self.list);
                write_number(bytes, &mut self.list);
                self.list.extend_from_slice(&crc.to_le_bytes());
            }
        }
        (self.name, self.modified) = (name, modified);
        self.count += 1;
    }

    /// The number of entries.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The memory that they take, in bytes.
    pub fn list_bytes(&self) -> usize {
        self.list.len()
    }
}

/// A place among the entries.
#[derive(Default)]
pub struct Cursor {
    at: usize,
    name: Vec<u8>,
    modified: i64,
}

impl Cursor {
    /// The entry at this place; goes on to the next.
    pub fn next(&mut self, entries: &Entries) -> Option<Entry> {
        let mut list = entries.list.get(self.at..).filter(|list| !list.is_empty())?;
        let shared = read_number(&mut list);
        let more = read_number(&mut list) as usize;
        self.name.truncate(shared as usize);
        self.name.extend_from_slice(&list[..more]);
        list = &list[more..];
        let later = read_number(&mut list);
        self.modified = self.modified.wrapping_add((later >> 1) as i64 ^ -((later & 1) as i64));
        let packed_bytes = read_number(&mut list);
        let content = (packed_bytes > 0).then(|| {
            let bytes = read_number(&mut list);
            let (crc, behind) = list.split_first_chunk().expect("the list is written by `push` alone");
            list = behind;
            Content { bytes, packed_bytes, crc: u32::from_le_bytes(*crc) }
        });
        self.at = entries.list.len() - list.len();
        Some(Entry { name: self.name.clone(), modified: self.modified, content })
    }
}

/// Writes seven bits a byte, the low ones first; the highest bit says that more follow.
fn write_number(mut number: u64, list: &mut Vec<u8>) {
    while number >= 0x80 {
        list.push(number as u8 | 0x80);
        number >>= 7;
    }
    list.push(number as u8);
}

fn read_number(list: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = list.split_first().expect("the list is written by `push` alone");
        *list = behind;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_were_in_few_bytes() {
        let content = |bytes, packed_bytes, crc| Some(Content { bytes, packed_bytes, crc });
        let given = [
            ("", 0, None),
            ("folder/", 1_700_000_000, None),
            ("folder/one.txt", -5, content(0, 2, 0)),
            ("folder/one.txt.gz", i64::MAX, content(u64::MAX, u64::MAX, u32::MAX)),
            ("g", i64::MIN, content(1 << 32, 127, 1)),
            ("g", i64::MIN, content(127, 128, 0x0102_0304)),
        ];
        let given = given.map(|(name, modified, content)| Entry { name: name.into(), modified, content });
        let (mut entries, mut cursor) = (Entries::default(), Cursor::default());
        given.iter().for_each(|entry| entries.push(entry.clone()));
        let read: Vec<_> = std::iter::from_fn(|| cursor.next(&entries)).collect();
        assert_eq!((read, entries.count()), (given.to_vec(), 6));
        let mut many = Entries::default();
        for number in 0..70_000 {
            let name = format!("a folder/with a folder/file-{number:06}.txt").into();
            many.push(Entry { name, modified: 1_700_000_000 + number, content: content(5_000, 2_000, 77) });
        }
        assert!(many.list_bytes() < 70_000 * 24, "{}", many.list_bytes());
    }
}
