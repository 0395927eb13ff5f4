//! Which cores the server and the load may use. On a platform that cannot pin threads, or with one core, both use
//! all.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// Cores, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cores(Vec<usize>);

/// The cores of the server and the cores of the load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Division {
    pub server: Cores,
    pub load: Cores,
}

impl Cores {
    /// All cores that this process may use.
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

    pub fn numbers(&self) -> &[usize] {
        &self.0
    }

    /// The last core is for the load, and all others for the server. A single core is for both.
    pub fn divide(&self) -> Division {
        match self.0.split_last() {
            Some((last, [first, others @ ..])) if allowed().is_some() => {
                let server = std::iter::once(*first).chain(others.iter().copied()).collect();
                Division { server: Cores(server), load: Cores(vec![*last]) }
            }
            _ => self.share(),
        }
    }

    /// The last core is for the load, and one other for the server.
    pub fn divide_one(&self) -> Division {
        let Division { server, load } = self.divide();
        Division { server: Cores(server.0.into_iter().take(1).collect()), load }
    }

    /// All cores are for both.
    pub fn share(&self) -> Division {
        Division { server: self.clone(), load: self.clone() }
    }
}

impl Division {
    /// Whether the load and the server use different cores.
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

/// From now on this thread, and the threads and processes that it starts, use these cores.
#[cfg(target_os = "linux")]
pub fn pin(cores: &Cores) {
    let mut set = rustix::thread::CpuSet::new();
    cores.0.iter().for_each(|core| set.set(*core));
    // If pinning is not allowed, the run goes on without it, as on other platforms.
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
