//! Compressed neighbours, as they come from compressors, copies, clones and images: which of them are copies of their
//! file as it is now.

mod support;

use onepoll::service::limits::Limits;
use onepoll::site::{Compression, Policy};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::program::{Program, onepoll};
use support::visitor::{Visitor, compressed, gunzip, gzip};
use support::{Answer, folder, serve, serve_by};

const SMALL: usize = 5000;
const LARGE: usize = 150_000;

/// Neighbours, by their extensions.
const EXTENSIONS: [(&str, &str); 3] = [("br", "br"), ("zst", "zstd"), ("gz", "gzip")];

/// Text that can be compressed.
fn text(salt: usize, length: usize) -> Vec<u8> {
    let lines = (0..length / 10 + 1).flat_map(|line| format!("{:09}\n", line * 7 + salt).into_bytes());
    lines.take(length).collect()
}

fn set_modified(path: &Path, time: SystemTime) {
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn date(seconds: u64, nanos: u32) -> SystemTime {
    UNIX_EPOCH + Duration::new(seconds, nanos)
}

fn coding(answer: &Answer) -> &str {
    answer.field("content-encoding").unwrap_or("identity")
}

/// A file and its neighbours, written in an order in which all neighbours are older than the file.
fn put(root: &Path, name: &str, content: &[u8]) {
    put_beside(root, name, content, &EXTENSIONS.map(|(extension, _)| compressed(extension, content)));
}

/// The same, with neighbours that are compressed copies of `content`.
fn put_beside(root: &Path, name: &str, content: &[u8], neighbours: &[Vec<u8>; 3]) {
    for ((extension, _), bytes) in EXTENSIONS.iter().zip(neighbours) {
        fs::write(root.join(format!("{name}.{extension}")), bytes).unwrap();
    }
    // The clock of the file system advances in steps, so wait for the next step.
    let before = fs::metadata(root.join(format!("{name}.gz"))).unwrap().modified().unwrap();
    let path = root.join(name);
    while fs::metadata(&path).map_or(true, |file| file.modified().unwrap() <= before) {
        fs::write(&path, content).unwrap();
    }
}

/// Symptom: no neighbour is used in a site that was copied with `cp -r`, cloned or unpacked.
#[test]
fn neighbours_are_used_whatever_the_order_in_which_a_copy_has_written_them() {
    let root = folder(&[]);
    let names: Vec<String> = (0..20).map(|number| format!("page{number}.html")).collect();
    for (number, name) in names.iter().enumerate() {
        put(root.path(), name, &text(number, SMALL));
    }
    put(root.path(), "large.js", &text(1, LARGE));
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    for (number, name) in names.iter().enumerate() {
        for (extension, named) in EXTENSIONS {
            let answer = visitor.get(&format!("/{name}"), &format!("Accept-Encoding: {named}"));
            assert_eq!((coding(&answer), answer.field("vary")), (named, Some("Accept-Encoding")), "{name}");
            assert!(answer.body == compressed(extension, &text(number, SMALL)), "{name} {named}");
        }
    }
    // A large file is sent as it is until its neighbours are compared with it, a piece in each turn.
    for (extension, named) in EXTENSIONS {
        let accepted = format!("Accept-Encoding: {named}");
        let answer = visitor.get_until("/large.js", &accepted, |answer| coding(answer) == named);
        assert!(answer.body == compressed(extension, &text(1, LARGE)), "{named}");
        assert_eq!(coding(&visitor.get("/large.js", &accepted)), named, "it stays so");
    }
}

/// Symptom: `brotli -k` and `bzip2` give the copy the time of the file in whole seconds, so that it looks older.
#[test]
fn neighbours_are_used_whatever_date_a_compressor_or_an_archive_gives_them() {
    let root = folder(&[("page.html", &text(0, SMALL)), ("large.js", &text(0, LARGE))]);
    for (file, neighbour) in [
        (date(1_700_000_000, 700_000_000), date(1_700_000_000, 0)),
        (date(1_700_000_000, 0), date(1_700_000_000, 0)),
        (date(1_700_000_001, 0), date(1_700_000_000, 0)),
        (date(1, 0), date(1, 0)),
        (date(1_700_000_000, 0), date(1, 0)),
    ] {
        for name in ["page.html", "large.js"] {
            let path = root.path().join(name);
            let content = fs::read(&path).unwrap();
            for (extension, _) in EXTENSIONS {
                let path = root.path().join(format!("{name}.{extension}"));
                fs::write(&path, compressed(extension, &content)).unwrap();
                set_modified(&path, neighbour);
            }
            // Unpacking sets the time of the file last.
            set_modified(&path, file);
        }
        let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
        for (_, named) in EXTENSIONS {
            let accepted = format!("Accept-Encoding: {named}");
            assert_eq!(coding(&visitor.get("/page.html", &accepted)), named, "{file:?} {neighbour:?}");
            visitor.get_until("/large.js", &accepted, |answer| coding(answer) == named);
        }
    }
}

/// The content of the file changes in every way, and its neighbours do not change: none of them is used from then on.
#[test]
fn an_edit_shows_at_once_though_the_neighbours_stay() {
    let root = folder(&[("next", b"")]);
    let policy = Policy { compression: Compression::Off, ..Policy::default() };
    let mut visitor = Visitor::of(serve_by(root.path(), policy));
    for length in [SMALL, LARGE] {
        let content = text(1, length);
        let neighbours = EXTENSIONS.map(|(extension, _)| compressed(extension, &content));
        for kept in [false, true] {
            for how in
                ["written where it stands", "replaced", "replaced by an older one", "of another length"]
            {
                let (path, next) = (root.path().join("page.html"), root.path().join("next"));
                put_beside(root.path(), "page.html", &content, &neighbours);
                let accepted = "Accept-Encoding: br, zstd, gzip";
                if kept {
                    visitor.get_until("/page.html", accepted, |answer| coding(answer) == "br");
                    visitor.get_settled("/page.html", accepted);
                }
                let edited = text(2, if how == "of another length" { length - 1 } else { length });
                match how {
                    "replaced" | "replaced by an older one" => {
                        fs::write(&next, &edited).unwrap();
                        if how != "replaced" {
                            set_modified(&next, date(1_000_000_000, 0));
                        }
                        fs::rename(&next, &path).unwrap();
                    }
                    _ => fs::write(&path, &edited).unwrap(),
                }
                for _ in 0..3 {
                    let answer = visitor.get("/page.html", accepted);
                    assert_eq!(coding(&answer), "identity", "{length} bytes, {how}, kept: {kept}");
                    assert!(answer.body == edited, "{length} bytes, {how}, kept: {kept}");
                }
                let now = compressed("gz", &edited);
                fs::write(root.path().join("page.html.gz"), &now).unwrap();
                let is_used = |answer: &Answer| answer.body == now;
                let again = visitor.get_until("/page.html", "Accept-Encoding: gzip", is_used);
                assert_eq!(coding(&again), "gzip", "{length} bytes, {how}: made anew, it is used again");
            }
        }
    }
}

/// Nothing that can stand under the name of a neighbour is taken for a copy that it is not, however it is dated.
#[test]
fn what_is_no_copy_is_no_neighbour() {
    for length in [SMALL, LARGE] {
        let content = text(1, length);
        let policy = Policy { compression: Compression::Off, ..Policy::default() };
        for (extension, named) in EXTENSIONS {
            let whole = compressed(extension, &content);
            let fakes = [
                ("empty", Vec::new()),
                ("as it is", content.clone()),
                ("short", compressed(extension, &content[..length - 1])),
                ("long", compressed(extension, &[&content[..], b"x"].concat())),
                ("another", compressed(extension, &text(2, length))),
                ("cut", whole[..whole.len() - 1].to_vec()),
                ("half", whole[..whole.len() / 2].to_vec()),
                ("with rubbish behind it", [&whole[..], b"rubbish"].concat()),
                ("of nothing", compressed(extension, b"")),
                ("a bomb", compressed(extension, &vec![b'0'; 20 << 20])),
                ("twice", [&whole[..], &whole[..]].concat()),
            ];
            let root = folder(&[("page.bin", &content)]);
            let mut visitor = Visitor::of(serve_by(root.path(), policy.clone()));
            for (what, fake) in fakes {
                fs::write(root.path().join(format!("page.bin.{extension}")), &fake).unwrap();
                let accepted = format!("Accept-Encoding: {named}");
                // Until the two are compared, another client may get another coding.
                let answer = visitor.get_until("/page.bin", &accepted, |answer| {
                    assert_eq!(coding(answer), "identity", "{named}: {what}, {length} bytes");
                    answer.tag().starts_with('"') && answer.field("vary").is_none()
                });
                assert!(answer.body == content, "{named}: {what}");
            }
            fs::write(root.path().join(format!("page.bin.{extension}")), &whole).unwrap();
            let accepted = format!("Accept-Encoding: {named}");
            let answer = visitor.get_until("/page.bin", &accepted, |answer| coding(answer) == named);
            assert!(answer.body == whole, "{named}: a copy");
        }
    }
    let content = text(1, SMALL);
    // Members of gzip that follow each other are one file (RFC 1952 §2.2).
    let root = folder(&[]);
    put(root.path(), "page.html", &content);
    let members = [gzip(&content[..1000]), gzip(&content[1000..])].concat();
    fs::write(root.path().join("page.html.gz"), &members).unwrap();
    set_modified(&root.path().join("page.html.gz"), date(1_000_000_000, 0));
    let mut visitor = Visitor::of(serve(root.path(), Limits::default()));
    assert!(visitor.get("/page.html", "Accept-Encoding: gzip").body == members);
    // And so are frames of zstd, those that are skipped among them (RFC 8878 §3.1).
    let skipped = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
    let frames =
        [skipped, &compressed("zst", &content[..1000])[..], &compressed("zst", &content[1000..])].concat();
    fs::write(root.path().join("page.html.zst"), &frames).unwrap();
    assert!(visitor.get("/page.html", "Accept-Encoding: zstd").body == frames);
}

/// Symptom: a page is sent as far as a compressor has written it, or as it was before an edit, since its date is right.
#[test]
fn a_later_date_proves_nothing() {
    let [old, new] = [1, 2].map(|salt| text(salt, SMALL));
    let root = folder(&[("page.html", &old), ("page.html.gz", &gzip(&old))]);
    fs::write(root.path().join("page.html"), &new).unwrap();
    // Copied in this order, the stale neighbour is the younger file.
    let copy = folder(&[]);
    for name in ["page.html", "page.html.gz"] {
        fs::copy(root.path().join(name), copy.path().join(name)).unwrap();
    }
    let whole = compressed("br", &new);
    let mut visitor = Visitor::of(serve(copy.path(), Limits::default()));
    for written in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(copy.path().join("page.html.br"), &whole[..written]).unwrap();
        let answer = visitor.get("/page.html", "Accept-Encoding: br");
        assert!(coding(&answer) == "identity" && answer.body == new, "{written} bytes are written");
    }
    fs::write(copy.path().join("page.html.br"), &whole).unwrap();
    assert!(visitor.get("/page.html", "Accept-Encoding: br").body == whole);
    let answer = visitor.get_settled("/page.html", "Accept-Encoding: gzip");
    assert!(coding(&answer) == "identity" || gunzip(&answer.body) == new);
}

#[test]
fn a_neighbour_that_is_passed_over_is_told_of_once() {
    let root = folder(&[("page.html", b"new"), ("large.bin", &text(2, LARGE))]);
    for (name, content) in [("page.html.gz", &b"old"[..]), ("large.bin.br", &text(1, LARGE))] {
        let path = root.path().join(name);
        fs::write(&path, compressed(&name[name.len() - 2..], content)).unwrap();
        set_modified(&path, date(1_000_000_000, 0));
    }
    let (program, address) = Program::start(onepoll().arg(root.path()));
    let mut visitor = Visitor::of(address);
    visitor.get_settled("/page.html", "Accept-Encoding: gzip");
    for _ in 0..10 {
        visitor.get("/page.html", "Accept-Encoding: gzip");
    }
    let told = program.told("page.html.gz");
    assert!(
        told.ends_with("page.html.gz is not used: it is no compressed copy of the file as it is now"),
        "{told}"
    );
    // While the two are compared, another client may get another coding.
    let accepted = "Accept-Encoding: br";
    visitor.get_until("/large.bin", accepted, |answer| answer.field("vary").is_some());
    visitor.get_until("/large.bin", accepted, |answer| answer.field("vary").is_none());
    program.told("large.bin.br is not used");
    visitor.get("/large.bin", accepted);
    program.signal(rustix::process::Signal::TERM);
    drop(visitor);
    let (status, rest) = program.end();
    assert!(status.success() && !rest.contains("not used"), "{rest}");
}
