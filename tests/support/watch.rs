//! Which tests run, and for how long. A test in which something hangs that was not thought of ends its process, which
//! names it: else `cargo test` would never end.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Many times what any test takes on a busy machine; `ONEPOLL_TEST_LIMIT` says otherwise, in seconds.
const LIMIT: Duration = Duration::from_secs(150);

/// A test that runs.
struct Test {
    name: String,
    began: Instant,
    limit: Duration,
}

static RUNNING: Mutex<Vec<Test>> = Mutex::new(Vec::new());

/// Watches the test that calls it from now on to its end. What most tests begin with calls it for them.
pub fn watch() {
    thread_local!(static NOTED: Noted = Noted::new());
    NOTED.with(|_| {});
}

/// Lets the test that calls it take so much longer.
pub fn takes_longer(time: Duration) {
    watch();
    let this = thread::current();
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let tests = running.iter_mut().filter(|test| Some(test.name.as_str()) == this.name());
    tests.for_each(|test| test.limit = test.limit.saturating_add(time));
}

/// Lives as long as the thread of a test.
struct Noted(Option<String>);

impl Noted {
    fn new() -> Noted {
        // The thread of a test has its name; those that a test starts have none.
        let name = thread::current().name().filter(|name| *name != "main").map(str::to_owned);
        if let Some(name) = name.clone() {
            static ONCE: Once = Once::new();
            ONCE.call_once(|| _ = thread::spawn(look_after_all));
            let limit = std::env::var("ONEPOLL_TEST_LIMIT").ok().and_then(|seconds| seconds.parse().ok());
            let limit = limit.map_or(LIMIT, Duration::from_secs);
            let test = Test { name, began: Instant::now(), limit };
            RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(test);
        }
        Noted(name)
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = running.iter().position(|test| Some(&test.name) == self.0.as_ref()) else { return };
        let test = running.swap_remove(at);
        if let Some(file) = std::env::var_os("ONEPOLL_TEST_TIMES") {
            tell_time(Path::new(&file), &test);
        }
    }
}

/// Appends how long a test took: seconds, its file, its name. In one write, since others do the same.
fn tell_time(file: &Path, test: &Test) {
    let program = std::env::current_exe().unwrap_or_default();
    let program = program.file_name().unwrap_or_default().to_string_lossy();
    let program = program.rsplit_once('-').map_or(&*program, |(name, _)| name);
    let line = format!("{:.2} {program} {}\n", test.began.elapsed().as_secs_f64(), test.name);
    let file = File::options().append(true).create(true).open(file);
    if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
        tell(&format!("how long a test took cannot be written: {error}"));
    }
}

/// Ends the process when a test runs for longer than it may.
fn look_after_all() {
    loop {
        thread::sleep(Duration::from_millis(200));
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(test) = running.iter().find(|test| test.began.elapsed() > test.limit) else { continue };
        let others = running.iter().filter(|other| other.name != test.name).map(|other| &*other.name);
        let others = others.collect::<Vec<_>>().join(", ");
        let beside = if others.is_empty() { String::new() } else { format!(", beside {others}") };
        tell(&format!("{} has run for {:?} and does not end{beside}", test.name, test.limit));
        kill_children();
        std::process::abort();
    }
}

/// Writes to stderr itself: what a test prints is kept back until its end.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "\n{text}");
}

/// Programs that the tests have started would outlive them.
fn kill_children() {
    for task in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|number| Pid::from_raw(number.parse().ok()?));
        children.for_each(|child| _ = kill_process(child, Signal::KILL));
    }
}
