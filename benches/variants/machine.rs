//! The machine on which the lab runs.

use crate::results::Machine;
use std::fs;

/// What this machine says of itself.
pub fn this(cores: usize) -> Machine {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
    };
    let uname = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    let memory =
        field("/proc/meminfo", "MemTotal").and_then(|kib| kib.split(' ').next()?.parse::<f64>().ok());
    Machine {
        processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| text(uname.machine())),
        cores,
        memory_gib: memory.unwrap_or(0.0) / f64::from(1 << 20),
        kernel: format!("{} {}", text(uname.sysname()), text(uname.release())),
    }
}
