//! The three changes of the last step of the tour, made in a copy of the project: the tests that the page names go red, as it
//! says. Ignored in a plain `cargo test`, since the program is built again for each.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::html::{between, text_of};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What a change takes at most, with its build, in seconds.
const PATIENCE: &str = "400";

/// A change as the page has it.
struct Change {
    /// The file that gets them, and lines.
    into: (String, String),
    /// The tests that go red, by their files.
    red: BTreeMap<String, Vec<String>>,
}

/// The changes of the page, in order.
fn changes() -> [Change; 3] {
    let tour = fs::read_to_string(Path::new(ROOT).join("www/tour.html")).unwrap();
    let changes: Vec<_> = between(&tour, "<details>", "</details>").map(change).collect();
    changes.try_into().unwrap_or_else(|changes: Vec<_>| panic!("these are {} changes", changes.len()))
}

fn change(answer: &str) -> Change {
    let (file, lines) =
        between(answer, "<pre data-into=\"", "</pre>").next().unwrap().split_once('"').unwrap();
    let into = (file.to_owned(), text_of(lines.split_once('>').unwrap().1) + "\n");
    let mut red: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for named in between(answer, "<code data-test=\"", "</code>") {
        let (file, test) = named.split_once("\">").unwrap();
        red.entry(file.to_owned()).or_default().push(test.to_owned());
    }
    Change { into, red }
}

/// A copy of the project, with a target folder of its own. What was built of other crates is in it already.
struct Copy(TempDir);

impl Copy {
    fn new() -> Copy {
        let copy = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let is_of_it = |path: &Path| !path.ends_with("target") && !path.ends_with(".git");
        duplicate(Path::new(ROOT), &copy.path().join("project"), &is_of_it);
        let built = Path::new(support::program::PATH).parent().unwrap();
        let profile = copy.path().join("target").join(built.file_name().unwrap());
        for folder in [".fingerprint", "build", "deps"] {
            duplicate(&built.join(folder), &profile.join(folder), &is_of_other_crates);
        }
        Copy(copy)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join("project").join(file)
    }

    /// Puts `new` in the place of `old` in a file.
    fn exchange(&self, file: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{file} has one {old:?}");
        fs::write(self.path(file), text.replace(old, new)).unwrap();
    }

    /// Runs these tests and no others, and gives what is said of it.
    fn test(&self, tests: &BTreeMap<String, Vec<String>>) -> String {
        let mut command = Command::new("timeout");
        command.arg(PATIENCE).arg(std::env::var_os("CARGO").expect("cargo runs the tests"));
        command.args(["test", "--offline", "--locked", "--no-fail-fast"]);
        for file in tests.keys() {
            let name = file.strip_prefix("tests/").unwrap();
            let name = name.strip_suffix("/main.rs").or(name.strip_suffix(".rs")).unwrap();
            command.args(["--test", name]);
        }
        command.args(["--", "--exact"]).args(tests.values().flatten());
        command.env("CARGO_TARGET_DIR", self.0.path().join("target")).current_dir(self.path(""));
        let output = command.output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    /// Each of these tests ends so: `ok` or `FAILED`.
    fn all_end(&self, tests: &BTreeMap<String, Vec<String>>, end: &str) {
        let said = self.test(tests);
        for test in tests.values().flatten() {
            assert!(said.contains(&format!("test {test} ... {end}")), "{test} is not {end}:\n{said}");
        }
    }

    /// Takes back what was changed in `src`.
    fn restore(&self) {
        duplicate(&Path::new(ROOT).join("src"), &self.path("src"), &|_| true);
    }
}

/// Whether a file in the target folder was made for another crate than this one.
fn is_of_other_crates(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    let is_in_deps = path.parent().is_some_and(|folder| folder.ends_with("deps"));
    let is_made_once = name.starts_with("lib") || name.ends_with(".d");
    !name.starts_with("onepoll-") && !name.starts_with("libonepoll-") && (!is_in_deps || is_made_once)
}

/// Copies what is in a folder, where it `is_wanted` and differs from what is there.
fn duplicate(from: &Path, to: &Path, is_wanted: &dyn Fn(&Path) -> bool) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if !is_wanted(&path) {
            continue;
        } else if path.is_dir() {
            duplicate(&path, &target, is_wanted);
        } else if fs::read(&path).ok() != fs::read(&target).ok() {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
#[ignore = "builds the program three times"]
fn the_changes_of_the_tour_make_the_tests_red_that_it_names() {
    let [handler, state, limit] = changes();
    let copy = Copy::new();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, tests) in [&handler, &state, &limit].into_iter().flat_map(|change| &change.red) {
        all.entry(file.clone()).or_default().extend_from_slice(tests);
    }
    copy.all_end(&all, "ok");

    let post = "    (Method::Post, \"ack::post\", ack::post),\n";
    copy.exchange(&handler.into.0, post, &format!("{post}{}", handler.into.1));
    copy.all_end(&handler.red, "FAILED");
    copy.restore();

    let (file, step) = &state.into;
    let closed = "    /// The connection is over.\n    #[default]\n";
    copy.exchange(file, closed, &format!("    /// Nothing happens.\n    Resting,\n{closed}"));
    let name = "State::Closed => \"Closed\",\n";
    copy.exchange(file, name, &format!("State::Resting => \"Resting\",\n{name}"));
    let closed = "State::Closed => Ok(Next::Go(State::Closed)),\n";
    copy.exchange(file, closed, &format!("{step}{closed}"));
    copy.exchange("src/conn/writing.rs", "Ok(State::Reading)", "Ok(State::Resting)");
    copy.all_end(&state.red, "FAILED");
    copy.restore();

    let grace = "    pub grace: Duration,\n";
    copy.exchange(
        "src/service/limits.rs",
        grace,
        &format!("{grace}    /// Answers.\n    pub answers_max: u32,\n"),
    );
    let grace = "grace: Duration::from_secs(10),\n";
    copy.exchange("src/service/limits.rs", grace, &format!("{grace}answers_max: 100,\n"));
    let grace = "grace: self.times.grace,\n";
    copy.exchange("src/cli.rs", grace, &format!("{grace}answers_max: 100,\n"));
    let outbox = "    pub outbox: Buffer,\n";
    copy.exchange(
        "src/conn/outgoing.rs",
        outbox,
        &format!("{outbox}    /// Answers.\n    pub answers: u32,\n"),
    );
    let (file, lines) = &limit.into;
    copy.exchange(file, "    let mut is_last = context.phase == Phase::Stopping;\n", lines);
    copy.all_end(&limit.red, "FAILED");
}
