//! Packs the source for the inspector, which shows it: a stream of Brotli for each room, and one for the index. A page then
//! unpacks one room and not all of them.
//!
//! Unit tests at the end of a file are left out, so that the program grows by less than 300 KB; a build with more fails. The
//! page says what is left out.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folders whose files are shown.
const SHOWN: [&str; 2] = ["src", "benches/variants/models"];

/// The rooms in the order of the index: from the outside in, as `src/lib.rs` lists them.
const ORDER: [&str; 12] = [
    "src",
    "src/reactor",
    "src/conn",
    "src/service",
    "src/site",
    "src/http",
    "src/log",
    "src/os",
    "src/inspect",
    "src/start",
    "src/cli",
    "benches/variants/models",
];

/// The quality of Brotli that makes the smallest streams.
const BEST: u32 = 11;

/// So many bytes the streams may have together, at the best quality.
const BYTES_MAX: usize = 300_000;

/// What begins the unit tests of a file, which are at its end.
const TESTS: &str = "\n#[cfg(test)]\nmod tests";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // The best quality takes too long for a program that is built to be tested.
    let quality = if std::env::var("OPT_LEVEL")? == "0" { 2 } else { BEST };
    println!("cargo::rerun-if-changed=build.rs");
    let mut paths = Vec::new();
    for folder in SHOWN {
        println!("cargo::rerun-if-changed={folder}");
        collect(&root, &root.join(folder), &mut paths)?;
    }
    paths.sort();
    let mut rooms: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for path in paths {
        rooms.entry(place_of(&path)?).or_default().push(path);
    }
    // A line of the index: the number of the stream, its room, the path, the bytes that are shown, the lines that are not, and a
    // sentence.
    let mut index = String::new();
    let mut streams = vec![String::new()];
    for (place, paths) in rooms {
        let number = streams.len();
        let mut room = String::new();
        for path in paths {
            let text = fs::read_to_string(root.join(&path))?;
            let (shown, left_out) = text.find(TESTS).map_or((&*text, ""), |at| text.split_at(at + 1));
            let (bytes, lines) = (shown.len(), left_out.lines().count());
            index += &format!("{number}\t{}\t{path}\t{bytes}\t{lines}\t{}\n", ORDER[place], sentence(shown));
            room += shown;
        }
        streams.push(room);
    }
    streams[0] = index;
    let mut packed = 0;
    for (number, text) in streams.iter().enumerate() {
        packed += pack(text, &out.join(number.to_string()), quality)?;
    }
    if quality == BEST && packed > BYTES_MAX {
        return Err(format!("the packed source has {packed} bytes, and may have {BYTES_MAX}").into());
    }
    let included = (0..streams.len()).map(|number| format!("include_bytes!(\"{number}.br\"),"));
    fs::write(out.join("streams.rs"), format!("&[{}]", included.collect::<String>()))?;
    Ok(())
}

/// The paths of the Rust files below `folder`, from `root` on.
fn collect(root: &Path, folder: &Path, paths: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path.strip_prefix(root)?.to_str().ok_or("a name is not UTF-8")?.to_owned());
        }
    }
    Ok(())
}

/// The place of a file's room in [`ORDER`]. `src/cli.rs` is in the room `src`, and `src/service/listing/html.rs` in
/// `src/service`.
fn place_of(path: &str) -> Result<usize> {
    let is_in = |room: &str| path.strip_prefix(room).is_some_and(|rest| rest.starts_with('/'));
    let place = (0..ORDER.len()).filter(|place| is_in(ORDER[*place])).max_by_key(|place| ORDER[*place].len());
    let place = place.ok_or_else(|| format!("{path} is in no room"))?;
    match path[ORDER[place].len() + 1..].contains('/') && ORDER[place] == "src" {
        true => Err(format!("build.rs does not know the room of {path}").into()),
        false => Ok(place),
    }
}

/// The first sentence of what a file says of itself.
fn sentence(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let lines = lines.map(str::trim).take_while(|line| !line.is_empty());
    let said = lines.collect::<Vec<_>>().join(" ").replace(['`', '[', ']', '\t'], "");
    said.split_once(". ").map_or(&*said, |(first, _)| first).trim_end_matches('.').to_owned()
}

/// Writes `text` to `path` as it is and compressed, unless that was done before: one room changes at a time. Gives the bytes
/// of the compressed text.
fn pack(text: &str, path: &Path, quality: u32) -> Result<usize> {
    let (plain, packed) = (path.with_extension("txt"), path.with_extension("br"));
    if packed.exists() && fs::read_to_string(&plain).is_ok_and(|before| before == text) {
        return Ok(fs::metadata(packed)?.len() as usize);
    }
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 64 << 10, quality, 22);
    encoder.write_all(text.as_bytes())?;
    let bytes = encoder.into_inner();
    fs::write(packed, &bytes)?;
    fs::write(plain, text)?;
    Ok(bytes.len())
}
