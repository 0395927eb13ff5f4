//! The file that a listing shows as text below its rows: `README.md`, else `README.txt`, in any case.

use crate::service::names::shown_text;
use crate::site::folder::{Beginning, Folder};
use std::ffi::{OsStr, OsString};

/// Bytes of the file that are shown.
pub const SHOWN_BYTES_MAX: usize = 32 << 10;

/// Bytes that are read in one step.
const STEP_BYTES: usize = 4 << 10;

/// The names, the one that is preferred first.
const NAMES: [&str; 2] = ["readme.md", "readme.txt"];

/// The file to be shown, as far as it is known.
#[derive(Default)]
pub struct Readme {
    /// The best name so far, with what it is preferred by: its place in [`NAMES`], and capital letters.
    best: Option<(usize, OsString)>,
    reading: Option<Beginning>,
}

impl Readme {
    /// A file of this name is in the folder, and is served.
    pub fn note(&mut self, name: &OsStr) {
        let Some(at) = NAMES.iter().position(|known| name.eq_ignore_ascii_case(known)) else { return };
        let found = (at, name.to_owned());
        if self.best.as_ref().is_none_or(|best| found < *best) {
            self.best = Some(found);
        }
    }

    /// Reads the next part of the file: one step. True at its end, or where enough was read, or there is nothing to be shown. A
    /// file that cannot be read is not shown.
    pub fn read(&mut self, folder: &Folder) -> bool {
        let Some((_, name)) = &self.best else { return true };
        if self.reading.is_none() {
            self.reading = folder.open_beginning(name, SHOWN_BYTES_MAX);
        }
        let Some(reading) = &mut self.reading else { return true };
        reading.read(STEP_BYTES).unwrap_or_else(|_| {
            self.best = None;
            true
        })
    }

    /// Its name, its text, and whether there is more of it than that. Bytes that are no text are not shown: they are not UTF-8,
    /// or there is a NUL among them. Invisible characters are escaped as in names, but not tabs and the ends of lines.
    pub fn text(&self) -> Option<(&OsStr, String, bool)> {
        let ((_, name), read) = (self.best.as_ref()?, self.reading.as_ref()?);
        let bytes = read.bytes().strip_prefix("\u{feff}".as_bytes()).unwrap_or(read.bytes());
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            // The last character was cut in two.
            Err(error) if error.error_len().is_none() && read.is_cut() => {
                std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
            }
            Err(_) => return None,
        };
        (!text.contains('\0')).then(|| (name.as_os_str(), shown_text(text), read.is_cut()))
    }
}
