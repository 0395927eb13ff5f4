//! Files whose name says that they are compressed, such as `picture.svgz` and `game.wasm.br`: what is inside, and which
//! requests get it as such, with `Content-Encoding`, instead of the file as it is.

use super::contents::Stored;
use super::kind;
use super::types::Types;
use crate::http::encoding::Coding;
use crate::http::media::essence;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What in the client asks for a file, as far as the request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// An element of a page, such as `<script>`, a style or a font. It can only use the decompressed content.
    Element,
    /// A script of a page, which reads the bytes of the file.
    Script,
    /// A user who opens or saves the file, or a client that does not say.
    Other,
}

/// The content of a compressed file, once it is decompressed.
pub struct Inner {
    /// How the file is compressed.
    pub coding: Coding,
    /// The media type of the content.
    pub content_type: &'static str,
    /// Which requests get the content instead of the file as it is.
    pub audience: Audience,
}

/// Which requests a representation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// All requests.
    All,
    /// Requests by the elements and the scripts of pages.
    Pages,
    /// Requests by the elements of pages.
    Elements,
}

impl Audience {
    /// Whether the representation is for a request by `asker`.
    pub fn includes(self, asker: &dyn Fn() -> Asker) -> bool {
        match self {
            Audience::All => true,
            Audience::Pages => asker() != Asker::Other,
            Audience::Elements => asker() == Asker::Element,
        }
    }
}

impl Inner {
    /// The content of the file `name`, if its name and its first bytes say that it is compressed, and some requests want
    /// the content rather than the file. An error if the file cannot be read.
    ///
    /// A compressed picture (`.svgz`) is always wanted as a picture. Any other compressed file may be wanted as it is, to
    /// be saved or to be decompressed by a script. An element of a page cannot decompress a file, so it gets the content.
    /// A script gets the content where browsers let no script decompress the coding, and where the name is one that Unity
    /// gives to the parts of a game.
    pub fn of(name: &Path, stored: &Stored, types: &Types) -> io::Result<Option<Inner>> {
        let Some((coding, inner)) = kind::compressed_by_name(name) else { return Ok(None) };
        let lower = inner.as_os_str().to_ascii_lowercase();
        let ends = |end: &str| lower.as_bytes().ends_with(end.as_bytes());
        let is_of_game = ends(".data") || ends(".symbols.json");
        let is_picture = name.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svgz"));
        // A type that the user gives to `svgz` is the one of the picture.
        let given = types.given(name).filter(|_| is_picture).map(|given| given.name);
        let known = given.or_else(|| kind::by_name(&inner, types));
        let known = known.or(is_of_game.then_some("application/octet-stream"));
        let Some(content_type) = known.filter(|kind| essence(kind) != "application/x-tar") else {
            return Ok(None);
        };
        let audience = match coding {
            _ if is_picture => Audience::All,
            Coding::Gzip if is_of_game || ends(".js") || ends(".wasm") => Audience::Pages,
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
