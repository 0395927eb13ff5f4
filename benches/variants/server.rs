//! A variant as a process of its own. It prints its address on stdout, and answers each line on stdin with what it
//! has used so far. It ends when its stdin ends.

use crate::cores::{self, Cores};
use crate::meters;
use crate::models::{Model, Setting};
use onepoll::os;
use onepoll::service::limits::Limits;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Serves `root` by `model`. The thread that reports does not serve: it runs on the core of the load, so that it
/// answers even while the cores of the server are busy.
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
        let mut used = meters::own();
        // Most of the calls are made by tokio itself, where nothing here counts them.
        if model == Model::Tokio {
            used.calls = None;
        }
        say(&serde_json::to_string(&used)?)?;
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
