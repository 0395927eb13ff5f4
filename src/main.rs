//! Flags in, exit codes out; everything between is in the library.

mod cli;
mod start;

use cli::Cli;
use cli::refusal::shown;
use cli::served::Served;
use log::{debug, info};
use onepoll::inspect;
use onepoll::log::Log;
use onepoll::os;
use onepoll::os::containment::{self, Containment, around, around_file, contain};
use onepoll::os::files::Links;
use onepoll::reactor::Reactor;
use onepoll::reactor::epoll::Epoll;
use onepoll::reactor::kernel::Kernel;
use onepoll::service::Service;
use onepoll::service::reload::Reload;
use onepoll::site::{Site, Watcher};
use start::announce::announcement;
use start::listen::listen;
use start::urls::Urls;
use start::{browser, qr, say};
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::read();
    let log = onepoll::log::start(cli.log(), cli.loudness());
    match serve(&cli, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            say(&sentence);
            ExitCode::FAILURE
        }
    }
}

/// Serves until asked to stop. The error is one line that names the thing and the way out.
fn serve(cli: &Cli, log: &Log) -> Result<(), String> {
    let served = cli.served()?;
    let site = Site::open(&served.root, served.by(cli.policy()));
    let site = site.map_err(|error| served.refusal(&cli.origin("dir"), &error))?;
    let listening = listen(cli, log)?;
    let urls = Urls::to(&listening, cli).ok_or("there is no address to listen on")?;
    let announcement = announcement(cli, &served, &listening, &urls) + &qr::for_others(cli, &urls, log)?;
    let broken = |error: io::Error| format!("the event loop failed: {error}");
    let (listeners, doors): (Vec<_>, Vec<_>) =
        listening.into_iter().map(|it| (it.listener.into(), it.door)).unzip();
    let mut epoll = Epoll::on(listeners).map_err(broken)?;
    epoll.handle_signals().map_err(broken)?;
    if let Some(descriptor) = site.watcher().and_then(Watcher::descriptor) {
        epoll.handle_changes(descriptor).map_err(broken)?;
    }
    let links = cli.policy().links;
    if links == Links::Anywhere {
        warn_of_links(&served, log);
    }
    browser::open(cli, &urls, log);
    // Not before: the browser would inherit it, and programs that close all descriptors at their start would take long.
    let limits = cli.limits(os::raise_descriptor_limit());
    give_up(&served, links);
    let is_watched = site.watcher().is_some();
    let service =
        Service::new(site).doors(doors).limits(limits).fields(cli.fields()).access(log.form.clone());
    let service = cli.prefix().cloned().into_iter().fold(service, Service::below);
    let service = if is_watched { service.mount(Reload::default()) } else { service };
    // Two programs in one: without an inspector, the loop has no code for it.
    match cli.inspect {
        true => run(inspect::reactor(epoll, service), &announcement),
        false => run(Reactor::new(epoll, service), &announcement),
    }
    .map_err(broken)
}

/// Says that the program serves when nothing but the loop is left to be begun: a script that waits for the first line may
/// rely on all that comes before, on what is given up, too.
fn run<K: Kernel>(mut reactor: Reactor<K>, announcement: &str) -> io::Result<()> {
    // A user who closed stdout does not want to know.
    let mut out = io::stdout().lock();
    let _ = out.write_all(announcement.as_bytes()).and_then(|()| out.flush());
    drop(out);
    reactor.run()
}

/// Everything is open that serving needs but the files below the root, so the rest is given up. Where that cannot be, the
/// promises about the root are kept by what resolves names below it, as before.
fn give_up(served: &Served, links: Links) {
    let folders = match (links, &served.file) {
        (Links::Anywhere, _) => Ok(vec!["/".into()]),
        (_, Some(_)) => around_file(&served.named),
        (_, None) => around(&served.root, containment::start().as_deref()),
    };
    match folders.and_then(|folders| Ok((contain(&folders)?, folders))) {
        Ok((Containment::Contained, folders)) => {
            debug!("contained: from now on this process reads below {folders:?} only")
        }
        Ok((Containment::Missing, _)) => info!("not contained: this kernel has no Landlock"),
        Err(error) => info!("not contained: {error}"),
    }
}

fn warn_of_links(served: &Served, log: &Log) {
    let named = shown(&served.named);
    log.warn(&match served.file {
        None => format!("--follow-links serves files outside of {named} where links lead to them"),
        Some(_) => {
            format!(
                "--follow-links serves whatever {named} leads to, also when it becomes a link to another folder"
            )
        }
    });
}
