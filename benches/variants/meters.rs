//! What a server has used of the machine: by getrusage(2) where it tells of itself, else by proc(5). The only room that
//! names nix.

use crate::counted;
use nix::sys::resource::{UsageWho, getrusage};
use onepoll::inspect::Call;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::ops::Sub;
use std::path::Path;

/// What adds up while a process runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Used {
    /// Microseconds in its own code, and in the kernel's.
    pub user_us: f64,
    pub system_us: f64,
    /// Times that a thread gave up its core, and times that it was taken away.
    pub voluntary_switches: u64,
    pub involuntary_switches: u64,
    /// System calls on sockets; foreign servers do not count them.
    pub calls: Option<BTreeMap<String, u64>>,
}

/// What a process holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// In KiB: now, and the most it ever was. The kernel's own, for stacks and sockets, is not in it.
    pub resident_kib: u64,
    pub peak_kib: u64,
    pub threads: u64,
}

/// What this process has used, all of its threads together, also those that are over.
pub fn own() -> Used {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("a process may ask about itself");
    let microseconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e6 + time.tv_usec() as f64;
    let calls = Call::NAMES.iter().map(|name| (*name).to_owned()).zip(counted::calls());
    Used {
        user_us: microseconds(usage.user_time()),
        system_us: microseconds(usage.system_time()),
        voluntary_switches: usage.voluntary_context_switches() as u64,
        involuntary_switches: usage.involuntary_context_switches() as u64,
        calls: Some(calls.collect()),
    }
}

/// What a foreign server and its descendants have used. Times are in ticks of ten milliseconds, switches those of
/// threads that are still there.
pub fn used(server: u32) -> Used {
    let mut used = Used::default();
    for process in family(server) {
        let path = Path::new("/proc").join(process.to_string());
        let [user, system] = ticks(&path).unwrap_or_default();
        used.user_us += user * 1e4;
        used.system_us += system * 1e4;
        for task in fs::read_dir(path.join("task")).into_iter().flatten().flatten() {
            let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
            used.voluntary_switches += number(&status, "voluntary_ctxt_switches:");
            used.involuntary_switches += number(&status, "nonvoluntary_ctxt_switches:");
        }
    }
    used
}

/// What a server and its descendants hold.
pub fn held(server: u32) -> Held {
    let status = |process: &u32| fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    family(server).iter().map(status).fold(Held::default(), |sum, status| Held {
        resident_kib: sum.resident_kib + number(&status, "VmRSS:"),
        peak_kib: sum.peak_kib + number(&status, "VmHWM:"),
        threads: sum.threads + number(&status, "Threads:"),
    })
}

/// A process and those that descend from it.
pub fn family(process: u32) -> Vec<u32> {
    let mut family = vec![process];
    let mut at = 0;
    while let Some(parent) = family.get(at) {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        family.extend(
            children.unwrap_or_default().split_whitespace().filter_map(|child| child.parse::<u32>().ok()),
        );
        at += 1;
    }
    family
}

/// Fields 14 and 15 of proc_pid_stat(5).
fn ticks(process: &Path) -> Option<[f64; 2]> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    Some([fields.next()?.parse().ok()?, fields.next()?.parse().ok()?])
}

fn number(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// From then to now.
impl Sub for &Used {
    type Output = Used;

    fn sub(self, then: &Used) -> Used {
        let calls = self.calls.as_ref().zip(then.calls.as_ref()).map(|(now, then)| {
            let count = |(name, count): (&String, &u64)| (name.clone(), count - then.get(name).unwrap_or(&0));
            now.iter().map(count).collect()
        });
        Used {
            user_us: self.user_us - then.user_us,
            system_us: self.system_us - then.system_us,
            // Those of a foreign server's threads that ended are lost.
            voluntary_switches: self.voluntary_switches.saturating_sub(then.voluntary_switches),
            involuntary_switches: self.involuntary_switches.saturating_sub(then.involuntary_switches),
            calls,
        }
    }
}
