//! The map of `src`: which room may import which, and that no two files import each other, straight or in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms that its files may import. `src/lib.rs` shows the same table.
const MAP: &[(&str, &[&str])] = &[
    ("main.rs", &["cli", "inspect", "log", "os", "reactor", "service", "site", "start"]),
    ("start", &["cli", "inspect", "log", "os", "reactor", "service", "site"]),
    ("cli", &["http", "log", "os", "reactor", "service", "site"]),
    ("inspect", &["http", "os", "log", "site", "service", "conn", "reactor"]),
    ("reactor", &["os", "site", "service", "conn"]),
    ("conn", &["http", "os", "log", "site", "service"]),
    ("service", &["http", "os", "log", "site"]),
    ("site", &["http", "os", "log"]),
    ("log", &["http", "os"]),
    ("os", &[]),
    ("http", &[]),
    ("lib.rs", &[]),
];

/// A file below `src`, such as `conn/state.rs`, and the files that it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn rooms_import_downwards_only() {
    let imports = imports();
    let known: BTreeMap<&str, &[&str]> = MAP.iter().copied().collect();
    let mut wrong = Vec::new();
    for (file, imported) in &imports {
        let allowed = known.get(room(file)).unwrap_or_else(|| panic!("{file} is in a room that has no row"));
        let others =
            imported.iter().filter(|other| room(other) != room(file) && !allowed.contains(&room(other)));
        wrong.extend(others.map(|other| format!("{file} imports {other}")));
    }
    assert!(wrong.is_empty(), "these arrows are not on the map: {wrong:#?}");
}

#[test]
fn no_two_files_import_each_other() {
    let imports = imports();
    let circles: Vec<_> = imports.keys().filter(|file| reached(&imports, file).contains(*file)).collect();
    assert!(circles.is_empty(), "these files are in circles: {circles:#?}");
}

#[test]
fn the_map_says_what_is_so() {
    let imports = imports();
    assert!(imports.len() > 50, "only {} files were read", imports.len());
    for (name, allowed) in MAP {
        let files = imports.iter().filter(|(file, _)| room(file) == *name);
        let used: BTreeSet<_> =
            files.flat_map(|(_, imported)| imported.iter().map(|other| room(other))).collect();
        let unused: Vec<_> = allowed.iter().filter(|other| !used.contains(*other)).collect();
        assert!(unused.is_empty(), "{name} may import {unused:?} and does not");
    }
}

#[test]
fn the_crate_doc_shows_the_map() {
    let doc = include_str!("../src/lib.rs");
    for (name, allowed) in
        MAP.iter().filter(|(name, _)| !name.ends_with(".rs") && !matches!(*name, "cli" | "start"))
    {
        let allowed: Vec<_> = allowed.iter().map(|other| format!("`{other}/`")).collect();
        let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        let row = format!("//! | [`{name}`] | {allowed} |");
        assert!(doc.contains(&row), "src/lib.rs has no row {row}");
    }
}

/// The rooms whose files the crate doc lists one by one; of the others it shows the room.
#[test]
fn the_crate_doc_lists_every_file() {
    let doc = include_str!("../src/lib.rs");
    let is_listed = |file: &&String| {
        let module = module_of(file).join("::");
        let is_front = file.ends_with("/mod.rs") && doc.contains(&format!("[`{module}`] `mod.rs`"));
        is_front || doc.contains(&format!("[`{module}`]")) || doc.contains(&format!("`{file}`"))
    };
    let imports = imports();
    let listed = imports
        .keys()
        .filter(|file| !matches!(room(file), "inspect" | "os" | "cli" | "start" | "main.rs" | "lib.rs"));
    let missed: Vec<_> = listed.filter(|file| !is_listed(file)).collect();
    assert!(missed.is_empty(), "src/lib.rs has no row for {missed:?}");
}

#[test]
fn the_map_of_what_tests_share_names_every_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support");
    let map = include_str!("support/mod.rs");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().display().to_string());
    let missed: Vec<_> = names.filter(|name| !map.contains(&format!("`{name}`"))).collect();
    assert!(missed.is_empty(), "tests/support/mod.rs has no row for {missed:?}");
}

/// All files that can be reached from `file` by one import or more.
fn reached<'a>(imports: &'a Imports, file: &str) -> BTreeSet<&'a String> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<_> = imports[file].iter().collect();
    while let Some(next) = waiting.pop() {
        if seen.insert(next) {
            waiting.extend(&imports[next]);
        }
    }
    seen
}

/// The room of a file: its folder. A file outside a folder is a room of its own, or the front of its folder.
fn room(file: &str) -> &str {
    match file.split_once('/') {
        Some((room, _)) => room,
        None if file == "cli.rs" => "cli",
        None => file,
    }
}

fn imports() -> Imports {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    let names: BTreeSet<String> = files.iter().map(|file| file.display().to_string()).collect();
    let read = |name: &String| {
        let text = fs::read_to_string(root.join(name)).unwrap();
        let module = module_of(name);
        let paths = paths_in(&code_of(&text));
        let found = paths.iter().filter_map(|path| resolve(path, &module, &names));
        (name.clone(), found.filter(|other| other != name).collect())
    };
    names.iter().map(read).collect()
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path.strip_prefix(root).unwrap().to_owned());
        }
    }
}

/// The path of the module in a file: `conn/state.rs` is `conn`, `state`.
fn module_of(name: &str) -> Vec<String> {
    let name = name.strip_suffix(".rs").unwrap();
    let name = name.strip_suffix("/mod").unwrap_or(name);
    let parts = name.split('/').filter(|part| !matches!(*part, "lib" | "main"));
    parts.map(str::to_owned).collect()
}

/// The code of a file, without its tests and comments.
fn code_of(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// All paths in the code that begin with `crate`, `super`, the name of the crate, or a module that is declared in
/// this file. A group in braces gives one path for each of its members.
fn paths_in(code: &str) -> Vec<Vec<String>> {
    let declared =
        |line: &str| line.trim().strip_suffix(';')?.rsplit_once("mod ").map(|(_, name)| name.to_owned());
    let modules: BTreeSet<String> = code.lines().filter_map(declared).collect();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("::") {
        let before = &code[..at];
        let start = before.rfind(|char: char| !char.is_alphanumeric() && char != '_').map_or(0, |at| at + 1);
        let is_first = !before[..start].ends_with("::");
        let first = &before[start..];
        if is_first && (matches!(first, "crate" | "super" | "onepoll") || modules.contains(first)) {
            expand(&code[start..], &mut Vec::new(), &mut found);
        }
    }
    found
}

/// Reads one path, or one group of paths, at the beginning of `code`. Gives the number of bytes that it took.
fn expand(code: &str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let mut at = 0;
    let depth = prefix.len();
    loop {
        at += code[at..].len() - code[at..].trim_start().len();
        if code[at..].starts_with('{') {
            at += 1;
            while !code[at..].trim_start().starts_with('}') {
                at += expand(&code[at..], prefix, found);
                at += code[at..].find([',', '}']).unwrap_or_default();
                at += usize::from(code[at..].starts_with(','));
            }
            at += code[at..].find('}').unwrap_or_default() + 1;
            break;
        }
        let rest = &code[at..];
        let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len());
        prefix.push(rest[..end].to_owned());
        at += end;
        if !code[at..].starts_with("::") {
            found.push(prefix.clone());
            break;
        }
        at += 2;
    }
    prefix.truncate(depth);
    at
}

/// The file that a path leads to, from the module that names it.
fn resolve(path: &[String], module: &[String], names: &BTreeSet<String>) -> Option<String> {
    let mut at = module.to_vec();
    let mut rest = path;
    while let Some((first, others)) = rest.split_first() {
        match first.as_str() {
            "crate" | "onepoll" => at.clear(),
            "super" => drop(at.pop()),
            _ => break,
        }
        rest = others;
    }
    let mut file = None;
    for part in rest {
        at.push(part.clone());
        let joined = at.join("/");
        match [format!("{joined}.rs"), format!("{joined}/mod.rs")]
            .into_iter()
            .find(|name| names.contains(name))
        {
            Some(name) => file = Some(name),
            None => break,
        }
    }
    // The last part is not a module: it is an item in the module before it.
    file.or_else(|| {
        at.pop();
        let joined = at.join("/");
        [format!("{joined}.rs"), format!("{joined}/mod.rs")].into_iter().find(|name| names.contains(name))
    })
}
