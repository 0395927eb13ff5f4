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

/// The folders to read below, so that the one at `root` is served, and so is one that takes its place: the folder that
/// it is in, by its name and, where that is a link, where it leads.
pub fn around(root: &Path) -> io::Result<Vec<PathBuf>> {
    let above = |path: PathBuf| path.parent().map_or(path.clone(), Path::to_owned);
    let mut folders = vec![above(std::path::absolute(root)?), above(root.canonicalize()?)];
    folders.dedup();
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
