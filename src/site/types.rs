//! The media type for an extension: by a table in this file, or else by the crate mime_guess. The table has the types
//! that the crate lacks, and those that the crate has in a form from before they were registered.

/// An extension in lower case, its media type, and the source of this type: the registry of IANA, a standard, or else the
/// collection mime-db. Source code has no media type that browsers show, so its type is text/plain. Sorted by extension.
#[rustfmt::skip]
const TYPES: &[(&str, &str, &str)] = &[
    ("3mf", "model/3mf", "IANA"),
    ("amr", "audio/amr", "IANA"),
    ("appinstaller", "application/appinstaller", "mime-db"),
    ("appx", "application/appx", "mime-db"),
    ("appxbundle", "application/appxbundle", "mime-db"),
    ("avci", "image/avci", "IANA"),
    ("avcs", "image/avcs", "IANA"),
    ("avifs", "image/avif", "AV1 image file format"),
    ("bat", "text/plain", "source, to be shown"),
    ("blend", "application/x-blender", "mime-db"),
    ("br", "application/octet-stream", "RFC 7932 names no type"),
    ("cab", "application/vnd.ms-cab-compressed", "IANA"),
    ("cbr", "application/vnd.comicbook-rar", "IANA"),
    ("cbz", "application/vnd.comicbook+zip", "IANA"),
    ("cer", "application/pkix-cert", "IANA"),
    ("cjs", "text/javascript", "nosniff blocks others"),
    ("cmd", "text/plain", "source, to be shown"),
    ("coffee", "text/plain", "source, to be shown"),
    ("csh", "text/plain", "source, to be shown"),
    ("cur", "image/x-icon", "WHATWG MIME Sniffing §6.1"),
    ("dart", "text/plain", "source, to be shown"),
    ("dcm", "application/dicom", "IANA"),
    ("dds", "image/vnd.ms-dds", "mime-db"),
    ("deb", "application/vnd.debian.binary-package", "IANA"),
    ("dpx", "image/dpx", "IANA"),
    ("dtd", "application/xml-dtd", "IANA"),
    ("dwf", "model/vnd.dwf", "IANA"),
    ("dwg", "image/vnd.dwg", "IANA"),
    ("dxf", "image/vnd.dxf", "IANA"),
    ("ecma", "text/javascript", "RFC 9239"),
    ("es", "text/javascript", "RFC 9239"),
    ("exr", "image/aces", "IANA"),
    ("fbx", "application/vnd.autodesk.fbx", "mime-db"),
    ("fits", "image/fits", "IANA"),
    ("fsscript", "text/plain", "source, to be shown"),
    ("fsx", "text/plain", "source, to be shown"),
    ("ged", "text/vnd.familysearch.gedcom", "IANA"),
    ("hej2", "image/hej2k", "IANA"),
    ("importmap", "application/importmap+json", "WHATWG HTML §8.1.5"),
    ("inf", "text/plain", "source, to be shown"),
    ("jaii", "image/jaii", "IANA"),
    ("jais", "image/jais", "IANA"),
    ("java", "text/plain", "source, to be shown"),
    ("jhc", "image/jphc", "IANA"),
    ("jls", "image/jls", "IANA"),
    ("jph", "image/jph", "IANA"),
    ("jsm", "text/javascript", "nosniff blocks others"),
    ("jsx", "text/javascript", "nosniff blocks others"),
    ("jt", "model/jt", "IANA"),
    ("jxr", "image/jxr", "IANA"),
    ("jxra", "image/jxra", "IANA"),
    ("jxrs", "image/jxrs", "IANA"),
    ("jxs", "image/jxs", "IANA"),
    ("jxsc", "image/jxsc", "IANA"),
    ("jxsi", "image/jxsi", "IANA"),
    ("jxss", "image/jxss", "IANA"),
    ("kdbx", "application/x-keepass2", "mime-db"),
    ("ktx2", "image/ktx2", "IANA"),
    ("latex", "text/plain", "source, to be shown"),
    ("litcoffee", "text/plain", "source, to be shown"),
    ("lottie", "application/zip+dotlottie", "mime-db"),
    ("lzh", "application/x-lzh-compressed", "mime-db"),
    ("m2t", "video/mp2t", "RFC 3555"),
    ("m2ts", "video/mp2t", "RFC 3555"),
    ("m3u8", "application/vnd.apple.mpegurl", "RFC 8216"),
    ("m4a", "audio/mp4", "RFC 4337"),
    ("m4b", "audio/mp4", "RFC 4337"),
    ("m4p", "application/mp4", "RFC 4337"),
    ("m4s", "video/iso.segment", "IANA"),
    ("man", "text/troff", "IANA"),
    ("manifest", "text/cache-manifest", "IANA"),
    ("map", "application/json", "source map, ECMA-426"),
    ("me", "text/troff", "IANA"),
    ("mid", "audio/midi", "WHATWG MIME Sniffing §6.2"),
    ("midi", "audio/midi", "WHATWG MIME Sniffing §6.2"),
    ("mjs", "text/javascript", "RFC 9239"),
    ("mk3d", "video/matroska-3d", "RFC 9559"),
    ("mka", "audio/matroska", "RFC 9559"),
    ("mkd", "text/markdown", "RFC 7763"),
    ("mkv", "video/matroska", "RFC 9559"),
    ("mmf", "application/vnd.smaf", "IANA"),
    ("ms", "text/troff", "IANA"),
    ("msix", "application/msix", "mime-db"),
    ("msixbundle", "application/msixbundle", "mime-db"),
    ("mtl", "model/mtl", "IANA"),
    ("mts", "video/mp2t", "RFC 3555"),
    ("mvt", "application/vnd.mapbox-vector-tile", "IANA"),
    ("numbers", "application/vnd.apple.numbers", "IANA"),
    ("obj", "model/obj", "IANA"),
    ("ogex", "model/vnd.opengex", "IANA"),
    ("osm", "application/vnd.openstreetmap.data+xml", "IANA"),
    ("otf", "font/otf", "RFC 8081"),
    ("owl", "application/rdf+xml", "IANA"),
    ("p21", "model/step", "IANA"),
    ("pages", "application/vnd.apple.pages", "IANA"),
    ("pcx", "image/vnd.zbrush.pcx", "IANA"),
    ("php", "text/plain", "source, to be shown"),
    ("pl", "text/plain", "source, to be shown"),
    ("pm", "text/plain", "source, to be shown"),
    ("psc1", "text/plain", "source, to be shown"),
    ("psd", "image/vnd.adobe.photoshop", "IANA"),
    ("qxd", "application/vnd.quark.quarkxpress", "IANA"),
    ("raml", "text/plain", "source, to be shown"),
    ("rar", "application/vnd.rar", "IANA"),
    ("rmi", "audio/midi", "WHATWG MIME Sniffing §6.2"),
    ("roff", "text/troff", "IANA"),
    ("rpm", "application/x-redhat-package-manager", "mime-db"),
    ("rs", "text/plain", "source, to be shown"),
    ("sh", "text/plain", "source, to be shown"),
    ("spdx", "text/spdx", "IANA"),
    ("sql", "text/plain", "source, to be shown"),
    ("sqlite", "application/vnd.sqlite3", "IANA"),
    ("sqlite3", "application/vnd.sqlite3", "IANA"),
    ("step", "model/step", "IANA"),
    ("stl", "model/stl", "IANA"),
    ("stp", "model/step", "IANA"),
    ("stpnc", "model/step", "IANA"),
    ("stpx", "model/step+xml", "IANA"),
    ("stpxz", "model/step-xml+zip", "IANA"),
    ("stpz", "model/step+zip", "IANA"),
    ("t", "text/troff", "IANA"),
    ("t38", "image/t38", "IANA"),
    ("tcl", "text/plain", "source, to be shown"),
    ("tex", "text/plain", "source, to be shown"),
    ("texi", "text/plain", "source, to be shown"),
    ("texinfo", "text/plain", "source, to be shown"),
    ("tfx", "image/tiff-fx", "IANA"),
    ("tgz", "application/gzip", "RFC 6713"),
    ("tk", "text/plain", "source, to be shown"),
    ("toml", "text/plain", "source, to be shown"),
    ("tr", "text/troff", "IANA"),
    ("ts", "video/mp2t", "RFC 3555"),
    ("ttml", "application/ttml+xml", "IANA"),
    ("u3d", "model/u3d", "IANA"),
    ("udeb", "application/vnd.debian.binary-package", "IANA"),
    ("usda", "model/vnd.usda", "IANA"),
    ("usdz", "model/vnd.usdz+zip", "IANA"),
    ("vcf", "text/vcard", "RFC 6350"),
    ("vsdx", "application/vnd.visio", "IANA"),
    ("wgsl", "text/wgsl", "IANA"),
    ("woff", "font/woff", "RFC 8081"),
    ("wrl", "model/vrml", "IANA"),
    ("wsdl", "application/wsdl+xml", "IANA"),
    ("x_b", "model/vnd.parasolid.transmit.binary", "IANA"),
    ("x_t", "model/vnd.parasolid.transmit.text", "IANA"),
    ("xsd", "application/xml", "IANA"),
    ("xsl", "application/xslt+xml", "IANA"),
    ("xslt", "application/xslt+xml", "IANA"),
    ("yaml", "text/plain", "source, to be shown"),
    ("yml", "text/plain", "source, to be shown"),
    ("zst", "application/zstd", "RFC 8878"),
];

/// The media type for `extension`, without parameters; `None` if the extension is not known.
pub fn of_extension(extension: &str) -> Option<&'static str> {
    let lower = extension.to_ascii_lowercase();
    match TYPES.binary_search_by_key(&lower.as_str(), |(extension, ..)| extension) {
        Ok(at) => Some(TYPES[at].1),
        Err(_) => mime_guess::from_ext(&lower).first_raw().map(shown),
    }
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
    fn extensions_are_in_their_order_each_once() {
        let extensions = TYPES.iter().map(|(extension, ..)| extension);
        assert!(extensions.is_sorted_by(|one, next| one < next));
        assert!(TYPES.iter().all(|(_, media_type, source)| media_type.contains('/') && !source.is_empty()));
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
