//! A variant in a process of its own: it says where it serves on stdout, and answers every line on stdin with what it
//! has used so far. It ends with its stdin.

use crate::cores::{self, Cores};
use crate::meters;
use crate::models::{Model, Setting};
use onepoll::os;
use onepoll::service::limits::Limits;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Serves `root` by `model`. The thread that tells is not one that serves: it keeps to the load's cores, where it is
/// heard even while those of the server have no time for it.
pub fn run(model: Model, root: PathBuf, load: &Cores) -> io::Result<()> {
    let limits = Limits {
        connections_max: Limits::connections_for(os::raise_descriptor_limit()),
        ..Limits::default()
    };
    let setting = Setting { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), root, limits };
    let address = model.start(&setting)?;
    cores::pin(load);
    say(&address.to_string())?;
    for line in io::stdin().lines() {
        line?;
        say(&serde_json::to_string(&meters::own())?)?;
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
