//! What a server uses of the machine: by getrusage(2) if the server reports it, or else by proc(5). This is the only
//! file that names nix.

use crate::counted;
use nix::sys::resource::{UsageWho, getrusage};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::ops::Sub;
use std::path::Path;
use std::time::Duration;

/// Totals that grow while a process runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Used {
    /// Microseconds of processor time in its own code, and in the kernel.
    pub user_us: f64,
    pub system_us: f64,
    /// How often a thread gave up its core, and how often its core was taken away.
    pub voluntary_switches: u64,
    pub involuntary_switches: u64,
    /// System calls on sockets. tokio and foreign servers do not count them.
    pub calls: Option<BTreeMap<String, u64>>,
}

/// What a process holds at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Memory in KiB: now, and at most so far. Memory of the kernel, for stacks and sockets, is not included.
    pub resident_kib: u64,
    pub peak_kib: u64,
    pub threads: u64,
}

/// What this process has used: all of its threads together, with threads that have ended.
pub fn own() -> Used {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("a process may ask about itself");
    let microseconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e6 + time.tv_usec() as f64;
    let calls = counted::calls().map(|(name, count)| (name.to_owned(), count));
    Used {
        user_us: microseconds(usage.user_time()),
        system_us: microseconds(usage.system_time()),
        voluntary_switches: usage.voluntary_context_switches() as u64,
        involuntary_switches: usage.involuntary_context_switches() as u64,
        calls: Some(calls.collect()),
    }
}

/// What a foreign server and its descendants have used. Times are in steps of ten milliseconds. Switches are only
/// those of threads that still run.
pub fn used(server: u32) -> Used {
    let mut used = Used::default();
    for process in family(server) {
        let path = Path::new("/proc").join(process.to_string());
        let [user, system, ..] = ticks(&path).unwrap_or_default();
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

/// Seconds of processor time of a process and its descendants, with threads and children that have ended.
pub fn processor_seconds(process: u32) -> f64 {
    let clock = |process: u32| clock_getcpuclockid(Pid::from_raw(process as i32))?.now();
    let seconds = |process: u32| clock(process).map_or(0.0, |time| Duration::from(time).as_secs_f64());
    family(process).into_iter().map(|process| seconds(process) + ended_seconds(process)).sum()
}

/// Fields 16 and 17 of proc_pid_stat(5), in steps of ten milliseconds: the times of children that have ended.
fn ended_seconds(process: u32) -> f64 {
    let [_, _, user, system] = ticks(&Path::new("/proc").join(process.to_string())).unwrap_or_default();
    (user + system) / 100.0
}

/// Seconds of processor time of this process, and of its children that have ended.
pub fn own_and_ended() -> f64 {
    let of = |which| {
        getrusage(which).map_or(0.0, |usage| {
            let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
            seconds(usage.user_time()) + seconds(usage.system_time())
        })
    };
    of(UsageWho::RUSAGE_SELF) + of(UsageWho::RUSAGE_CHILDREN)
}

/// Seconds for which the threads of a process ran. Zero where the kernel does not count them.
pub fn ran_seconds(process: u32) -> f64 {
    scheduled(process, 0)
}

/// Seconds for which the threads of a process were ready to run and waited for a core.
pub fn waited_seconds(process: u32) -> f64 {
    scheduled(process, 1)
}

/// The sum of a field of `/proc/PID/task/TID/schedstat`, in seconds.
fn scheduled(process: u32, field: usize) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let seconds = tasks.filter_map(|task| {
        let counts = fs::read_to_string(task.path().join("schedstat")).ok()?;
        counts.split_whitespace().nth(field)?.parse::<f64>().ok()
    });
    seconds.sum::<f64>() / 1e9
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

/// A process and its descendants.
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

/// Fields 14 to 17 of proc_pid_stat(5): the times in user mode and in kernel mode, of the process and of its children
/// that have ended.
fn ticks(process: &Path) -> Option<[f64; 4]> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let fields = stat.rsplit_once(") ")?.1.split(' ').skip(11).map_while(|field| field.parse().ok());
    fields.take(4).collect::<Vec<_>>().try_into().ok()
}

fn number(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The difference between two readings.
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
            // The switches of threads of a foreign server that have ended are lost.
            voluntary_switches: self.voluntary_switches.saturating_sub(then.voluntary_switches),
            involuntary_switches: self.involuntary_switches.saturating_sub(then.involuntary_switches),
            calls,
        }
    }
}
