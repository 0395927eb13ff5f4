//! Opening the browser of the user.

use super::urls::Urls;
use crate::cli::Cli;
use onepoll::log::Log;
use onepoll::os;
use std::env;

/// What opens the browser that the user has chosen for the desktop, the first that is there. `wslview` is there where Windows
/// is around this Linux.
#[cfg(not(target_os = "macos"))]
const OPENERS: &[&str] = &["wslview", "xdg-open", "x-www-browser"];
#[cfg(target_os = "macos")]
const OPENERS: &[&str] = &["open"];

/// Variables of which one is set where there is a screen to open a browser on.
const SCREENS: &[&str] = &["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"];

/// Opens the browser at the first link, where that is asked for. Where there is none, that is said, and the server serves.
pub fn open(cli: &Cli, urls: &Urls, log: &Log) {
    let Some(path) = cli.opening() else { return };
    let url = urls.at(urls.here, path);
    if os::is_root() {
        log.warn("--open starts the browser as root");
    }
    if let Err(why) = open_at(&url) {
        log.say(&format!("no browser was opened, as {why}: {url}"));
    }
}

/// Opens a browser at `url`, in a session of its own and without our standard streams, so that neither ends the other.
/// Waits for nothing but the start of a program. The error says why there is none.
fn open_at(url: &str) -> Result<(), &'static str> {
    let chosen = env::var("BROWSER").unwrap_or_default();
    let chosen = chosen.split(':').map(|command| command.trim_end_matches("%s").trim());
    // A command of several words is for xdg-open, which knows how to read it.
    let (commands, programs): (Vec<_>, Vec<_>) =
        chosen.filter(|command| !command.is_empty()).partition(|command| command.contains([' ', '%']));
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_screen = cfg!(target_os = "macos") || SCREENS.iter().any(is_set);
    let openers = if has_screen || !commands.is_empty() { OPENERS } else { &[] };
    // What is started like this is no child of this process, which so need not wait for its end (see wait(2) on zombies).
    match programs.iter().chain(openers).any(|program| open::with_detached(url, *program).is_ok()) {
        true => Ok(()),
        false if programs.is_empty() && openers.is_empty() => Err("there is no screen"),
        false => Err("none was found"),
    }
}
