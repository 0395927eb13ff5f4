//! The three changes of the last step of the tour, made in a copy of the project: the tests that the page names go red, as it
//! says, and no others of these tests. Ignored in a plain `cargo test`, since the program is built again for each.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::html::{between, text_of};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What a change takes at most, with its build, in seconds.
const PATIENCE: &str = "100";

/// The file of tests that becomes the one program: its modules are many, and name each other.
const WHOLE: &str = "tests/simulation/main.rs";

/// A change as the page has it.
struct Change {
    /// The file that gets them, and lines.
    into: (String, String),
    /// The tests that go red, with their files.
    red: BTreeSet<(String, String)>,
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
    let named = between(answer, "<code data-test=\"", "</code>");
    let red = named.map(|named| named.split_once("\">").unwrap());
    Change { into, red: red.map(|(file, test)| (file.to_owned(), test.to_owned())).collect() }
}

/// A copy of the project, with a target folder of its own. What was built of other crates is in it already.
struct Copy {
    folder: TempDir,
    /// The tests of all changes, as the one program calls them that has them all.
    tests: BTreeSet<String>,
}

impl Copy {
    /// The tests of these files become one program, which is built sooner than one for each file.
    fn with(tests: BTreeSet<(&str, &str)>) -> Copy {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        duplicate(Path::new(ROOT), &folder.path().join("project"));
        let built = Path::new(support::program::PATH).parent().unwrap();
        let profile = folder.path().join("target").join(built.file_name().unwrap());
        for made in [".fingerprint", "build", "deps"] {
            share(&built.join(made), &profile.join(made));
        }
        let copy = Copy { folder, tests: tests.iter().map(|(file, test)| name_of(file, test)).collect() };
        let files: BTreeSet<_> = tests.iter().map(|(file, _)| *file).filter(|file| *file != WHOLE).collect();
        let mut whole = fs::read_to_string(copy.path(WHOLE)).unwrap();
        for file in files {
            copy.exchange(file, "\nmod support;\n", "\nuse crate::support;\n");
            whole += &format!("#[path = \"../../{file}\"]\nmod {};\n", module(file));
        }
        fs::write(copy.path(WHOLE), whole).unwrap();
        copy
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("project").join(file)
    }

    /// Puts `new` in the place of `old` in a file.
    fn exchange(&self, file: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{file} has one {old:?}");
        fs::write(self.path(file), text.replace(old, new)).unwrap();
    }

    /// Runs the tests, of which those of `change` go red and no others, and takes back what was changed in `src`.
    fn try_out(&self, change: &Change) {
        let red: BTreeSet<_> = change.red.iter().map(|(file, test)| name_of(file, test)).collect();
        // The whole simulation takes long where it does not fail.
        let tests = self.tests.iter().filter(|test| red.contains(*test) || test.contains("::"));
        let tests: Vec<_> = tests.collect();
        let mut command = Command::new("timeout");
        // It stays in the process group of the tests, so that what ends the tests ends the build, too.
        command
            .args(["--foreground", PATIENCE])
            .arg(std::env::var_os("CARGO").expect("cargo runs the tests"));
        // No user reads the lines of a panic here, and without them the program is built sooner.
        let plain = "profile.dev.package.onepoll.debug=false";
        command.args(["test", "--offline", "--locked", "--config", plain]);
        command.args(["--test", "simulation", "--", "--exact"]).args(&tests);
        command.env("CARGO_TARGET_DIR", self.folder.path().join("target")).current_dir(self.path(""));
        let output = command.output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for test in tests {
            let end = if red.contains(test) { "FAILED" } else { "ok" };
            assert!(said.contains(&format!("test {test} ... {end}")), "{test} is not {end}:\n{said}");
        }
        duplicate(&Path::new(ROOT).join("src"), &self.path("src"));
    }
}

/// The name of the module that a file of tests is.
fn module(file: &str) -> &str {
    file.strip_prefix("tests/").and_then(|name| name.strip_suffix(".rs")).unwrap()
}

/// What the one program calls a test.
fn name_of(file: &str, test: &str) -> String {
    if file == WHOLE { test.to_owned() } else { format!("{}::{test}", module(file)) }
}

/// Whether a file in the target folder was made for another crate than this one.
fn is_of_other_crates(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    let is_in_deps = path.parent().is_some_and(|folder| folder.ends_with("deps"));
    let is_made_once = name.starts_with("lib") || name.ends_with(".d");
    !name.starts_with("onepoll-") && !name.starts_with("libonepoll-") && (!is_in_deps || is_made_once)
}

/// Links what was made for other crates from one folder into another. A copy would have a new time, and cargo builds again what
/// is older than what it was built of.
fn share(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if is_of_other_crates(&path) && path.is_dir() {
            share(&path, &target);
        } else if is_of_other_crates(&path) {
            fs::hard_link(&path, &target).unwrap();
        }
    }
}

/// Copies the files of a folder that the other folder does not have like that. What was built, and the history, are left out.
fn duplicate(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        let is_built = Path::new(env!("CARGO_TARGET_TMPDIR")).starts_with(&path);
        if is_built || path.ends_with("target") || path.ends_with(".git") {
            continue;
        } else if path.is_dir() {
            duplicate(&path, &target);
        } else if fs::read(&path).ok() != fs::read(&target).ok() {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
#[ignore = "builds the program three times"]
fn the_changes_of_the_tour_make_the_tests_red_that_it_names() {
    let [handler, state, limit] = changes();
    let tests = [&handler, &state, &limit].into_iter().flat_map(|change| &change.red);
    let copy = Copy::with(tests.map(|(file, test)| (file.as_str(), test.as_str())).collect());

    let post = "    (Method::Post, \"ack::post\", ack::post),\n";
    copy.exchange(&handler.into.0, post, &format!("{post}{}", handler.into.1));
    copy.try_out(&handler);

    let (file, step) = &state.into;
    let closed = "    /// The connection is over.\n    #[default]\n";
    copy.exchange(file, closed, &format!("    /// Nothing happens.\n    Resting,\n{closed}"));
    let name = "State::Closed => \"Closed\",\n";
    copy.exchange(file, name, &format!("State::Resting => \"Resting\",\n{name}"));
    let closed = "State::Closed => Ok(Next::Go(State::Closed)),\n";
    copy.exchange(file, closed, &format!("{step}{closed}"));
    copy.exchange("src/conn/writing.rs", "Ok(State::Reading)", "Ok(State::Resting)");
    copy.try_out(&state);

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
    copy.try_out(&limit);
}
