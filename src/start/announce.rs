//! What the program says on stdout when it serves.

use super::listen::Listening;
use super::urls::{Doors, Urls, is_loopback};
use crate::cli::Cli;
use crate::cli::refusal::shown;
use crate::cli::served::Served;
use onepoll::inspect::PREFIX;
use onepoll::service::cors::{Cors, Credentials};
use onepoll::service::door::Folders;
use onepoll::site::Watching;
use std::net::SocketAddr;

/// What is said on stdout. The first line is made for scripts: they wait for it and find the real port in it. Links for
/// other machines come last, where a user finds them.
pub fn announcement(cli: &Cli, served: &Served, listening: &[Listening], urls: &Urls) -> String {
    let root = shown(&served.named.canonicalize().unwrap_or(served.named.clone()));
    let here = urls.here;
    let below = match cli.prefix() {
        Some(_) => format!(" at {}", urls.at(here, "")),
        None => String::new(),
    };
    let reach = match urls.doors {
        Doors::Loopback => "to this machine only",
        Doors::Open => "to everyone who can reach this machine",
    };
    let mut text =
        format!("Server is running on http://{here}\nServing {root}{below} {reach}; Ctrl-C stops it\n");
    text += &missing_index(cli, served, listening, urls);
    let in_vain = cli.given_for_folders();
    if served.file.is_some() && !in_vain.is_empty() {
        text += &format!("One file is served, so this changes nothing: {}\n", in_vain.join(" "));
    }
    text += &readers(&cli.cors);
    if cli.policy().watching == Watching::On {
        text += "Pages reload when what they use changes\n";
    }
    if cli.is_kept_in_vain() {
        text += "With --watch clients ask for every file again, whatever --cache and --header say\n";
    }
    if cli.inspect {
        text += &match is_loopback(&here) {
            true => format!("Watch the loop at http://{here}{PREFIX}\n"),
            false => "The loop is shown at loopback addresses alone: add --bind 127.0.0.1\n".to_owned(),
        };
    }
    text += &list("On this machine also at:", &urls.also_here, urls);
    let heading = if is_loopback(&here) { "From other machines:" } else { "Also at:" };
    text + &list(heading, &urls.others, urls)
}

/// That `/` is not found, for whom it is not.
fn missing_index(cli: &Cli, served: &Served, listening: &[Listening], urls: &Urls) -> String {
    let unlisted = listening.iter().filter(|it| it.door.folders == Folders::Offered).count();
    let has_index = cli.index().iter().any(|index| served.root.join(index).is_file());
    if unlisted == 0 || has_index || served.file.is_some() {
        return String::new();
    }
    let names: Vec<_> = cli.index().iter().map(|index| shown(index.as_ref())).collect();
    let whom = if unlisted == listening.len() { "" } else { " to others" };
    format!(
        "The folder has no {}, so {} is 404{whom}; --listing on lists folders\n",
        names.join(" or "),
        urls.start
    )
}

/// A heading and its links, one a line.
fn list(heading: &str, addresses: &[SocketAddr], urls: &Urls) -> String {
    if addresses.is_empty() {
        return String::new();
    }
    let lines = addresses.iter().map(|address| format!("  {}\n", urls.at(*address, "")));
    format!("{heading}\n{}", lines.collect::<String>())
}

/// Whose pages may read what is served, where there are other pages that may.
fn readers(cors: &Cors) -> String {
    let (whose, credentials) = match cors {
        Cors::Off => return String::new(),
        Cors::Any => ("any site".to_owned(), Credentials::NotAllowed),
        Cors::Named(origins, credentials) => {
            (origins.iter().map(|origin| origin.text()).collect::<Vec<_>>().join(", "), *credentials)
        }
    };
    let also = if credentials == Credentials::Allowed { ", with credentials too" } else { "" };
    format!("Pages of {whose} may read what is served{also} (--cors)\n")
}
