//! Changes of files are noticed: each is told once, to the readers that use the file, when the burst it belongs to is over. Here no
//! socket takes part, and the clock is the test's; what the kernel tells is there as soon as the change is made.

mod support;

use onepoll::site::{Policy, Site, Spa, Subscription, Watcher, Watching, Work};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};
use support::folder;
use support::patience::until;
use tempfile::TempDir;

/// Longer than any burst, and than a few looks.
const LONG: Duration = Duration::from_secs(5);

/// A site whose changes are noticed. Its root is below a folder of the test's own, so it may be moved.
struct World {
    folder: TempDir,
    site: Site,
    now: Instant,
}

impl World {
    fn new() -> World {
        World::of(policy())
    }

    fn of(policy: Policy) -> World {
        let files: [(&str, &[u8]); 9] = [
            ("root/index.html", b"a page"),
            ("root/style.css", b"a style"),
            ("root/sub/page.html", b"a page"),
            ("root/sub/deep/x.js", b"a script"),
            ("root/list/one.txt", b"one"),
            ("root/list/.hidden", b"hidden"),
            ("root/.env", b"hidden"),
            ("root/other/index.html", b"another page"),
            ("outside.txt", b"outside"),
        ];
        let folder = folder(&files);
        let root = folder.path().join("root");
        symlink("style.css", root.join("link.css")).unwrap();
        symlink("sub", root.join("linked")).unwrap();
        symlink("sub/deep", root.join("deeper")).unwrap();
        let site = Site::open(&root, policy).unwrap();
        let world = World { folder, site, now: Instant::now() };
        world.grow_old();
        world
    }

    /// Waits until the files are so old that their next change gets another time.
    fn grow_old(&self) {
        let file = self.folder.path().join("clock");
        let young = || fs::metadata(self.folder.path().join("outside.txt")).unwrap().modified().unwrap();
        until("the clock of the file system", || {
            fs::write(&file, "").unwrap();
            let age =
                fs::metadata(&file).unwrap().modified().unwrap().duration_since(young()).unwrap_or_default();
            if age > Duration::from_millis(40) { Ok(()) } else { Err(format!("files that are {age:?} old")) }
        });
    }

    fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("root")
    }

    fn watcher(&self) -> &Watcher {
        self.site.watcher().expect("this site has --watch")
    }

    /// A reader with a page that uses these paths and has just loaded.
    fn reader(&mut self, paths: &[&str]) -> Subscription {
        paths.iter().for_each(|path| self.watcher().watch(path));
        let reader = self.watcher().subscribe().expect("there is room for a reader");
        paths.iter().for_each(|path| assert!(reader.add(path, Duration::ZERO), "{path}"));
        self.turn();
        reader
    }

    /// One turn of the loop at the time of the test. Says whether anything can be taken, and when to go on.
    fn turn(&mut self) -> (bool, Work) {
        if let Some(descriptor) = self.watcher().descriptor() {
            let mut polled = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            if poll(&mut polled, Some(&at_once)).unwrap() == 1 {
                self.watcher().note_readiness();
            }
        }
        let work = self.site.work(self.now);
        (self.watcher().take_news(), work)
    }

    /// Goes on for a while, and gives what was told: what was taken after each time that something could be.
    fn told(&mut self, reader: &Subscription, time: Duration) -> Vec<Vec<String>> {
        let end = self.now + time;
        let mut told = Vec::new();
        for _ in 0..100_000 {
            let (has_news, work) = self.turn();
            let taken = reader.take();
            assert_eq!(has_news, !taken.is_empty(), "{taken:?}");
            if has_news {
                told.push(taken);
            }
            match work {
                Work::Now => {}
                Work::At(next) if next <= end => self.now = next,
                Work::At(_) | Work::None => {
                    self.now = end;
                    return told;
                }
            }
        }
        panic!("the loop does not come to rest; {told:?} was told");
    }
}

fn policy() -> Policy {
    Policy { watching: Watching::On, ..Policy::default() }
}

/// What is done to the root.
type Change = fn(&Path);

/// The name of a row, the paths that are used, a change, and what is told of it.
type Row = (&'static str, &'static [&'static str], Change, &'static [&'static [&'static str]]);

fn check(rows: &[Row]) {
    for (name, used, change, expected) in rows {
        let mut world = World::new();
        let reader = world.reader(used);
        assert_eq!(world.told(&reader, LONG), Vec::<Vec<String>>::new(), "{name}: before the change");
        change(&world.root());
        assert_eq!(world.told(&reader, LONG), *expected, "{name}");
        assert_eq!(world.told(&reader, LONG), Vec::<Vec<String>>::new(), "{name}: afterwards");
    }
}

#[test]
fn a_change_of_a_file_is_told_once() {
    check(&[
        (
            "edit in place",
            &["/style.css"],
            |root| fs::write(root.join("style.css"), "b style").unwrap(),
            &[&["/style.css"]],
        ),
        (
            "replace by rename",
            &["/style.css"],
            |root| {
                fs::write(root.join("style.css~"), "b style").unwrap();
                fs::rename(root.join("style.css~"), root.join("style.css")).unwrap();
            },
            &[&["/style.css"]],
        ),
        (
            "delete and create",
            &["/style.css"],
            |root| {
                fs::remove_file(root.join("style.css")).unwrap();
                fs::write(root.join("style.css"), "a style").unwrap();
            },
            &[&["/style.css"]],
        ),
        (
            "delete",
            &["/style.css"],
            |root| fs::remove_file(root.join("style.css")).unwrap(),
            &[&["/style.css"]],
        ),
        (
            "chmod",
            &["/style.css"],
            |root| fs::set_permissions(root.join("style.css"), fs::Permissions::from_mode(0o600)).unwrap(),
            &[&["/style.css"]],
        ),
        ("a new file", &["/new.js"], |root| fs::write(root.join("new.js"), "").unwrap(), &[&["/new.js"]]),
        ("another file", &["/style.css"], |root| fs::write(root.join("other.css"), "").unwrap(), &[]),
        ("a file below", &["/style.css"], |root| fs::write(root.join("sub/style.css"), "").unwrap(), &[]),
        (
            "by all its names",
            &["/sub/page.html", "/sub/./page.html", "//sub/p%61ge.html", "/sub/pagE.html"],
            |root| fs::write(root.join("sub/page.html"), "b page").unwrap(),
            &[&["/sub/page.html", "/sub/./page.html", "//sub/p%61ge.html"]],
        ),
        (
            "two files in one burst",
            &["/style.css", "/sub/deep/x.js", "/index.html"],
            |root| {
                fs::write(root.join("style.css"), "b style").unwrap();
                fs::write(root.join("sub/deep/x.js"), "b script").unwrap();
            },
            &[&["/style.css", "/sub/deep/x.js"]],
        ),
    ]);
}

#[test]
fn a_folder_changes_with_its_index_or_with_its_names() {
    check(&[
        ("its index", &["/"], |root| fs::write(root.join("index.html"), "b page").unwrap(), &[&["/"]]),
        (
            "a file beside its index",
            &["/"],
            |root| fs::write(root.join("style.css"), "b style").unwrap(),
            &[],
        ),
        (
            "no index any more",
            &["/other/"],
            |root| fs::remove_file(root.join("other/index.html")).unwrap(),
            &[&["/other/"]],
        ),
        (
            "an index comes",
            &["/list/"],
            |root| fs::write(root.join("list/index.html"), "").unwrap(),
            &[&["/list/"]],
        ),
        (
            "a name comes",
            &["/list/"],
            |root| fs::write(root.join("list/two.txt"), "").unwrap(),
            &[&["/list/"]],
        ),
        (
            "a name goes",
            &["/list/"],
            |root| fs::remove_file(root.join("list/one.txt")).unwrap(),
            &[&["/list/"]],
        ),
        (
            "a file of another size",
            &["/list/"],
            |root| fs::write(root.join("list/one.txt"), "1").unwrap(),
            &[&["/list/"]],
        ),
        ("a name without slash", &["/list"], |root| fs::write(root.join("list/two.txt"), "").unwrap(), &[]),
        (
            "the folder goes",
            &["/list/"],
            |root| fs::remove_dir_all(root.join("list")).unwrap(),
            &[&["/list/"]],
        ),
    ]);
}

#[test]
fn what_is_not_served_is_never_told() {
    let hide = |root: &Path| {
        fs::write(root.join(".env"), "other").unwrap();
        fs::write(root.join("list/.hidden"), "other").unwrap();
        fs::write(root.join("list/.new"), "").unwrap();
        fs::create_dir_all(root.join(".git/objects")).unwrap();
    };
    check(&[(
        "dot names",
        &["/.env", "/list/.hidden", "/list/", "/.git/", "/../outside.txt", "/a%00"],
        hide,
        &[],
    )]);
}

#[test]
fn folders_on_the_way_may_come_and_go() {
    check(&[
        (
            "away and back",
            &["/sub/deep/x.js"],
            |root| {
                fs::rename(root.join("sub"), root.join("away")).unwrap();
                fs::rename(root.join("away"), root.join("sub")).unwrap();
            },
            &[],
        ),
        (
            "away",
            &["/sub/deep/x.js"],
            |root| fs::rename(root.join("sub"), root.join("away")).unwrap(),
            &[&["/sub/deep/x.js"]],
        ),
        (
            "replaced by another",
            &["/sub/deep/x.js"],
            |root| {
                fs::create_dir_all(root.join("new/deep")).unwrap();
                fs::write(root.join("new/deep/x.js"), "new").unwrap();
                fs::rename(root.join("sub"), root.join("away")).unwrap();
                fs::rename(root.join("new"), root.join("sub")).unwrap();
            },
            &[&["/sub/deep/x.js"]],
        ),
        (
            "missing folders",
            &["/a/b/c/x.js", "/a/b/"],
            |root| {
                fs::create_dir_all(root.join("a/b/c")).unwrap();
                fs::write(root.join("a/b/c/x.js"), "new").unwrap();
            },
            &[&["/a/b/", "/a/b/c/x.js"]],
        ),
        (
            "deleted and built again",
            &["/sub/deep/x.js", "/sub/page.html", "/sub/"],
            |root| {
                fs::remove_dir_all(root.join("sub")).unwrap();
                fs::create_dir_all(root.join("sub/deep")).unwrap();
                fs::write(root.join("sub/deep/x.js"), "a script").unwrap();
                fs::write(root.join("sub/page.html"), "a page").unwrap();
            },
            &[&["/sub/", "/sub/deep/x.js", "/sub/page.html"]],
        ),
        (
            "a file in place of a folder",
            &["/sub/deep/x.js"],
            |root| {
                fs::remove_dir_all(root.join("sub")).unwrap();
                fs::write(root.join("sub"), "").unwrap();
            },
            &[&["/sub/deep/x.js"]],
        ),
        (
            "the mode of a folder",
            &["/sub/deep/x.js"],
            |root| fs::set_permissions(root.join("sub"), fs::Permissions::from_mode(0o700)).unwrap(),
            &[],
        ),
    ]);
}

/// A change that comes after the first is told, too: the folders are watched where they are now.
#[test]
fn what_came_again_is_watched_as_before() {
    for (name, again) in [
        (
            "away and back",
            (|root| {
                fs::rename(root.join("sub"), root.join("away")).unwrap();
                fs::rename(root.join("away"), root.join("sub")).unwrap();
            }) as fn(&Path),
        ),
        ("built again", |root| {
            fs::remove_dir_all(root.join("sub")).unwrap();
            fs::create_dir_all(root.join("sub/deep")).unwrap();
            fs::write(root.join("sub/deep/x.js"), "a script").unwrap();
        }),
        ("the root moved away and back", |root| {
            fs::rename(root, root.with_extension("away")).unwrap();
            fs::rename(root.with_extension("away"), root).unwrap();
        }),
        ("the root built again", |root| {
            fs::remove_dir_all(root).unwrap();
            fs::create_dir_all(root.join("sub/deep")).unwrap();
            fs::write(root.join("sub/deep/x.js"), "a script").unwrap();
        }),
        ("the root replaced by rename", |root| {
            fs::create_dir_all(root.with_extension("new").join("sub/deep")).unwrap();
            fs::write(root.with_extension("new").join("sub/deep/x.js"), "a script").unwrap();
            fs::rename(root, root.with_extension("old")).unwrap();
            fs::rename(root.with_extension("new"), root).unwrap();
        }),
    ] {
        let mut world = World::new();
        let reader = world.reader(&["/sub/deep/x.js"]);
        // As a shell does that stands in a folder: so the kernel tells of the end of the folder when the test ends.
        let _open = ["", "sub", "sub/deep"].map(|name| fs::File::open(world.root().join(name)).unwrap());
        again(&world.root());
        let first = world.told(&reader, LONG);
        assert_eq!(first.len(), usize::from(!name.ends_with("back")), "{name}: {first:?}");
        fs::write(world.root().join("sub/deep/x.js"), "another script").unwrap();
        assert_eq!(world.told(&reader, LONG), [["/sub/deep/x.js"]], "{name}");
        fs::rename(world.root().join("sub"), world.root().join("away")).unwrap();
        assert_eq!(world.told(&reader, LONG), [["/sub/deep/x.js"]], "{name}: away");
    }
}

#[test]
fn nothing_is_told_while_the_root_is_gone() {
    let mut world = World::new();
    let reader = world.reader(&["/index.html", "/style.css"]);
    let away = world.folder.path().join("away");
    fs::rename(world.root(), &away).unwrap();
    fs::write(away.join("style.css"), "another style").unwrap();
    assert!(world.told(&reader, 4 * LONG).is_empty(), "a page that reloads now finds nothing");
    fs::rename(&away, world.root()).unwrap();
    assert_eq!(world.told(&reader, LONG), [["/style.css"]]);
    // A folder above it.
    let mut world = World::new();
    let reader = world.reader(&["/index.html", "/style.css"]);
    let (above, away) = (world.folder.path().to_owned(), world.folder.path().with_extension("away"));
    fs::rename(&above, &away).unwrap();
    assert!(world.told(&reader, LONG).is_empty());
    fs::create_dir_all(world.root()).unwrap();
    fs::write(world.root().join("index.html"), "another").unwrap();
    let told = world.told(&reader, LONG);
    fs::remove_dir_all(&away).unwrap();
    assert_eq!(told, [["/index.html", "/style.css"]]);
}

/// The kernel tells nothing of these, so they are looked at once a second.
#[test]
fn what_a_link_leads_to_is_looked_at() {
    check(&[
        (
            "the target of a link",
            &["/link.css"],
            |root| fs::write(root.join("style.css"), "b style").unwrap(),
            &[&["/link.css"]],
        ),
        (
            "below a link",
            &["/linked/page.html"],
            |root| fs::write(root.join("sub/page.html"), "b page").unwrap(),
            &[&["/linked/page.html"]],
        ),
        (
            "the link itself",
            &["/link.css"],
            |root| {
                fs::remove_file(root.join("link.css")).unwrap();
                symlink("index.html", root.join("link.css")).unwrap();
            },
            &[&["/link.css"]],
        ),
        (
            "a link to a folder",
            &["/linked/"],
            |root| {
                fs::remove_file(root.join("linked")).unwrap();
                symlink("other", root.join("linked")).unwrap();
            },
            &[&["/linked/"]],
        ),
        (
            "a name below a link",
            &["/linked/"],
            |root| fs::write(root.join("sub/new"), "").unwrap(),
            &[&["/linked/"]],
        ),
        ("a dot name below a link", &["/linked/"], |root| fs::write(root.join("sub/.new"), "").unwrap(), &[]),
        (
            "a folder above the one that a link leads to",
            &["/deeper/x.js"],
            |root| {
                fs::create_dir_all(root.join("new/deep")).unwrap();
                fs::write(root.join("new/deep/x.js"), "new").unwrap();
                fs::rename(root.join("sub"), root.join("away")).unwrap();
                fs::rename(root.join("new"), root.join("sub")).unwrap();
            },
            &[&["/deeper/x.js"]],
        ),
        (
            "a file becomes a link",
            &["/style.css"],
            |root| {
                fs::remove_file(root.join("style.css")).unwrap();
                symlink("sub/page.html", root.join("style.css")).unwrap();
            },
            &[&["/style.css"]],
        ),
    ]);
    let mut world = World::new();
    let reader = world.reader(&["/style.css"]);
    assert!(matches!(world.turn(), (false, Work::None)), "what the kernel tells of is not looked at");
    drop(reader);
    let reader = world.reader(&["/link.css"]);
    assert!(matches!(world.turn(), (false, Work::At(_))));
    drop(reader);
    world.now += LONG;
    assert!(matches!(world.turn(), (false, Work::None)), "no reader uses it any more");
}

#[test]
fn a_root_that_a_link_leads_to_is_looked_for() {
    let mut world = World::new();
    let link = world.folder.path().join("current");
    symlink("root", &link).unwrap();
    world.site = Site::open(&link, policy()).unwrap();
    let reader = world.reader(&["/index.html"]);
    assert!(world.told(&reader, LONG).is_empty());
    fs::create_dir(world.folder.path().join("next")).unwrap();
    fs::write(world.folder.path().join("next/index.html"), "the next").unwrap();
    symlink("next", world.folder.path().join("new")).unwrap();
    fs::rename(world.folder.path().join("new"), &link).unwrap();
    assert_eq!(world.told(&reader, LONG), [["/index.html"]]);
}

#[test]
fn a_burst_is_told_once() {
    let mut world = World::new();
    let reader = world.reader(&["/style.css", "/f4999.js", "/list/"]);
    for number in 0..5_000 {
        let folder = if number % 2 == 0 { "list/" } else { "" };
        fs::write(world.root().join(format!("{folder}f{number}.js")), "a script").unwrap();
        if number % 50 == 0 {
            fs::write(world.root().join("style.css"), format!("style {number}")).unwrap();
            world.now += Duration::from_millis(10);
            assert!(!world.turn().0, "the burst is not over");
        }
    }
    assert_eq!(world.told(&reader, LONG), [["/f4999.js", "/list/", "/style.css"]]);
}

#[test]
fn a_burst_without_end_is_told_in_parts() {
    let mut world = World::new();
    let reader = world.reader(&["/style.css"]);
    let (mut told, began) = (Vec::new(), world.now);
    for number in 0..100 {
        fs::write(world.root().join("style.css"), format!("style {number}")).unwrap();
        world.now += Duration::from_millis(50);
        while world.turn().1 == Work::Now {}
        if !reader.take().is_empty() {
            told.push((world.now - began).as_millis());
        }
    }
    assert_eq!(told.len(), 2, "{told:?}");
}

/// A page that has loaded in the middle of a build would load again at once, and then once more, until the build is over.
#[test]
fn what_changed_while_a_page_was_loading_is_told_with_the_burst() {
    let mut world = World::new();
    let reader = world.reader(&["/style.css"]);
    fs::write(world.root().join("style.css"), "another style").unwrap();
    world.turn();
    assert!(reader.add("/style.css", Duration::from_secs(1)));
    assert_eq!(reader.take(), Vec::<String>::new());
    assert_eq!(world.told(&reader, LONG), [["/style.css"]]);
    // While the root is gone, a page that loads again finds nothing.
    let away = world.folder.path().join("away");
    fs::rename(world.root(), &away).unwrap();
    world.turn();
    for path in ["/index.html", "/style.css"] {
        assert!(reader.add(path, Duration::from_secs(1)));
    }
    assert_eq!(reader.take(), Vec::<String>::new());
    assert!(world.told(&reader, LONG).is_empty());
    fs::rename(&away, world.root()).unwrap();
    assert_eq!(world.told(&reader, LONG), [["/index.html", "/style.css"]]);
}

/// The folders are watched as soon as they are there, so what is written into them belongs to the same burst.
#[test]
fn files_in_new_folders_are_told_with_them() {
    let mut world = World::new();
    let reader = world.reader(&["/a/b/1.js", "/a/b/2.js", "/a/b/3.js"]);
    fs::create_dir_all(world.root().join("a/b")).unwrap();
    for number in 1..=3 {
        assert!(world.told(&reader, Duration::from_millis(60)).is_empty());
        fs::write(world.root().join(format!("a/b/{number}.js")), "new").unwrap();
    }
    assert_eq!(world.told(&reader, LONG), [["/a/b/1.js", "/a/b/2.js", "/a/b/3.js"]]);
}

/// A bundler deletes its output, and writes it again a while later.
#[test]
fn a_file_that_is_missing_is_waited_for() {
    let mut world = World::new();
    let reader = world.reader(&["/style.css", "/index.html"]);
    fs::remove_file(world.root().join("style.css")).unwrap();
    fs::write(world.root().join("index.html"), "another page").unwrap();
    assert!(world.told(&reader, Duration::from_millis(1_500)).is_empty());
    fs::write(world.root().join("style.css"), "another style").unwrap();
    assert_eq!(world.told(&reader, LONG), [["/index.html", "/style.css"]]);
}

/// The same for what a client gets from another file: a folder from its index, and what is missing from the page for that.
#[test]
fn a_page_that_is_missing_is_waited_for_wherever_it_is_shown() {
    let app = Policy { spa: Spa::On, ..policy() };
    for (name, policy, page, used) in [
        ("an index", policy(), "other/index.html", "/other/"),
        ("an app", app, "index.html", "/deep/route"),
        ("a page of every 404", policy(), "404.html", "/missing/x"),
    ] {
        let mut world = World::of(policy);
        fs::write(world.root().join(page), "a page").unwrap();
        let reader = world.reader(&[used]);
        world.told(&reader, LONG);
        fs::remove_file(world.root().join(page)).unwrap();
        assert_eq!(world.told(&reader, Duration::from_millis(1_500)), Vec::<Vec<String>>::new(), "{name}");
        fs::write(world.root().join(page), "another page").unwrap();
        assert_eq!(world.told(&reader, LONG), [[used]], "{name}");
        fs::remove_file(world.root().join(page)).unwrap();
        assert_eq!(world.told(&reader, LONG), [[used]], "{name}, for good");
    }
}

#[test]
fn more_than_the_kernel_can_queue_is_found_by_looking() {
    let limit: usize =
        fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    let mut world = World::new();
    let reader = world.reader(&["/style.css", "/index.html", "/sub/deep/x.js", "/a/b.js"]);
    let clutter = world.root().join("clutter");
    for _ in 0..limit {
        fs::write(&clutter, "").unwrap();
        fs::remove_file(&clutter).unwrap();
    }
    // Of these nothing is told.
    fs::write(world.root().join("style.css"), "another style").unwrap();
    fs::rename(world.root().join("sub"), world.root().join("away")).unwrap();
    fs::create_dir_all(world.root().join("sub/deep")).unwrap();
    fs::write(world.root().join("sub/deep/x.js"), "another script").unwrap();
    fs::create_dir(world.root().join("a")).unwrap();
    assert_eq!(world.told(&reader, LONG), [["/style.css", "/sub/deep/x.js"]]);
    fs::write(world.root().join("sub/deep/x.js"), "a third script").unwrap();
    fs::write(world.root().join("a/b.js"), "new").unwrap();
    assert_eq!(world.told(&reader, LONG), [["/a/b.js", "/sub/deep/x.js"]]);
}

#[test]
fn what_changed_while_a_page_was_loading_is_told_and_what_changed_before_is_not() {
    let changes: [(&str, Change); 5] = [
        ("/style.css", |root| fs::write(root.join("style.css"), "another style").unwrap()),
        ("/index.html", |root| fs::remove_file(root.join("index.html")).unwrap()),
        ("/list/", |root| fs::write(root.join("list/new"), "").unwrap()),
        ("/other/", |root| fs::remove_file(root.join("other/index.html")).unwrap()),
        ("/sub/deep/x.js", |root| fs::rename(root.join("sub"), root.join("away")).unwrap()),
    ];
    for is_noticed in [true, false] {
        for (path, change) in changes {
            let mut world = World::new();
            let began = Instant::now();
            world.watcher().watch(path);
            change(&world.root());
            if is_noticed {
                world.turn();
            }
            let reader = world.watcher().subscribe().unwrap();
            assert!(reader.add(path, began.elapsed()));
            assert_eq!(world.told(&reader, LONG), [[path]], "{path}, noticed before: {is_noticed}");
            // The page has loaded again.
            let began = Instant::now();
            world.watcher().watch(path);
            assert!(reader.add(path, began.elapsed()));
            drop(reader);
            let reader = world.watcher().subscribe().unwrap();
            assert!(reader.add(path, began.elapsed()));
            assert!(world.told(&reader, LONG).is_empty(), "{path}: it would load for ever");
        }
    }
}

/// A folder that is asked for in the turn in which the news of it comes: it is watched from the request on.
#[test]
fn a_folder_that_has_just_come_stays_watched_though_no_reader_uses_it_yet() {
    let mut world = World::new();
    world.watcher().watch("/index.html");
    fs::create_dir(world.root().join("later")).unwrap();
    world.watcher().watch("/later/x.js");
    world.turn();
    world.turn();
    let began = Instant::now();
    fs::write(world.root().join("later/x.js"), "new").unwrap();
    fs::remove_file(world.root().join("later/x.js")).unwrap();
    world.turn();
    let reader = world.watcher().subscribe().unwrap();
    assert!(reader.add("/later/x.js", began.elapsed()));
    assert_eq!(world.told(&reader, LONG), [["/later/x.js"]]);
}

/// The kernel tells nothing of what a link leads to, but the file itself says when it was changed.
#[test]
fn what_changed_behind_a_link_while_a_page_was_loading_is_told() {
    let mut world = World::new();
    let began = Instant::now();
    world.watcher().watch("/link.css");
    let wall = SystemTime::now();
    until("a time of the file system behind the start", || {
        fs::write(world.root().join("style.css"), "another style").unwrap();
        let time = fs::metadata(world.root().join("style.css")).unwrap().modified().unwrap();
        if time > wall { Ok(()) } else { Err(format!("{time:?}")) }
    });
    world.turn();
    let reader = world.watcher().subscribe().unwrap();
    assert!(reader.add("/link.css", began.elapsed()));
    assert_eq!(world.told(&reader, LONG), [["/link.css"]]);
    assert!(reader.add("/linked/../link.css", Duration::ZERO), "the page has loaded again");
    assert!(world.told(&reader, LONG).is_empty());
}

#[test]
fn what_is_not_remembered_counts_as_a_change_once() {
    let mut world = World::new();
    let reader = world.watcher().subscribe().unwrap();
    assert!(reader.add("/style.css", Duration::from_secs(3600)), "it has loaded before the server began");
    assert!(reader.add("/index.html", Duration::MAX));
    assert!(reader.add("/sub/page.html", Duration::ZERO));
    assert_eq!(world.told(&reader, LONG), [["/index.html", "/style.css"]]);
    assert!(reader.add("/style.css", Duration::ZERO));
    assert!(world.told(&reader, LONG).is_empty());
}

#[test]
fn each_reader_is_told_of_what_it_uses() {
    let mut world = World::new();
    let readers = [&["/style.css", "/index.html"][..], &["/style.css"], &["/index.html"], &[]]
        .map(|paths| world.reader(paths));
    fs::write(world.root().join("style.css"), "another style").unwrap();
    let first = world.told(&readers[0], LONG);
    assert_eq!(first, [["/style.css"]]);
    assert_eq!(readers.map(|reader| reader.take().len()), [0, 1, 0, 0]);
    let readers: Vec<_> = std::iter::from_fn(|| world.watcher().subscribe()).collect();
    assert_eq!(readers.len(), 64);
    drop(readers);
    let reader = world.watcher().subscribe().expect("their places are free again");
    let added =
        (0..10_000).take_while(|number| reader.add(&format!("/sub/{number}"), Duration::ZERO)).count();
    assert_eq!(added, 8_192);
    assert!(reader.add("/sub/0", Duration::ZERO), "it has this one already");
    let reader = world.watcher().subscribe().unwrap();
    let long = |number| format!("/{}{number}", "x/../".repeat(1_000));
    let added = (0..10_000).take_while(|number| reader.add(&long(*number), Duration::ZERO)).count();
    assert_eq!(added, 104, "their paths are too long together");
}

#[test]
fn folders_beyond_those_that_are_watched_are_looked_at() {
    let mut world = World::new();
    let names: Vec<_> = (0..8_200).map(|number| format!("many/{number}")).collect();
    names.iter().for_each(|name| fs::create_dir_all(world.root().join(name)).unwrap());
    names.iter().for_each(|name| world.watcher().watch(&format!("/{name}/x.js")));
    let [first, last] = ["/many/0/x.js", "/many/8199/x.js"];
    let reader = world.reader(&[first]);
    assert!(matches!(world.turn(), (false, Work::None)), "this one is watched");
    assert!(reader.add(last, Duration::ZERO));
    assert!(matches!(world.turn(), (false, Work::At(_))), "and this one is not");
    for path in [first, last] {
        fs::write(world.root().join(&path[1..]), "new").unwrap();
        assert_eq!(world.told(&reader, LONG), [[path]]);
    }
}

/// The test runs itself where the kernel gives this user no watch, or no inotify at all (user_namespaces(7)).
#[test]
fn without_watches_everything_is_looked_at() {
    if env::var_os("ONEPOLL_WITHOUT_WATCHES").is_some() {
        let mut world = World::new();
        let reader = world.reader(&["/style.css", "/a/b.js"]);
        assert!(matches!(world.turn(), (false, Work::At(_))), "it is looked at");
        fs::write(world.root().join("style.css"), "another style").unwrap();
        assert_eq!(world.told(&reader, LONG), [["/style.css"]]);
        fs::create_dir(world.root().join("a")).unwrap();
        fs::write(world.root().join("a/b.js"), "new").unwrap();
        assert_eq!(world.told(&reader, LONG), [["/a/b.js"]]);
        fs::rename(world.root(), world.root().with_extension("old")).unwrap();
        fs::create_dir(world.root()).unwrap();
        fs::write(world.root().join("style.css"), "a third style").unwrap();
        assert_eq!(world.told(&reader, LONG), [["/a/b.js", "/style.css"]]);
        return println!("it was looked at");
    }
    for limit in ["max_inotify_watches", "max_inotify_instances"] {
        let script =
            format!(r#"echo 0 > /proc/sys/user/{limit} && echo so && exec "$0" --exact "$1" --nocapture"#);
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "sh", "-c", &script]).arg(env::current_exe().unwrap());
        command.arg("without_watches_everything_is_looked_at").env("ONEPOLL_WITHOUT_WATCHES", "1");
        let output = command.output().expect("util-linux is there");
        let [out, error] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        if !out.starts_with("so\n") {
            return eprintln!("skipped: {error}");
        }
        assert!(out.contains("it was looked at") && output.status.success(), "{limit}: {out} {error}");
    }
}
