//! A file is replaced by rename as fast as possible, while clients ask for it in every way. Each answer is whole and
//! of one version, and that version was not replaced before the request was sent.

mod support;

use onepoll::service::limits::Limits;
use std::fs;
use std::net::SocketAddr;
use std::ops::AddAssign;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};
use support::dice::Dice;
use support::patience::{Ends, within};
use support::visitor::{Visitor, gunzip};
use support::watch::takes_longer;
use support::{Answer, PATIENCE, folder, serve};

/// Files of 100 bytes and more: some are kept in memory, and some are sent from the disk.
const BYTES: std::ops::RangeInclusive<u64> = 100..=100 << 10;

const CLIENTS: u64 = 4;

/// The shortest time of this test; `ONEPOLL_TEST_SECONDS` sets another. It goes on until everything was tried.
const SECONDS: u64 = 5;

/// The content of a version: its number, repeated up to its length.
fn content(version: u64) -> Vec<u8> {
    let length = BYTES.start() + Dice::of(version + 1).below(BYTES.end() - BYTES.start() + 1);
    let line = format!("{version:019}\n");
    let mut content = line.into_bytes().repeat(length as usize / 20 + 1);
    content.truncate(length as usize);
    content
}

/// The version with which `bytes` begin.
fn version_of(bytes: &[u8]) -> u64 {
    let digits = bytes.get(..19).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("torn: {}", bytes.escape_ascii()))
}

/// The file, and its newest versions.
struct Versions {
    /// The newest version that is certainly in place.
    in_place: AtomicU64,
    /// The newest version that may be in place.
    coming: AtomicU64,
    is_over: AtomicBool,
    /// What the answers to all clients have shown.
    counts: Mutex<Counts>,
}

impl Versions {
    /// Puts one version after the other in place: many as fast as possible, then one that stays for a while. So files
    /// of every age are replaced: young ones, cached ones and compressed ones.
    fn replace(&self, root: &Path) {
        let mut dice = Dice::of(42);
        while !self.is_over.load(SeqCst) {
            for _ in 0..dice.below(50) {
                let version = self.coming.fetch_add(1, SeqCst) + 1;
                fs::write(root.join("next.txt"), content(version)).unwrap();
                fs::rename(root.join("next.txt"), root.join("file.txt")).unwrap();
                self.in_place.store(version, SeqCst);
            }
            // The age of a file is varied here; no test waits for this.
            thread::sleep(Duration::from_millis(dice.below(150)));
        }
    }
}

/// What a client has seen in its answers.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    whole: u64,
    of_strong_tag: u64,
    compressed: u64,
    not_modified: u64,
    partial: u64,
    whole_for_another_version: u64,
}

impl Counts {
    /// Whether everything was tried.
    fn is_all(&self) -> bool {
        let Counts { whole, of_strong_tag, compressed, not_modified, partial, whole_for_another_version } =
            *self;
        [whole, of_strong_tag, compressed, not_modified, partial, whole_for_another_version]
            .iter()
            .all(|count| *count > 0)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.whole += other.whole;
        self.of_strong_tag += other.of_strong_tag;
        self.compressed += other.compressed;
        self.not_modified += other.not_modified;
        self.partial += other.partial;
        self.whole_for_another_version += other.whole_for_another_version;
    }
}

/// What a client has: the last whole answer, as it came, and its version.
struct Has {
    answer: Answer,
    version: u64,
}

struct Client<'a> {
    visitor: Visitor,
    versions: &'a Versions,
    dice: Dice,
    has: Option<Has>,
    /// The counts from one answer.
    counts: Counts,
}

impl Client<'_> {
    fn of<'a>(address: SocketAddr, versions: &'a Versions, seed: u64) -> Client<'a> {
        let visitor = Visitor::of(address);
        Client { visitor, versions, dice: Dice::of(seed), has: None, counts: Counts::default() }
    }

    fn ask_until_over(mut self) {
        while !self.versions.is_over.load(SeqCst) {
            self.ask();
            *self.versions.counts.lock().unwrap() += std::mem::take(&mut self.counts);
        }
    }

    /// Asks once: for the whole file, for a newer version, or for a part of the version that it has; compressed or
    /// not.
    fn ask(&mut self) {
        let compressed =
            if self.dice.below(2) == 0 { "Accept-Encoding: gzip" } else { "Accept-Encoding: identity" };
        let had = self.has.as_ref().map_or("\"none\"", |has| has.answer.tag());
        let (first, last) = (self.dice.below(200), 200 + self.dice.below(BYTES.end() - 200));
        let fields = match self.dice.below(3) {
            0 => compressed.to_owned(),
            1 => format!("{compressed}\r\nIf-None-Match: {had}"),
            _ => format!("{compressed}\r\nRange: bytes={first}-{last}\r\nIf-Range: {had}"),
        };
        let oldest = self.versions.in_place.load(SeqCst);
        let answer = self.visitor.get("/file.txt", &fields);
        let youngest = self.versions.coming.load(SeqCst);
        let version = match answer.status {
            200 => self.whole(answer, fields.contains("If-Range")),
            206 => self.partial(&answer, first, last),
            304 => {
                self.counts.not_modified += 1;
                self.has.as_ref().expect("it asked for another than it has").version
            }
            416 => {
                // This error is about one version, too: the version is that short.
                let length = answer.field("content-range").unwrap().strip_prefix("bytes */").unwrap();
                let has = self.has.as_ref().expect("it named what it has");
                assert!(length.parse() == Ok(has.answer.body.len()) && has.answer.body.len() as u64 <= first);
                has.version
            }
            status => panic!("{status} for {fields}"),
        };
        assert!(version >= oldest, "stale: {version} though {oldest} was in place before it asked {fields}");
        assert!(version <= youngest, "{version} was not there yet when it was answered");
    }

    /// Keeps a whole answer as the version that the client has.
    fn whole(&mut self, answer: Answer, asked_for_a_part: bool) -> u64 {
        let is_compressed = answer.field("content-encoding") == Some("gzip");
        let body = if is_compressed { gunzip(&answer.body) } else { answer.body.clone() };
        let version = version_of(&body);
        assert!(body == content(version), "torn: {} bytes of {version} and others", body.len());
        self.counts.whole += 1;
        self.counts.of_strong_tag += u64::from(answer.tag().starts_with('"'));
        self.counts.compressed += u64::from(is_compressed);
        self.counts.whole_for_another_version += u64::from(asked_for_a_part);
        self.has = Some(Has { answer, version });
        version
    }

    /// A part is of the version that the client has, since its tag says so.
    fn partial(&mut self, answer: &Answer, first: u64, last: u64) -> u64 {
        let Has { answer: whole, version } = self.has.as_ref().expect("it named what it has");
        assert_eq!(answer.tag(), whole.tag());
        let end = (last as usize + 1).min(whole.body.len());
        assert!(
            answer.body == whole.body[first as usize..end],
            "torn: a part of another version than {version}"
        );
        self.counts.partial += 1;
        *version
    }
}

#[test]
fn no_answer_is_torn_or_stale_while_a_file_is_replaced() {
    let seconds = std::env::var("ONEPOLL_TEST_SECONDS").map_or(SECONDS, |said| said.parse().unwrap());
    let root = folder(&[("file.txt", &content(0))]);
    let address = serve(root.path(), Limits::default());
    takes_longer(Duration::from_secs(seconds));
    let versions = Versions {
        in_place: AtomicU64::new(0),
        coming: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        counts: Mutex::default(),
    };
    let began = Instant::now();
    thread::scope(|scope| {
        let _ends = Ends(&versions.is_over);
        scope.spawn(|| versions.replace(root.path()));
        let clients = (1..=CLIENTS).map(|seed| Client::of(address, &versions, seed));
        let clients: Vec<_> = clients.map(|client| scope.spawn(|| client.ask_until_over())).collect();
        let limit = Duration::from_secs(seconds) + PATIENCE;
        within(limit, "every kind of answer", || {
            let counts = *versions.counts.lock().unwrap();
            let is_failed = clients.iter().any(|client| client.is_finished());
            let is_long_enough = began.elapsed() >= Duration::from_secs(seconds);
            match is_failed || is_long_enough && counts.is_all() {
                true => Ok(()),
                false => Err(format!("{counts:?}")),
            }
        });
    });
    let (replaced, counts) = (versions.in_place.into_inner(), versions.counts.into_inner().unwrap());
    println!("{replaced} versions in {:?}: {counts:?}", began.elapsed());
}
