//! Every kind of change on a real file system shows in the very next answer on connections that are kept: to a file, to
//! a folder on its way, to a name that was missing, to a neighbour.
//!
//! Each row is run twice. Once each change follows the one before at once, so that the server can keep nothing. And once
//! everything is old before it changes, so that the server has kept all that it may keep.

mod support;

use onepoll::http::encoding::Coding;
use onepoll::service::limits::Limits;
use onepoll::site::{Asker, Charge, Found, Missing, Moment, Policy, Site, Tick, Wanted};
use std::fmt;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::patience::until;
use support::visitor::{Visitor, compressed, gunzip, gzip};
use support::{Answer, folder, serve};
use tempfile::TempDir;

/// Longer than two changes can have the same time stamp.
const STEP: Duration = Duration::from_millis(30);

/// How old everything is before it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Young,
    Old,
}

/// What the next request must see.
#[derive(Clone, Copy, Debug)]
enum Sees<'a> {
    /// A file with this text.
    Is(&'a str),
    /// A file with this text, for a client that takes gzip: as its compressed copy.
    Copied(&'a str),
    /// The same, and there is no copy.
    Plain(&'a str),
    Listing,
    Status(u16),
}

use Sees::{Copied, Is, Listing, Plain, Status};

/// A site, what is outside of it, and two clients.
struct Scene {
    outside: TempDir,
    visitors: [Visitor; 2],
    age: Age,
    steps: usize,
}

impl Scene {
    fn new(age: Age, files: &[(&str, &str)]) -> Scene {
        let outside = folder(&[("probe", b"")]);
        fs::create_dir(outside.path().join("root")).unwrap();
        let address = serve(&outside.path().join("root"), Limits::default());
        let visitors = [(); 2].map(|()| Visitor::of(address));
        let scene = Scene { outside, visitors, age, steps: 0 };
        files.iter().for_each(|(name, content)| scene.write(name, content));
        scene
    }

    /// Where `name` is. A name that begins with `../` is outside of the root.
    fn path(&self, name: &str) -> PathBuf {
        match name.strip_prefix("../") {
            Some(name) => self.outside.path().join(name),
            None => self.outside.path().join("root").join(name),
        }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn remove(&self, name: &str) {
        let path = self.path(name);
        if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
            .unwrap();
    }

    fn link(&self, to: &str, name: &str) {
        symlink(to, self.path(name)).unwrap();
    }

    fn allow(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    fn set_time_back(&self, name: &str) {
        let time = UNIX_EPOCH + Duration::from_secs(783_459_811);
        File::options().write(true).open(self.path(name)).unwrap().set_modified(time).unwrap();
    }

    /// Time passes until each later change has another time stamp than all before.
    fn grow_old(&self) {
        let now = || {
            fs::write(self.path("../probe"), "").unwrap();
            fs::metadata(self.path("../probe")).unwrap().modified().unwrap()
        };
        let before = now().max(SystemTime::now());
        until("the clock of the file system", || match now() {
            time if time > before + STEP => Ok(()),
            time => Err(format!("{time:?}")),
        });
    }

    /// Both clients ask for these targets. Then they ask again, once everything is old enough to be kept.
    fn sees(&mut self, all: &[(&str, Sees)]) {
        self.steps += 1;
        self.ask(all, "at once");
        if self.age == Age::Old {
            self.grow_old();
            self.ask(all, "as it is read to be kept");
            self.ask(all, "as it is kept");
        }
    }

    fn ask(&mut self, all: &[(&str, Sees)], when: &str) {
        for (target, sees) in all {
            for visitor in &mut self.visitors {
                let fields = if matches!(sees, Copied(_) | Plain(_)) { "Accept-Encoding: gzip" } else { "" };
                let answer = visitor.get(target, fields);
                let is_right = is_right(&answer, *sees);
                let (age, step) = (self.age, self.steps);
                assert!(
                    is_right,
                    "{age:?}, step {step}, {when}: {target} is not {sees:?} but {}",
                    Short(&answer)
                );
            }
        }
    }
}

/// An answer in few words.
struct Short<'a>(&'a Answer);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.head, self.0.body[..self.0.body.len().min(200)].escape_ascii())
    }
}

fn is_right(answer: &Answer, sees: Sees) -> bool {
    let coding = answer.field("content-encoding");
    match sees {
        Is(text) | Plain(text) => answer.status == 200 && coding.is_none() && answer.body == text.as_bytes(),
        Copied(text) => {
            answer.status == 200 && coding == Some("gzip") && gunzip(&answer.body) == text.as_bytes()
        }
        Listing => answer.status == 200 && answer.body.windows(7).any(|bytes| bytes == b"<table>"),
        Status(status) => answer.status == status,
    }
}

/// Runs a row with young files, and with old ones.
fn at_each_age(files: &[(&str, &str)], row: impl Fn(&mut Scene)) {
    for age in [Age::Young, Age::Old] {
        row(&mut Scene::new(age, files));
    }
}

#[test]
fn a_file_is_written_in_place_and_its_time_set_back() {
    at_each_age(&[("a/file", "one")], |scene| {
        scene.set_time_back("a/file");
        for text in ["one", "two", "six", "ten"] {
            scene.write("a/file", text);
            scene.set_time_back("a/file");
            scene.sees(&[("/a/file", Is(text))]);
        }
    });
}

#[test]
fn a_file_is_replaced_by_rename() {
    at_each_age(&[], |scene| {
        for text in ["one", "two", "six"] {
            scene.write("a/b/next", text);
            scene.rename("a/b/next", "a/b/file");
            scene.sees(&[("/a/b/file", Is(text)), ("/a/b/next", Status(404))]);
        }
    });
}

#[test]
fn a_file_is_written_by_another_name() {
    at_each_age(&[("a/file", "one")], |scene| {
        scene.write("other/x", "");
        fs::hard_link(scene.path("a/file"), scene.path("other/same")).unwrap();
        fs::hard_link(scene.path("a/file"), scene.path("../same")).unwrap();
        scene.link("../a/file", "other/link");
        for (name, text) in
            [("other/same", "two"), ("../same", "six"), ("other/link", "ten"), ("a/file", "one")]
        {
            scene.write(name, text);
            let all = ["/a/file", "/other/same", "/other/link"].map(|target| (target, Is(text)));
            scene.sees(&all);
        }
    });
}

#[test]
fn a_file_is_written_through_a_descriptor_that_was_opened_before() {
    at_each_age(&[("a/file", "one")], |scene| {
        let file = File::options().write(true).open(scene.path("a/file")).unwrap();
        scene.sees(&[("/a/file", Is("one"))]);
        for text in ["two", "six", "ten"] {
            file.write_all_at(text.as_bytes(), 0).unwrap();
            scene.sees(&[("/a/file", Is(text))]);
        }
        file.set_len(1).unwrap();
        scene.sees(&[("/a/file", Is("t"))]);
    });
}

/// The folders on the way to a file, from the root on.
const WAY: [&str; 5] = ["1", "1/2", "1/2/3", "1/2/3/4", "1/2/3/4/5"];
const FILE: &str = "1/2/3/4/5/file";

#[test]
fn a_folder_on_the_way_goes_and_another_comes_in_its_place() {
    for folder in WAY {
        at_each_age(&[(FILE, "one"), ("1/2/3/4/5/other", "same")], |scene| {
            let next = FILE.replacen(folder, "../next", 1);
            let all = |text, other| [("/1/2/3/4/5/file", text), ("/1/2/3/4/5/other", other)];
            scene.sees(&all(Is("one"), Is("same")));
            scene.write(&next, "two");
            scene.rename(folder, "../away");
            scene.sees(&all(Status(404), Status(404)));
            scene.rename("../next", folder);
            scene.sees(&all(Is("two"), Status(404)));
            scene.rename(folder, "../next");
            scene.rename("../away", folder);
            scene.sees(&all(Is("one"), Is("same")));
            // One system call exchanges both.
            scene.rename(folder, "../away");
            scene.rename("../next", folder);
            scene.sees(&all(Is("two"), Status(404)));
        });
    }
}

/// Whether `site` has a file at `path` for a request that was read at `read`.
fn has(site: &Site, path: &str, read: Tick) -> bool {
    let wanted = Wanted {
        codings: &[Coding::Identity],
        is_held: &|_| false,
        asker: &|| Asker::Other,
        charge: &Charge::default(),
    };
    site.begin_drive();
    match site.find(path, &wanted, Moment { time: SystemTime::now(), read }) {
        Ok(Found::File(_)) => true,
        Err(Missing::NotThere) => false,
        _ => panic!("{path} is neither a file nor missing"),
    }
}

/// The folder is away while a request is answered that was read before, in the same turn as others. When it is back, the
/// folders below it have the same times as at the look before.
#[test]
fn a_folder_on_the_way_is_away_only_while_a_request_is_answered() {
    let missing = ["/1/2/3/4/5/other", "/1/2/3/4/5/6/other", "/1/2/3/4/5/6/7/other"];
    for folder in WAY {
        let scene = Scene::new(Age::Old, &[(FILE, "one")]);
        missing.iter().for_each(|path| scene.write(&path[1..], "two"));
        let site = Site::open(&scene.path(""), Policy::default()).unwrap();
        for round in ["first", "second"] {
            scene.grow_old();
            let read = site.tick();
            assert!(has(&site, "/1/2/3/4/5/file", read), "{folder}, {round}");
            scene.rename(folder, "../away");
            missing.iter().for_each(|path| assert!(!has(&site, path, read), "{path} without {folder}"));
            scene.rename("../away", folder);
            let read = site.tick();
            missing.iter().for_each(|path| assert!(has(&site, path, read), "{path} with {folder}, {round}"));
        }
    }
}

#[test]
fn a_folder_on_the_way_becomes_a_link() {
    for (depth, folder) in WAY.into_iter().enumerate() {
        let up = "../".repeat(depth);
        at_each_age(&[(FILE, "one"), (&FILE.replacen(folder, "inside", 1), "two")], |scene| {
            let sees = |scene: &mut Scene, sees| scene.sees(&[("/1/2/3/4/5/file", sees)]);
            sees(scene, Is("one"));
            // The very same folder, but outside of the root.
            scene.rename(folder, "../away");
            scene.link(&format!("{up}../away"), folder);
            sees(scene, Status(404));
            scene.remove(folder);
            scene.link(&format!("{up}inside"), folder);
            sees(scene, Is("two"));
            scene.remove(folder);
            scene.rename("../away", folder);
            sees(scene, Is("one"));
            // The very same folder, in the root.
            scene.rename(folder, "moved");
            scene.link(&format!("{up}moved"), folder);
            sees(scene, Is("one"));
            // The link is as it was, and what it leads to has moved out.
            scene.rename("moved", "../away");
            scene.link("../away", "moved");
            sees(scene, Status(404));
            scene.remove("moved");
            sees(scene, Status(404));
            scene.rename("../away", "moved");
            sees(scene, Is("one"));
            scene.write(&FILE.replacen(folder, "moved", 1), "six");
            sees(scene, Is("six"));
        });
    }
}

#[test]
fn the_root_is_replaced() {
    at_each_age(&[("a/file", "one"), ("../next/a/file", "two"), ("../other/file", "six")], |scene| {
        let both = |file| [("/a/file", file), ("/a/missing", Status(404))];
        scene.sees(&both(Is("one")));
        scene.rename("../root", "../away");
        scene.sees(&both(Status(404)));
        scene.rename("../next", "../root");
        scene.sees(&both(Is("two")));
        scene.rename("../root", "../next");
        scene.rename("../away", "../root");
        scene.sees(&both(Is("one")));
        scene.rename("../root", "../away");
        scene.link("next", "../root");
        scene.sees(&both(Is("two")));
        scene.remove("../root");
        scene.link("away", "../root");
        scene.sees(&both(Is("one")));
        scene.write("../away/a/missing", "there");
        scene.sees(&[("/a/missing", Is("there"))]);
    });
}

#[test]
fn a_missing_file_comes() {
    at_each_age(&[("a/b/file", "one")], |scene| {
        let mut sees = |soon, deeper| scene.sees(&[("/a/b/soon", soon), ("/a/c/d/soon", deeper)]);
        sees(Status(404), Status(404));
        scene.write("a/b/soon", "soon");
        scene.sees(&[("/a/b/soon", Is("soon")), ("/a/c/d/soon", Status(404))]);
        fs::create_dir(scene.path("a/c")).unwrap();
        scene.sees(&[("/a/c/d/soon", Status(404))]);
        fs::create_dir(scene.path("a/c/d")).unwrap();
        scene.sees(&[("/a/c/d/soon", Status(404))]);
        scene.write("a/c/d/soon", "deep");
        scene.remove("a/b/soon");
        scene.sees(&[("/a/b/soon", Status(404)), ("/a/c/d/soon", Is("deep"))]);
        // A whole folder comes with the name in it.
        scene.remove("a/c");
        scene.write("../next/d/soon", "whole");
        scene.sees(&[("/a/c/d/soon", Status(404))]);
        scene.rename("../next", "a/c");
        scene.sees(&[("/a/c/d/soon", Is("whole"))]);
    });
}

#[test]
fn a_missing_folder_comes_and_its_index() {
    at_each_age(&[("a/file", "one")], |scene| {
        let sees = |scene: &mut Scene, bare, slash, index| {
            scene.sees(&[("/a/soon", bare), ("/a/soon/", slash), ("/a/soon/index.html", index)]);
        };
        sees(scene, Status(404), Status(404), Status(404));
        fs::create_dir(scene.path("a/soon")).unwrap();
        sees(scene, Status(301), Listing, Status(404));
        for text in ["one", "two"] {
            scene.write("a/soon/index.html", text);
            sees(scene, Status(301), Is(text), Is(text));
            scene.remove("a/soon/index.html");
            sees(scene, Status(301), Listing, Status(404));
        }
        fs::create_dir(scene.path("a/soon/index.html")).unwrap();
        sees(scene, Status(301), Listing, Status(301));
        scene.remove("a/soon/index.html");
        scene.link("../file", "a/soon/index.html");
        sees(scene, Status(301), Is("one"), Is("one"));
        scene.remove("a/soon");
        sees(scene, Status(404), Status(404), Status(404));
    });
}

#[test]
fn a_neighbour_comes_changes_and_goes() {
    at_each_age(&[("a/b/page.html", "one")], |scene| {
        scene.sees(&[("/a/b/page.html", Plain("one"))]);
        for name in ["a/b/page.html.gz", "a/b/page.html.br", "a/b/page.html.gz"] {
            let extension = name.rsplit('.').next().unwrap();
            scene.write(name, compressed(extension, b"one"));
            let expected = if extension == "gz" { Copied("one") } else { Plain("one") };
            scene.sees(&[("/a/b/page.html", expected), ("/a/b/page.html", Is("one"))]);
            scene.remove(name);
            scene.sees(&[("/a/b/page.html", Plain("one"))]);
        }
        scene.write("a/b/page.html.gz", gzip(b"two"));
        scene.sees(&[("/a/b/page.html", Plain("one"))]);
        // Neither change is one of the folder.
        scene.write("a/b/page.html", "two");
        scene.sees(&[("/a/b/page.html", Copied("two"))]);
        scene.write("a/b/page.html.gz", gzip(b"six"));
        scene.sees(&[("/a/b/page.html", Plain("two"))]);
        scene.write("a/b/page.html.gz", gzip(b"two"));
        scene.sees(&[("/a/b/page.html", Copied("two"))]);
        scene.rename("a/b/page.html.gz", "a/b/other.gz");
        scene.sees(&[("/a/b/page.html", Plain("two"))]);
        scene.link("other.gz", "a/b/page.html.gz");
        scene.sees(&[("/a/b/page.html", Copied("two"))]);
        scene.write("a/b/other.gz", gzip(b"six"));
        scene.sees(&[("/a/b/page.html", Plain("two"))]);
        scene.write("a/b/page.html", "six");
        scene.sees(&[("/a/b/page.html", Copied("six"))]);
        scene.rename("a/b/other.gz", "../other.gz");
        scene.sees(&[("/a/b/page.html", Plain("six"))]);
    });
}

/// The names in the folder are known when the file is read, since another file in it was asked for.
#[test]
fn a_folder_called_like_a_neighbour_becomes_one() {
    at_each_age(&[("a/b/page.html", "one"), ("a/b/other", ""), ("a/b/page.html.gz/x", "")], |scene| {
        scene.sees(&[("/a/b/other", Is(""))]);
        scene.sees(&[("/a/b/page.html", Plain("one"))]);
        scene.remove("a/b/page.html.gz");
        scene.write("a/b/page.html.gz", gzip(b"one"));
        scene.sees(&[("/a/b/page.html", Copied("one"))]);
        scene.remove("a/b/page.html.gz");
        scene.sees(&[("/a/b/page.html", Plain("one"))]);
        // Neither change below is one of the folder.
        scene.write("a/c/x", "");
        scene.link("../c", "a/b/page.html.gz");
        scene.sees(&[("/a/b/page.html", Plain("one"))]);
        scene.remove("a/c");
        scene.write("a/c", gzip(b"one"));
        scene.sees(&[("/a/b/page.html", Copied("one"))]);
        scene.remove("a/c");
        scene.sees(&[("/a/b/page.html", Plain("one"))]);
    });
}

#[test]
fn a_link_changes_and_what_it_leads_to() {
    at_each_age(&[("a/file", "one"), ("a/other", "two"), ("../secret", "secret")], |scene| {
        scene.link("target", "a/link");
        scene.sees(&[("/a/link", Status(404))]);
        scene.write("a/target", "six");
        scene.sees(&[("/a/link", Is("six"))]);
        scene.write("a/target", "ten");
        scene.sees(&[("/a/link", Is("ten"))]);
        scene.remove("a/target");
        scene.sees(&[("/a/link", Status(404))]);
        let secret = scene.path("../secret").display().to_string();
        let leads: [(&str, Sees); 7] = [
            ("../../secret", Status(404)),
            ("other", Is("two")),
            (&secret, Status(404)),
            ("./file", Is("one")),
            ("../../root/a/file", Status(404)),
            ("link", Status(404)),
            ("../a/other", Is("two")),
        ];
        for (to, expected) in leads {
            scene.link(to, "next");
            scene.rename("next", "a/link");
            scene.sees(&[("/a/link", expected)]);
        }
        // The link and the file are as they were, and the folder of the file moves out.
        scene.write("x/y/far", "far");
        scene.link("../x/y/far", "a/far");
        scene.sees(&[("/a/far", Is("far"))]);
        scene.rename("x", "../x");
        scene.link("../x", "x");
        scene.sees(&[("/a/far", Status(404)), ("/x/y/far", Status(404))]);
        scene.remove("x");
        scene.rename("../x", "x");
        scene.sees(&[("/a/far", Is("far"))]);
        // The file itself moves out, and a link to it comes in its place: it has the same inode.
        scene.rename("a/file", "../file");
        scene.link("../../file", "a/file");
        scene.sees(&[("/a/file", Status(404))]);
        scene.remove("a/file");
        scene.rename("../file", "a/file");
        scene.sees(&[("/a/file", Is("one"))]);
    });
}

#[test]
fn a_file_becomes_a_folder_and_back() {
    at_each_age(&[("a/b", "one")], |scene| {
        let all = |bare, slash, below| [("/a/b", bare), ("/a/b/", slash), ("/a/b/x", below)];
        scene.sees(&all(Is("one"), Status(404), Status(404)));
        for text in ["two", "six"] {
            scene.remove("a/b");
            scene.write("a/b/x", text);
            scene.sees(&all(Status(301), Listing, Is(text)));
            scene.write("a/b/index.html", "index");
            scene.sees(&all(Status(301), Is("index"), Is(text)));
            scene.remove("a/b");
            scene.sees(&all(Status(404), Status(404), Status(404)));
            scene.write("a/b", text);
            scene.sees(&all(Is(text), Status(404), Status(404)));
        }
    });
}

/// The thread of the server has no right to read what its mode forbids, also if the test runs as root.
#[test]
fn what_may_be_read_changes() {
    at_each_age(&[("a/b/file", "one")], |scene| {
        let all = |file, missing| [("/a/b/file", file), ("/a/b/missing", missing)];
        for _ in 0..2 {
            scene.allow("a/b/file", 0o644);
            scene.sees(&all(Is("one"), Status(404)));
            scene.allow("a/b/file", 0);
            scene.sees(&all(Status(403), Status(404)));
            scene.allow("a/b/file", 0o644);
            scene.allow("a/b", 0);
            scene.sees(&all(Status(403), Status(403)));
            scene.allow("a/b", 0o755);
            scene.sees(&all(Is("one"), Status(404)));
            scene.allow("a", 0);
            scene.sees(&all(Status(403), Status(403)));
            scene.allow("a", 0o755);
        }
    });
}

#[test]
fn every_spelling_of_a_path_sees_the_change() {
    let spelled = [
        [
            "/a/b/file",
            "/a//b/file",
            "/a/./b/file",
            "//a/b//file",
            "/%61/b/file",
            "/a/b/%66%69le",
            "/x/../a/b/file",
        ],
        ["/a/b/", "/a//b/", "/a/b/.", "/%61/%62/", "/a/b//", "/a/b/x/..", "/a/./b/"],
    ];
    at_each_age(&[("a/b/other", "")], |scene| {
        let all = |file, index| {
            let [files, indexes] = spelled;
            let files = files.map(|target| (target, file));
            [files, indexes.map(|target| (target, index))].concat()
        };
        scene.sees(&all(Status(404), Listing));
        for text in ["one", "two"] {
            scene.write("a/b/file", text);
            scene.sees(&all(Is(text), Listing));
            scene.write("a/b/index.html", text);
            scene.sees(&all(Is(text), Is(text)));
            scene.rename("a/b", "../away");
            scene.sees(&all(Status(404), Status(404)));
            scene.rename("../away", "a/b");
            scene.sees(&all(Is(text), Is(text)));
            scene.remove("a/b/file");
            scene.remove("a/b/index.html");
            scene.sees(&all(Status(404), Listing));
        }
    });
}

#[test]
fn many_folders_change_after_they_were_asked_for() {
    const FOLDERS: usize = 5_000;
    at_each_age(&[], |scene| {
        let targets: Vec<_> = (0..FOLDERS).map(|at| format!("/{}/{at}/file", at % 10)).collect();
        for target in &targets {
            scene.write(&target[1..], "one");
        }
        if scene.age == Age::Old {
            scene.grow_old();
        }
        for target in &targets {
            scene.ask(&[(target, Is("one"))], "first");
        }
        for (at, target) in targets.iter().enumerate() {
            let (name, folder) = (&target[1..], target[1..].strip_suffix("/file").unwrap());
            let expected = match at % 4 {
                0 => {
                    scene.write(name, "two");
                    Is("two")
                }
                1 => {
                    scene.rename(folder, "../away");
                    scene.remove("../away");
                    Status(404)
                }
                2 => {
                    scene.write(&format!("{name}.gz"), gzip(b"one"));
                    Copied("one")
                }
                _ => {
                    scene.rename(folder, "../away");
                    scene.link("../../away", folder);
                    Status(404)
                }
            };
            scene.ask(&[(target, expected)], "after the change");
            if at % 4 == 3 {
                scene.remove("../away");
            }
        }
    });
}

#[test]
fn a_folder_of_many_names_changes_before_each_request() {
    const NAMES: usize = 10_000;
    const CHANGES: usize = 400;
    at_each_age(&[], |scene| {
        for at in 0..NAMES {
            scene.write(&format!("many/{at}"), "one");
        }
        for at in 0..CHANGES {
            if scene.age == Age::Old && at % 20 == 0 {
                scene.grow_old();
            }
            let number = at * 7919 % NAMES;
            let (name, soon) = (format!("many/{number}"), format!("many/soon{at}"));
            let (target, soon_target) = (format!("/{name}"), format!("/{soon}"));
            scene
                .ask(&[(&target, Is("one")), (&target, Plain("one")), (&soon_target, Status(404))], "before");
            scene.write(&soon, "soon");
            scene.ask(&[(&soon_target, Is("soon")), (&target, Plain("one"))], "a name came");
            scene.write(&format!("{name}.gz"), gzip(b"one"));
            scene.ask(&[(&target, Copied("one"))], "a neighbour came");
            scene.remove(&format!("{name}.gz"));
            scene.ask(&[(&target, Plain("one"))], "a neighbour went");
            scene.remove(&soon);
            scene.ask(&[(&soon_target, Status(404)), (&target, Is("one"))], "a name went");
            scene.remove(&name);
            scene.ask(&[(&target, Status(404))], "the file went");
            scene.write(&name, "one");
        }
    });
}
