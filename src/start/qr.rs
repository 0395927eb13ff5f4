//! A link as a QR code for the camera of a phone, drawn on a terminal with two modules a character.

use super::say;
use super::urls::{Doors, Urls};
use crate::cli::Cli;
use qrcode::{Color, EcLevel, QrCode};
use std::env;
use std::io::{self, IsTerminal};

/// The quiet zone around a code, in modules (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

/// Black on white, whatever the colours of the terminal are: cameras look for dark modules on a light ground.
const BLACK_ON_WHITE: &str = "\x1b[30;47m";

const AS_BEFORE: &str = "\x1b[0m";

/// The widest code that is drawn, in characters: what a terminal has that nobody made wider.
const WIDTH_MAX: usize = 80;

/// The code for other machines, where it is asked for and can be drawn; else the reason is said. The error is a sentence.
pub fn for_others(cli: &Cli, urls: &Urls) -> Result<String, String> {
    if !cli.qr {
        return Ok(String::new());
    }
    let Some(address) = urls.for_others() else {
        return match urls.doors == Doors::Loopback {
            true => {
                Err("--qr is for other machines, and only this one can reach the server; add --bind 0.0.0.0"
                    .into())
            }
            false => {
                say("no QR code is drawn, as no other machine can reach this one: it has no network");
                Ok(String::new())
            }
        };
    };
    let url = urls.at(address, cli.opening().unwrap_or_default());
    let why = match drawn(&url) {
        Some(code) if can_be_drawn() => return Ok(code),
        Some(_) => "stdout is no terminal with UTF-8",
        None => "the link is too long",
    };
    say(&format!("no QR code is drawn, as {why}: {url}"));
    Ok(String::new())
}

/// Whether stdout is a terminal that shows half blocks, and colours.
fn can_be_drawn() -> bool {
    let is_dumb = env::var_os("TERM").is_some_and(|name| name == "dumb");
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(env::var_os);
    let locale = locale.into_iter().flatten().find(|value| !value.is_empty());
    // Without a locale nothing is known, and nearly every terminal takes UTF-8.
    let is_utf8 = locale.is_none_or(|locale| {
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    io::stdout().is_terminal() && !is_dumb && is_utf8
}

/// The code of `url` in lines; `None` where that makes it too wide.
fn drawn(url: &str) -> Option<String> {
    // A screen is clean, so the least of redundancy will do, and makes the smallest code.
    let code = QrCode::with_error_correction_level(url, EcLevel::L).ok()?;
    let width = code.width();
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < width);
        inside(x).zip(inside(y)).is_some_and(|at| code[at] == Color::Dark)
    };
    let side = width + 2 * QUIET;
    if side > WIDTH_MAX {
        return None;
    }
    let line = |y: usize| {
        let half = |x| match (is_dark(x, y), is_dark(x, y + 1)) {
            (true, true) => '\u{2588}',
            (true, false) => '\u{2580}',
            (false, true) => '\u{2584}',
            (false, false) => ' ',
        };
        format!("{BLACK_ON_WHITE}{}{AS_BEFORE}\n", (0..side).map(half).collect::<String>())
    };
    Some((0..side).step_by(2).map(line).collect())
}
