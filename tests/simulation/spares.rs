//! Files and folders that are used again instead of being deleted and made: some file systems take long to find a free
//! inode among many that were freed just now.
//!
//! What is deleted in a world is used again in the next one only, since the server may hold it open until then.

use crate::ground::set_time;
use crate::past::Version;
use crate::tree::Node;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What can be used again, and what can be in the next world.
pub struct Spares {
    /// Where it is kept.
    attic: PathBuf,
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    freed_files: Vec<PathBuf>,
    freed_folders: Vec<PathBuf>,
    /// Counts the names in the attic.
    names: u64,
}

impl Spares {
    pub fn at(attic: &Path) -> Spares {
        let [files, folders, freed_files, freed_folders] = [const { Vec::new() }; 4];
        Spares { attic: attic.to_owned(), files, folders, freed_files, freed_folders, names: 0 }
    }

    /// A new world begins.
    pub fn begin(&mut self) {
        self.files.append(&mut self.freed_files);
        self.folders.append(&mut self.freed_folders);
    }

    /// A place in the attic where nothing is, and its name there.
    pub fn place(&mut self) -> (PathBuf, u64) {
        self.names += 1;
        (self.attic.join(self.names.to_string()), self.names)
    }

    /// Makes `node` at `place`, where nothing is yet. Folders and links get this time.
    pub fn build(&mut self, place: &Path, node: &Node, time: SystemTime) {
        match node {
            Node::File(version) => return self.build_file(place, version),
            Node::Folder(children) => {
                match self.folders.pop() {
                    Some(spare) => fs::rename(spare, place).unwrap(),
                    None => fs::create_dir(place).unwrap(),
                }
                children.iter().for_each(|(name, node)| self.build(&place.join(name), node, time));
            }
            Node::Link(to) => symlink(to, place).unwrap(),
        }
        set_time(place, time);
    }

    /// Makes a file at `place`, where nothing is yet.
    pub fn build_file(&mut self, place: &Path, version: &Version) {
        let Some(spare) = self.files.pop() else {
            fs::write(place, &version.bytes).unwrap();
            return set_time(place, version.modified);
        };
        rewrite(&spare, version);
        fs::rename(spare, place).unwrap();
    }

    /// Takes away what is at `place`.
    pub fn take(&mut self, place: &Path, node: &Node) {
        match node {
            Node::Folder(children) => {
                children.iter().for_each(|(name, node)| self.take(&place.join(name), node));
                let spare = self.place().0;
                fs::rename(place, &spare).unwrap();
                self.freed_folders.push(spare);
            }
            Node::File(_) => self.take_file(place),
            Node::Link(_) => fs::remove_file(place).unwrap(),
        }
    }

    /// Takes away the file at `place`, if there is one.
    pub fn take_file(&mut self, place: &Path) {
        let spare = self.place().0;
        match fs::rename(place, &spare) {
            Ok(()) => self.freed_files.push(spare),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("{}: {error}", place.display()),
        }
    }
}

/// Writes a file in place: its folder does not change. The file is cut first: while it becomes shorter, it never has more
/// bytes than the new version.
pub fn rewrite(place: &Path, version: &Version) {
    let file = OpenOptions::new().write(true).open(place).unwrap();
    file.set_len(version.bytes.len() as u64).unwrap();
    file.write_all_at(&version.bytes, 0).unwrap();
    file.set_modified(version.modified).unwrap();
}
