//! What the process gives up once it serves, so that a mistake of ours opens nothing that is not ours to open
//! (landlock(7), and PR_SET_NO_NEW_PRIVS in prctl(2)).

use std::io;
use std::path::{Path, PathBuf};

/// How much was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Containment {
    /// It reads below the folders that were named, and cannot write, execute, connect, or send signals to others, as far
    /// as this kernel knows of these.
    Contained,
    /// The kernel, or whoever runs it, has no Landlock (Linux 5.13).
    Missing,
}

/// The folder that the program was started in, where that says what its user works on. `/` says nothing, as a service
/// is started there, and neither does a home, which holds keys and passwords, nor what is above one.
pub fn start() -> Option<PathBuf> {
    let start = std::env::current_dir().ok()?;
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    says_enough(&start, home.as_deref()).then_some(start)
}

fn says_enough(start: &Path, home: Option<&Path>) -> bool {
    let is_of_another = start.parent() == Some(Path::new("/home"));
    start.parent().is_some() && !is_of_another && !home.is_some_and(|home| home.starts_with(start))
}

/// The folders to read below, so that the one at `root` is served, and so is one that takes its place.
///
/// The kernel knows a folder that may be read as the one that it is now, not by its path. So it has to be one that stays:
/// `start`, where the root is below it, since a build may replace every folder in between (`cargo clean` all of `target`,
/// where `target/doc` is served). Else it is the folder that the root is in, by its name and, where that is a link, where
/// it leads.
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

/// From now on this thread reads what is below `folders`, and nothing else; what is open already stays so.
#[cfg(target_os = "linux")]
pub fn contain(folders: &[PathBuf]) -> io::Result<Containment> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
        RulesetStatus, Scope, path_beneath_rules,
    };
    /// Everything that this knows of is given up where the kernel knows it, too (Linux 6.12).
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

/// Other platforms have other means, which are not used.
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
            // It is not below the folder of the start, though its name is.
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
