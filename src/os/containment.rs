//! Containment: the permissions that the process gives up before it serves, so that a bug of the server cannot open other
//! files of the user (landlock(7), and PR_SET_NO_NEW_PRIVS in prctl(2)).

use std::io;
use std::path::{Path, PathBuf};

/// Whether the process is contained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Containment {
    /// The process reads below the given folders only. It cannot write, execute, connect, or send signals to other
    /// processes, as far as this kernel can forbid these.
    Contained,
    /// The kernel has no Landlock, or it is turned off (Linux 5.13 has it).
    Missing,
}

/// The folder in which the program was started, if it is likely to be the project of the user. `/` is not, since services
/// are started there. A home is not, since it holds keys and passwords; nor is a folder above a home.
pub fn start() -> Option<PathBuf> {
    let start = std::env::current_dir().ok()?;
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    says_enough(&start, home.as_deref()).then_some(start)
}

fn says_enough(start: &Path, home: Option<&Path>) -> bool {
    let is_of_another = start.parent() == Some(Path::new("/home"));
    start.parent().is_some() && !is_of_another && !home.is_some_and(|home| home.starts_with(start))
}

/// The folders below which the process must read, to serve `root` and a new folder that replaces it later.
///
/// The kernel remembers an allowed folder itself, and not its path. So it must be a folder that stays. This is `start`, if
/// the root is below it: a build may replace every folder in between (`cargo clean` deletes all of `target`, when
/// `target/doc` is served). Otherwise it is the parent of the root; and if the root is a link, also the parent of the
/// folder to which it leads.
pub fn around(root: &Path, start: Option<&Path>) -> io::Result<Vec<PathBuf>> {
    let above = |path: PathBuf| path.parent().map_or(path.clone(), Path::to_owned);
    let end = root.canonicalize()?;
    let start = start.filter(|start| end.starts_with(start) && end != *start);
    let mut folders: Vec<PathBuf> = start.iter().map(|start| start.to_path_buf()).collect();
    for folder in [above(std::path::absolute(root)?), above(end)] {
        if !folders.iter().any(|wider| folder.starts_with(wider)) {
            folders.push(folder);
        }
    }
    Ok(folders)
}

/// The folders in which the process must read, to serve the one file `file` and a new file that replaces it later: the folder
/// in which it has its name, and if that is a link, also the folder to which it leads at the start.
pub fn around_file(file: &Path) -> io::Result<Vec<PathBuf>> {
    let above = |path: PathBuf| path.parent().map(Path::to_owned);
    let mut folders: Vec<PathBuf> = above(std::path::absolute(file)?).into_iter().collect();
    folders.extend(above(file.canonicalize()?).filter(|folder| !folders.contains(folder)));
    Ok(folders)
}

/// From now on this thread can open files below `folders` only. Files that are open already stay open.
#[cfg(target_os = "linux")]
pub fn contain(folders: &[PathBuf]) -> io::Result<Containment> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
        RulesetStatus, Scope, path_beneath_rules,
    };
    /// All permissions known to this version (Linux 6.12) are given up, as far as the running kernel knows them, too.
    const KNOWN: ABI = ABI::V6;
    let restrict = || -> Result<RulesetStatus, RulesetError> {
        let rules = path_beneath_rules(folders, AccessFs::ReadFile | AccessFs::ReadDir);
        let ruleset = Ruleset::default()
            .handle_access(AccessFs::from_all(KNOWN))?
            .handle_access(AccessNet::from_all(KNOWN))?
            .scope(Scope::from_all(KNOWN))?
            .create()?;
        Ok(ruleset.add_rules(rules)?.restrict_self()?.ruleset)
    };
    match restrict().map_err(io::Error::other)? {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(Containment::Contained),
        RulesetStatus::NotEnforced => Ok(Containment::Missing),
    }
}

/// Does nothing on other platforms: their means of containment are not used.
#[cfg(not(target_os = "linux"))]
pub fn contain(_: &[PathBuf]) -> io::Result<Containment> {
    Ok(Containment::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_in_a_place_for_everything_opens_nothing() {
        let home = Some("/home/me".as_ref());
        for (start, expected) in [
            ("/", false),
            ("/home", false),
            ("/home/me", false),
            ("/home/me/project", true),
            ("/home/you", false),
            ("/home/you/project", true),
            ("/srv", true),
        ] {
            assert_eq!(says_enough(start.as_ref(), home), expected, "{start}");
        }
        let service = Some("/srv/me".as_ref());
        assert!(says_enough("/srv/meadow".as_ref(), service));
        assert_eq!(["/", "/srv"].map(|start| says_enough(start.as_ref(), None)), [false, true]);
    }

    #[test]
    fn what_is_read_is_what_it_takes_to_find_the_root_again() {
        let outer = tempfile::tempdir().unwrap();
        let outer = outer.path().canonicalize().unwrap();
        std::fs::create_dir_all(outer.join("project/target/doc")).unwrap();
        std::fs::create_dir(outer.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", outer.join("project/link")).unwrap();
        #[rustfmt::skip]
        let table = [
            // root               started in                what may be read
            ("project/target/doc", None,                    &["project/target"][..]),
            ("project/target/doc", Some("project"),         &["project"]),
            ("project/target/doc", Some("project/target"),  &["project/target"]),
            ("project/target",     Some("project"),         &["project"]),
            ("project",            Some("project"),         &[""]),
            ("project/target/doc", Some("elsewhere"),       &["project/target"]),
            ("project/target",     Some("project/target/doc"), &["project"]),
            // The name of the root is below the folder of the start, but its target is not.
            ("project/link",       Some("project"),         &["project", ""]),
            ("project/link/",      None,                    &["project", ""]),
        ];
        for (root, start, expected) in table {
            let start = start.map(|start| outer.join(start));
            let folders = around(&outer.join(root), start.as_deref()).unwrap();
            let expected: Vec<_> = expected.iter().map(|name| outer.join(name)).collect();
            let [folders, expected] = [folders, expected].map(|paths| {
                paths.into_iter().map(|path| path.components().collect()).collect::<Vec<PathBuf>>()
            });
            assert_eq!(folders, expected, "{root} from {start:?}");
        }
    }
}
