//! The media type for an extension: by the user, by a table in this file, or else by the crate mime_guess. The table has the types
//! that the crate lacks, and the types that it knows only in a form from before they were registered.

use crate::http::media::MediaType;
use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

/// Extensions in lower case, their media type, and the source of this type: the registry of IANA, a standard, or else the
/// collection mime-db. Source code has no media type that browsers show, so its type is text/plain. Sorted by type.
#[rustfmt::skip]
const TYPES: &[(&str, &str, &str)] = &[
    ("appinstaller", "application/appinstaller", "mime-db"),
    ("appx", "application/appx", "mime-db"),
    ("appxbundle", "application/appxbundle", "mime-db"),
    ("dcm", "application/dicom", "IANA"),
    ("tgz", "application/gzip", "RFC 6713"),
    ("importmap", "application/importmap+json", "WHATWG HTML §8.1.5"),
    ("map", "application/json", "source map, ECMA-426"),
    ("m4p", "application/mp4", "RFC 4337"),
    ("msix", "application/msix", "mime-db"),
    ("msixbundle", "application/msixbundle", "mime-db"),
    ("br", "application/octet-stream", "RFC 7932 names no type"),
    ("cer", "application/pkix-cert", "IANA"),
    ("owl", "application/rdf+xml", "IANA"),
    ("ttml", "application/ttml+xml", "IANA"),
    ("m3u8", "application/vnd.apple.mpegurl", "RFC 8216"),
    ("numbers", "application/vnd.apple.numbers", "IANA"),
    ("pages", "application/vnd.apple.pages", "IANA"),
    ("fbx", "application/vnd.autodesk.fbx", "mime-db"),
    ("cbz", "application/vnd.comicbook+zip", "IANA"),
    ("cbr", "application/vnd.comicbook-rar", "IANA"),
    ("deb udeb", "application/vnd.debian.binary-package", "IANA"),
    ("mvt", "application/vnd.mapbox-vector-tile", "IANA"),
    ("cab", "application/vnd.ms-cab-compressed", "IANA"),
    ("osm", "application/vnd.openstreetmap.data+xml", "IANA"),
    ("qxd", "application/vnd.quark.quarkxpress", "IANA"),
    ("rar", "application/vnd.rar", "IANA"),
    ("mmf", "application/vnd.smaf", "IANA"),
    ("sqlite sqlite3", "application/vnd.sqlite3", "IANA"),
    ("vsdx", "application/vnd.visio", "IANA"),
    ("wsdl", "application/wsdl+xml", "IANA"),
    ("blend", "application/x-blender", "mime-db"),
    ("kdbx", "application/x-keepass2", "mime-db"),
    ("lzh", "application/x-lzh-compressed", "mime-db"),
    ("rpm", "application/x-redhat-package-manager", "mime-db"),
    ("xsd", "application/xml", "IANA"),
    ("dtd", "application/xml-dtd", "IANA"),
    ("xsl xslt", "application/xslt+xml", "IANA"),
    ("lottie", "application/zip+dotlottie", "mime-db"),
    ("zst", "application/zstd", "RFC 8878"),
    ("amr", "audio/amr", "IANA"),
    ("mka", "audio/matroska", "RFC 9559"),
    ("mid midi rmi", "audio/midi", "WHATWG MIME Sniffing §6.2"),
    ("m4a m4b", "audio/mp4", "RFC 4337"),
    ("otf", "font/otf", "RFC 8081"),
    ("woff", "font/woff", "RFC 8081"),
    ("exr", "image/aces", "IANA"),
    ("avci", "image/avci", "IANA"),
    ("avcs", "image/avcs", "IANA"),
    ("avifs", "image/avif", "AV1 image file format"),
    ("dpx", "image/dpx", "IANA"),
    ("fits", "image/fits", "IANA"),
    ("hej2", "image/hej2k", "IANA"),
    ("jaii", "image/jaii", "IANA"),
    ("jais", "image/jais", "IANA"),
    ("jls", "image/jls", "IANA"),
    ("jph", "image/jph", "IANA"),
    ("jhc", "image/jphc", "IANA"),
    ("jxr", "image/jxr", "IANA"),
    ("jxra", "image/jxra", "IANA"),
    ("jxrs", "image/jxrs", "IANA"),
    ("jxs", "image/jxs", "IANA"),
    ("jxsc", "image/jxsc", "IANA"),
    ("jxsi", "image/jxsi", "IANA"),
    ("jxss", "image/jxss", "IANA"),
    ("ktx2", "image/ktx2", "IANA"),
    ("t38", "image/t38", "IANA"),
    ("tfx", "image/tiff-fx", "IANA"),
    ("psd", "image/vnd.adobe.photoshop", "IANA"),
    ("dwg", "image/vnd.dwg", "IANA"),
    ("dxf", "image/vnd.dxf", "IANA"),
    ("dds", "image/vnd.ms-dds", "mime-db"),
    ("pcx", "image/vnd.zbrush.pcx", "IANA"),
    ("cur", "image/x-icon", "WHATWG MIME Sniffing §6.1"),
    ("3mf", "model/3mf", "IANA"),
    ("jt", "model/jt", "IANA"),
    ("mtl", "model/mtl", "IANA"),
    ("obj", "model/obj", "IANA"),
    ("p21 step stp stpnc", "model/step", "IANA"),
    ("stpx", "model/step+xml", "IANA"),
    ("stpz", "model/step+zip", "IANA"),
    ("stpxz", "model/step-xml+zip", "IANA"),
    ("stl", "model/stl", "IANA"),
    ("u3d", "model/u3d", "IANA"),
    ("dwf", "model/vnd.dwf", "IANA"),
    ("ogex", "model/vnd.opengex", "IANA"),
    ("x_b", "model/vnd.parasolid.transmit.binary", "IANA"),
    ("x_t", "model/vnd.parasolid.transmit.text", "IANA"),
    ("usda", "model/vnd.usda", "IANA"),
    ("usdz", "model/vnd.usdz+zip", "IANA"),
    ("wrl", "model/vrml", "IANA"),
    ("manifest", "text/cache-manifest", "IANA"),
    ("ecma es mjs", "text/javascript", "RFC 9239"),
    ("cjs jsm jsx", "text/javascript", "nosniff blocks others"),
    ("mkd", "text/markdown", "RFC 7763"),
    ("bat cmd coffee csh dart fsscript fsx inf java latex litcoffee php pl pm psc1 raml rs sh sql tcl \
      tex texi texinfo tk toml yaml yml",
     "text/plain", "source, to be shown"),
    ("spdx", "text/spdx", "IANA"),
    ("man me ms roff t tr", "text/troff", "IANA"),
    ("vcf", "text/vcard", "RFC 6350"),
    ("ged", "text/vnd.familysearch.gedcom", "IANA"),
    ("wgsl", "text/wgsl", "IANA"),
    ("m4s", "video/iso.segment", "IANA"),
    ("mkv", "video/matroska", "RFC 9559"),
    ("mk3d", "video/matroska-3d", "RFC 9559"),
    ("m2t m2ts mts ts", "video/mp2t", "RFC 3555"),
];

/// The types by their extensions, one by one.
static BY_EXTENSION: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let each = |(extensions, media_type, _): &(&'static str, &'static str, &str)| {
        let media_type = *media_type;
        extensions.split(' ').map(move |extension| (extension, media_type)).collect::<Vec<_>>()
    };
    TYPES.iter().flat_map(each).collect()
});

/// The media types that the user has given to extensions. They take precedence over all others.
#[derive(Clone, Debug, Default)]
pub struct Types(Vec<(String, GivenType)>);

/// A media type that the user has given to an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenType {
    /// The media type with its parameters.
    pub name: &'static str,
    /// Whether it is text whose encoding the user has not named.
    pub lacks_charset: bool,
}

impl Types {
    /// The same types, and `media_type` for the files with this `extension`, which has no dot. The last type that is given
    /// to an extension counts.
    ///
    /// The few types of a start are kept until the end of the process, so that each file needs no more than a reference.
    pub fn with(mut self, extension: &str, media_type: MediaType) -> Types {
        let MediaType { text, has_charset } = media_type;
        let lacks_charset = text.starts_with("text/") && !has_charset;
        self.0.push((extension.to_owned(), GivenType { name: text.leak(), lacks_charset }));
        self
    }

    /// The types of both; where both have an extension, `others` count.
    pub fn and(mut self, others: Types) -> Types {
        self.0.extend(others.0);
        self
    }

    /// The type that the user has given to the extension of `name`.
    pub fn given(&self, name: &Path) -> Option<GivenType> {
        if self.0.is_empty() {
            return None;
        }
        let extension = name.extension()?;
        let mut last_first = self.0.iter().rev();
        last_first.find(|(given, _)| extension.eq_ignore_ascii_case(given)).map(|(_, given)| *given)
    }
}

/// The media type for `extension`, without parameters; `None` if neither the table nor the crate knows the extension.
pub fn of_extension(extension: &str) -> Option<&'static str> {
    let lower = extension.to_ascii_lowercase();
    BY_EXTENSION.get(&*lower).copied().or_else(|| mime_guess::from_ext(&lower).first_raw().map(shown))
}

/// The type that makes browsers show the file: text/plain in place of `text/x-…`. Browsers save text of a type that they
/// do not know. The types `text/x-…` are not registered, and nearly all of them are source code.
fn shown(media_type: &'static str) -> &'static str {
    if media_type.starts_with("text/x-") { "text/plain" } else { media_type }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_there_once_in_the_order_of_their_types() {
        let mut extensions: Vec<_> =
            TYPES.iter().flat_map(|(extensions, ..)| extensions.split(' ')).collect();
        extensions.sort_unstable();
        assert!(extensions.is_sorted_by(|one, next| one < next && !one.is_empty()), "{extensions:?}");
        assert!(TYPES.is_sorted_by_key(|(_, media_type, _)| media_type));
        assert!(TYPES.iter().all(|(_, media_type, source)| media_type.contains('/') && !source.is_empty()));
    }

    #[test]
    fn the_last_type_that_is_given_counts() {
        let media_type = |text| MediaType::parse(text).unwrap();
        let types =
            Types::default().with("foo", media_type("text/a")).with("FOO", media_type("text/b; charset=c"));
        let types = types.and(Types::default().with("bar", media_type("a/b")));
        for (name, expected) in [
            ("x.foo", Some(("text/b; charset=c", false))),
            ("a/x.Foo", Some(("text/b; charset=c", false))),
            ("x.bar", Some(("a/b", false))),
            ("x.foo.js", None),
            ("foo", None),
            (".foo", None),
            ("", None),
        ] {
            let given = types.given(Path::new(name)).map(|given| (given.name, given.lacks_charset));
            assert_eq!(given, expected, "{name}");
        }
        let text = Types::default().with("foo", media_type("text/a; b=c"));
        assert!(text.given(Path::new("x.foo")).unwrap().lacks_charset);
    }

    #[test]
    fn extensions_are_compared_without_case() {
        for (extension, expected) in [
            ("MJS", Some("text/javascript")),
            ("Jpg", Some("image/jpeg")),
            ("hbs", Some("text/plain")),
            ("unheard-of", None),
            ("", None),
        ] {
            assert_eq!(of_extension(extension), expected, "{extension}");
        }
    }
}
