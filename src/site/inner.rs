//! What a file is whose name says that it is compressed, and for which requests: `picture.svgz`, `game.wasm.br`.

use super::contents::Stored;
use super::kind;
use crate::http::encoding::Coding;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What a file is asked for by, as far as the client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// An element of a page, such as a script, a style or a font: it uses what is in the file.
    Element,
    /// A script of a page: it gets the bytes of the file, and does with them what it likes.
    Script,
    /// A user who opens or stores the file, or a client that does not say.
    Other,
}

/// What a file is whose name says that it is compressed, once it is decompressed.
pub struct Inner {
    /// How it is compressed.
    pub coding: Coding,
    /// The media type of what is in it.
    pub content_type: &'static str,
    /// Which requests are answered with that.
    pub audience: Audience,
}

/// Which requests a representation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// All.
    All,
    /// Those of pages: of their elements and of their scripts.
    Pages,
    /// Those of the elements of pages.
    Elements,
}

impl Audience {
    /// Whether a request by `asker` is one of them.
    pub fn includes(self, asker: &dyn Fn() -> Asker) -> bool {
        match self {
            Audience::All => true,
            Audience::Pages => asker() != Asker::Other,
            Audience::Elements => asker() == Asker::Element,
        }
    }
}

impl Inner {
    /// What is in the file `name`, where its name and its first bytes say that it is compressed, and it is for pages.
    ///
    /// A compressed picture is no use to anyone but as a picture. Any other compressed file may be wanted as it is, to be
    /// stored or to be decompressed by a script. An element of a page cannot decompress, so it wants what is in the
    /// file; and so does a script, where it cannot decompress that coding either, or where the name is one of those
    /// that Unity gives to the parts of a game.
    pub fn of(name: &Path, stored: &Stored) -> io::Result<Option<Inner>> {
        let Some((coding, inner)) = kind::compressed_by_name(name) else { return Ok(None) };
        let extension = inner.extension().unwrap_or_default();
        let is_of_game = extension == "data" || inner.as_os_str().as_bytes().ends_with(b".symbols.json");
        let known = kind::by_name(&inner).or(is_of_game.then_some("application/octet-stream"));
        let Some(content_type) = known.filter(|kind| *kind != "application/x-tar") else { return Ok(None) };
        let audience = match coding {
            _ if name.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svgz")) => {
                Audience::All
            }
            Coding::Gzip if is_of_game || extension == "js" || extension == "wasm" => Audience::Pages,
            Coding::Gzip => Audience::Elements,
            _ => Audience::Pages,
        };
        let magic: &[u8] = match coding {
            Coding::Gzip => b"\x1f\x8b",
            Coding::Zstd => b"\x28\xb5\x2f\xfd",
            Coding::Brotli | Coding::Identity => b"",
        };
        let is_compressed = stored.begins_with(magic)?;
        Ok(is_compressed.then_some(Inner { coding, content_type, audience }))
    }
}
