//! A link as a QR code for the camera of a phone, drawn on a terminal with two modules a character.

use super::urls::{Doors, Urls};
use crate::cli::Cli;
use onepoll::log::Log;
use onepoll::os::stderr::columns_of;
use qrcode::{Color, EcLevel, QrCode};
use std::env;
use std::io::{self, IsTerminal};

/// The quiet zone around a code, in modules (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

/// Black on white, whatever the colours of the terminal are: cameras look for dark modules on a light ground.
const BLACK_ON_WHITE: &str = "\x1b[30;47m";

const AS_BEFORE: &str = "\x1b[0m";

/// The widest code that is drawn, in characters: what a terminal has that no user made wider or narrower.
const WIDTH_MAX: usize = 80;

/// The code for other machines, where it is asked for and can be drawn; else the reason is said. The error is a sentence.
pub fn for_others(cli: &Cli, urls: &Urls, log: &Log) -> Result<String, String> {
    if !cli.qr {
        return Ok(String::new());
    }
    let Some(address) = urls.for_others() else {
        return match urls.doors == Doors::Loopback {
            true => Err(cli.no_machine_for_qr()),
            false => {
                log.say("no QR code, as no other machine can reach this one: it has no network");
                Ok(String::new())
            }
        };
    };
    let url = urls.at(address, cli.opening().unwrap_or_default());
    let why = match code_of(&url) {
        None => "the link is too long",
        Some(_) if !can_be_drawn() => "stdout is no terminal with UTF-8",
        // Lines that wrap are no code. Too few rows are no hindrance, since lines scroll.
        Some(code) if columns_of(io::stdout()).is_some_and(|columns| columns < side(&code)) => {
            "the terminal is too narrow"
        }
        Some(code) => return Ok(drawn(&code)),
    };
    log.say(&format!("no QR code, as {why}: {url}"));
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

/// The code of `url`; `None` where it is too wide.
fn code_of(url: &str) -> Option<QrCode> {
    // A screen is clean, so the least of redundancy will do, and makes the smallest code.
    let code = QrCode::with_error_correction_level(url, EcLevel::L).ok()?;
    (side(&code) <= WIDTH_MAX).then_some(code)
}

/// How wide `code` is with its quiet zone, in modules, which are as many characters.
fn side(code: &QrCode) -> usize {
    code.width() + 2 * QUIET
}

/// `code` as lines of characters.
fn drawn(code: &QrCode) -> String {
    let width = code.width();
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < width);
        inside(x).zip(inside(y)).is_some_and(|at| code[at] == Color::Dark)
    };
    let side = side(code);
    let line = |y: usize| {
        let half = |x| match (is_dark(x, y), is_dark(x, y + 1)) {
            (true, true) => '\u{2588}',
            (true, false) => '\u{2580}',
            (false, true) => '\u{2584}',
            (false, false) => ' ',
        };
        format!("{BLACK_ON_WHITE}{}{AS_BEFORE}\n", (0..side).map(half).collect::<String>())
    };
    (0..side).step_by(2).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rqrr::PreparedImage;

    /// What a camera reads in `code`, which shows one module in so many pixels.
    fn read(code: &str) -> String {
        const PIXELS: usize = 3;
        let lines = code.lines().map(|line| line.strip_prefix(BLACK_ON_WHITE)?.strip_suffix(AS_BEFORE));
        let lines: Vec<Vec<char>> = lines.map(|line| line.expect(code).chars().collect()).collect();
        let is_dark = |x: usize, y: usize| match lines[y / 2][x] {
            '\u{2588}' => true,
            '\u{2580}' => y.is_multiple_of(2),
            '\u{2584}' => !y.is_multiple_of(2),
            _ => false,
        };
        let (width, height) = (lines[0].len(), 2 * lines.len());
        let mut image = PreparedImage::prepare_from_greyscale(width * PIXELS, height * PIXELS, |x, y| {
            if is_dark(x / PIXELS, y / PIXELS) { 0 } else { 255 }
        });
        image.detect_grids()[0].decode().expect(code).1
    }

    #[test]
    fn a_code_is_read_back_and_fits_a_terminal() {
        for (url, height) in [
            ("http://10.0.0.1:8080", 17),
            ("http://192.168.100.200:8080", 17),
            ("http://192.168.100.200:8080/repo/docs/a%20b.html?q=1#top", 21),
            ("http://[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535/repo/", 21),
        ] {
            let code = drawn(&code_of(url).unwrap());
            assert_eq!(read(&code), url);
            assert_eq!(code.lines().count(), height, "{url}");
            assert!(code.lines().all(|line| line.chars().count() <= 80), "{code}");
        }
        let long = |length| format!("http://a/{}", "x".repeat(length));
        let widest = drawn(&code_of(&long(400)).unwrap());
        let width =
            widest.lines().next().unwrap().chars().filter(|char| !char.is_ascii() || *char == ' ').count();
        assert!((70..=WIDTH_MAX).contains(&width), "{width}");
        assert_eq!(read(&widest), long(400));
        assert!(code_of(&long(500)).is_none(), "it would not fit");
        assert!(code_of(&long(5000)).is_none(), "there is none");
    }
}
