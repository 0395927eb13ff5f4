//! Which cores the server and the load may use. Where the platform cannot pin (or has one core), both use all.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// Some cores, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cores(Vec<usize>);

/// Who may use which.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Division {
    pub server: Cores,
    pub load: Cores,
}

impl Cores {
    /// All that this process may use.
    pub fn all() -> Cores {
        Cores(
            allowed().unwrap_or_else(|| {
                (0..std::thread::available_parallelism().map_or(1, usize::from)).collect()
            }),
        )
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The last for the load, all others for the server; a single one for both.
    pub fn divide(&self) -> Division {
        match self.0.split_last() {
            Some((last, [first, others @ ..])) if allowed().is_some() => {
                let server = std::iter::once(*first).chain(others.iter().copied()).collect();
                Division { server: Cores(server), load: Cores(vec![*last]) }
            }
            _ => self.share(),
        }
    }

    /// All for both.
    pub fn share(&self) -> Division {
        Division { server: self.clone(), load: self.clone() }
    }
}

impl Division {
    /// Whether the load keeps off the server's cores.
    pub fn is_apart(&self) -> bool {
        self.server != self.load
    }
}

#[cfg(target_os = "linux")]
fn allowed() -> Option<Vec<usize>> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let set = sched_getaffinity(None).ok()?;
    Some((0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect())
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Option<Vec<usize>> {
    None
}

/// From now on this thread, and those that it starts, and the processes that it starts, use these.
#[cfg(target_os = "linux")]
pub fn pin(cores: &Cores) {
    let mut set = rustix::thread::CpuSet::new();
    cores.0.iter().for_each(|core| set.set(*core));
    // Where that is not allowed, it goes on unpinned, as it would on another platform.
    let _ = rustix::thread::sched_setaffinity(None, &set);
}

#[cfg(not(target_os = "linux"))]
pub fn pin(_: &Cores) {}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(usize::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

impl FromStr for Cores {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Cores, ParseIntError> {
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Cores)
    }
}
