//! Several threads may share a site. Each sees every change that was made before it asked.

mod support;

use onepoll::http::encoding::Coding;
use onepoll::site::{Asker, Charge, Found, Moment, Policy, Site, Stored, Tick, Wanted};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use support::folder;

/// Changes that are made while the other threads ask.
const CHANGES: usize = 5_000;

fn find(site: &Site, path: &str, read: Tick) -> String {
    let wanted = Wanted {
        codings: &[Coding::Identity],
        is_held: &|_| false,
        asker: &|| Asker::Other,
        charge: &Charge::default(),
    };
    // All is old enough to be kept.
    let time = SystemTime::now() + Duration::from_secs(10);
    site.begin_drive();
    match site.find(path, &wanted, Moment { time, read }) {
        Ok(Found::File(found)) => match &found.stored {
            Stored::Whole(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Stored::Large(_) => panic!("{path} is small"),
        },
        _ => panic!("{path} is a file"),
    }
}

#[test]
fn a_look_of_one_thread_is_no_fresher_for_what_another_has_read() {
    let outside = folder(&[("root/sub/a", b"0"), ("root/sub/b", b"b")]);
    let root = outside.path().join("root");
    let site = Site::open(&root, Policy::default()).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for path in ["/sub/a", "/sub/a", "/sub/b"] {
            let (site, is_over) = (&site, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    find(site, path, site.tick());
                }
            });
        }
        let stale = (1..=CHANGES).find_map(|change| {
            // The name leads to a new file each time, and the folder changes, too.
            fs::write(outside.path().join("next"), change.to_string()).unwrap();
            fs::rename(outside.path().join("next"), root.join("sub/a")).unwrap();
            let came = find(&site, "/sub/a", site.tick());
            (came != change.to_string()).then(|| format!("{came} after change {change}"))
        });
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(stale, None);
    });
}
