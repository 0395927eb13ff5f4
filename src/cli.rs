//! The command line and the environment, and what they mean.

pub mod place;
pub mod refusal;
pub mod served;
mod flags;
mod help;
mod header;
mod printed;
mod values;
mod words;

use clap::builder::BoolishValueParser;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser};
use flags::{Answers, Files, Help, Log, Sizes, Times};
use header::CREDENTIALS;
use onepoll::http::HeadLimits;
use onepoll::log::{Loudness, Wanted};
use onepoll::os::files::Links;
use onepoll::reactor::listener::Sharing;
use onepoll::service::cors::{Cors, Credentials};
use onepoll::service::door::{Door, Folders, Inspector};
use onepoll::service::fields::CommonFields;
use onepoll::service::hosts::Hosts;
use onepoll::service::limits::Limits;
use onepoll::service::prefix::Prefix;
use onepoll::site::{CleanUrls, Compression, Hidden, Policy, Spa, Types, Watching};
use served::Served;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use values::{Opening, Reader};

/// The field by which `--header` may say the same as `--cache`.
const CACHE_CONTROL: &str = "Cache-Control";

/// Serves the files of a folder over HTTP/1.1, or one file
///
/// Without flags this machine alone can reach it, at the address in the first line that it prints. An edit of a file shows
/// at the next load. Ctrl-C ends it.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 80, hide_possible_values = true, next_help_heading = "Where")]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub struct Cli {
    /// Folder or file to serve [default: www if it is here, else .]
    ///
    /// A file is served at / and at its name, with nothing beside it.
    #[arg(value_name = "DIR|FILE", help_heading = None, env = "ONEPOLL_DIR")]
    dir: Option<PathBuf>,
    /// Listen on this port; 0 picks a free one [default: 8080, or the next free one]
    ///
    /// The first line on stdout says which. A port that is given and in use by another program is an error.
    #[arg(short, long, value_name = "PORT", env = "ONEPOLL_PORT", value_parser = place::port)]
    pub port: Option<u16>,
    /// Listen on this address; 0.0.0.0 is the whole network [default: 127.0.0.1 and ::1]
    ///
    /// Every machine that can reach the address can read what is served. Folders are listed to other machines with
    /// --listing on only. A name is all its addresses. Give the flag again for more addresses.
    #[arg(short, long, value_name = "ADDRESS", env = "ONEPOLL_BIND", value_delimiter = ',', value_parser = place::bind)]
    pub bind: Vec<String>,
    /// Open the browser, at PATH of the site if it is given
    ///
    /// PATH stands behind a =, as in --open=docs/.
    #[arg(short, long, value_name = "PATH", env = "ONEPOLL_OPEN", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = values::opening)]
    open: Option<Opening>,
    /// Draw a QR code of the link, for phones
    ///
    /// It is the first link by which other machines reach the server, so --bind must let them.
    #[arg(long, env = "ONEPOLL_QR", value_parser = BoolishValueParser::new())]
    pub qr: bool,
    /// Answer to this name beside localhost, such as dev.example
    ///
    /// Requests for other names are refused on a loopback address, so that no page of another site reads your files through
    /// your browser. Give the flag again for more names; '*' is any name.
    #[arg(long, value_name = "NAME", env = "ONEPOLL_ALLOW_HOST", value_delimiter = ',', value_parser = values::host)]
    allow_host: Vec<String>,
    /// Share the port with other processes that have this flag
    ///
    /// The kernel deals new connections out among them, so that each core can have a process.
    #[arg(long, env = "ONEPOLL_REUSE_PORT", value_parser = BoolishValueParser::new())]
    reuse_port: bool,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    answers: Answers,
    /// Show the loop at work under /.onepoll/
    ///
    /// Every square there is a place for a connection, and every bar a turn of the loop. It is shown to this machine only.
    #[arg(long, help_heading = "Log", env = "ONEPOLL_INSPECT", value_parser = BoolishValueParser::new())]
    pub inspect: bool,
    #[command(flatten)]
    log: Log,
    #[command(flatten)]
    sizes: Sizes,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    help: Help,
    /// The names of the fields that the environment has set.
    #[arg(skip)]
    from_environment: Vec<String>,
    /// What `--cors` and `--header` mean together.
    #[arg(skip)]
    pub cors: Cors,
}

impl Cli {
    /// Reads the command line and the environment; where they make no sense, that is said and the process ends.
    pub fn read() -> Cli {
        // -1 is a value that is refused, and no flag.
        let command = Cli::command().mut_args(|arg| {
            let has_value = arg.get_action().takes_values();
            arg.allow_negative_numbers(has_value)
        });
        refusal::end_where_a_dash_is_missing(&command);
        let matches = command.clone().try_get_matches_from(words::words());
        let read = matches.and_then(|matches| {
            let is_from_there =
                |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::EnvVariable);
            let from_environment = matches.ids().filter(is_from_there).map(|id| id.to_string()).collect();
            Ok(Cli { from_environment, ..Cli::from_arg_matches(&matches)? })
        });
        let cli = read.unwrap_or_else(|error| refusal::end(&error, &command));
        cli.print_what_is_asked_for();
        if let Some(sentence) = cli.contradiction() {
            refusal::end_saying(&sentence);
        }
        match cli.meant_by_cors() {
            Ok(cors) => Cli { cors, ..cli },
            Err(sentence) => refusal::end_saying(&sentence),
        }
    }

    /// Prints what is asked for instead of serving, and ends the process; or else does nothing.
    fn print_what_is_asked_for(&self) {
        if let Some(shell) = self.help.completions {
            printed::end("the script", Ok(printed::completions(shell, Cli::command())));
        }
        if self.help.man {
            printed::end("the manual page", printed::manual(Cli::command()));
        }
    }

    /// Which flags make no sense together, in a sentence, if any do.
    fn contradiction(&self) -> Option<String> {
        let index = &self.files.index;
        // A hidden name may stand for its folder if it is the only one. Several names are looked up like any other.
        let hidden = index.iter().find(|name| name.starts_with('.') && index.len() > 1 && !self.files.hidden);
        if let Some(name) = hidden {
            let origin = self.origin("index");
            return Some(format!(
                "{name:?} is a hidden name, and cannot be one of several for --index{origin}, unless --hidden serves it"
            ));
        }
        // Of a name, where it leads is known when it is tried.
        if self.qr && self.bind.iter().all(|host| place::is_of_this_machine_only(host)) {
            return Some(self.no_machine_for_qr());
        }
        if self.log.quiet && self.log.verbose > 0 {
            let [quiet, verbose] = ["quiet", "verbose"].map(|name| self.origin(name));
            return Some(format!(
                "--quiet{quiet} and --verbose{verbose} do not go together: one asks for less of the log, one for more"
            ));
        }
        let [watch, reuse_port] = ["watch", "reuse_port"].map(|name| self.origin(name));
        (self.reuse_port && self.files.watch).then(|| {
            format!(
                "--watch{watch} and --reuse-port{reuse_port} do not go together: pages would tell one process what \
                 they use, and hear of changes from another"
            )
        })
    }

    /// Why there is no QR code where only this machine can reach the server, in a sentence.
    pub fn no_machine_for_qr(&self) -> String {
        let origin = self.origin("qr");
        format!(
            "--qr{origin} is for other machines, and only this one can reach the server; add --bind 0.0.0.0"
        )
    }

    /// What the values of `--cors` and `--header` mean together; the error is a sentence. A line feed separates fields in the
    /// environment alone: on the command line it may have slipped into a value, and would make a field that is not seen there.
    fn meant_by_cors(&self) -> Result<Cors, String> {
        let Answers { header, cors, .. } = &self.answers;
        let of_header = |text: &str, why: &str| {
            let value = refusal::in_one_line(text);
            format!("invalid value '{value}' for --header{}: {why}", self.origin("header"))
        };
        let is_from_there = !self.origin("header").is_empty();
        if let Some(lines) = header.iter().find(|lines| !is_from_there && lines.text.contains('\n')) {
            return Err(of_header(&lines.text, "a line feed ends a field; give --header again for the next"));
        }
        let is_meant = |(name, _): &(String, String)| name.eq_ignore_ascii_case(CREDENTIALS);
        let credentials = header.iter().find(|lines| lines.fields.iter().any(is_meant));
        let origins = cors.iter().filter_map(|reader| match reader {
            Reader::Origin(origin) => Some(origin.clone()),
            Reader::None | Reader::Any => None,
        });
        let origins: Vec<_> = origins.collect();
        let readers = match (cors.as_slice(), origins.as_slice()) {
            (readers, []) if readers.iter().all(|reader| *reader == Reader::None) => Cors::Off,
            (readers, []) if readers.iter().all(|reader| *reader == Reader::Any) => Cors::Any,
            (readers, origins) if readers.len() == origins.len() => {
                let is_meant = credentials.is_some();
                let credentials = if is_meant { Credentials::Allowed } else { Credentials::NotAllowed };
                Cors::Named(origins.to_vec(), credentials)
            }
            _ => {
                let origin = self.origin("cors");
                return Err(format!(
                    "--cors{origin} is for any origin or for those it names, and not for both"
                ));
            }
        };
        match (credentials, &readers) {
            (Some(lines), Cors::Off) => Err(of_header(
                &lines.text,
                "it lets no page read anything; --cors=ORIGIN does, and goes with it",
            )),
            (Some(lines), Cors::Any) => Err(of_header(
                &lines.text,
                "credentials are for origins that are named, as --cors=ORIGIN, and never for any origin",
            )),
            _ => Ok(readers),
        }
    }

    /// The fields that all answers carry.
    pub fn fields(&self) -> CommonFields {
        let fields = CommonFields::default().open_to(self.cors.clone());
        let fields = if self.answers.isolate { fields.isolate() } else { fields };
        let set = self.answers.header.iter().flat_map(|lines| &lines.fields);
        let set = set.filter(|(name, _)| !name.eq_ignore_ascii_case(CREDENTIALS));
        let set = set.filter(|(name, _)| !self.files.watch || !name.eq_ignore_ascii_case(CACHE_CONTROL));
        set.fold(fields, |fields, (name, value)| fields.set(name, value))
    }

    /// Whether a flag says how long clients may keep files, which does not hold while the folder is watched: a page that
    /// reloads must not find old copies.
    pub fn is_kept_in_vain(&self) -> bool {
        let mut set = self.answers.header.iter().flat_map(|lines| &lines.fields);
        let is_set = set.any(|(name, _)| name.eq_ignore_ascii_case(CACHE_CONTROL));
        self.files.watch && (self.answers.cache.is_some() || is_set)
    }

    /// Where the value of the field `name` came from, in brackets, where that was the environment.
    pub fn origin(&self, name: &str) -> String {
        match self.from_environment.iter().any(|field| field == name) {
            true => format!(" (from ONEPOLL_{})", name.to_uppercase()),
            false => String::new(),
        }
    }

    /// What is served. The error is a sentence.
    pub fn served(&self) -> Result<Served, String> {
        Served::at(self.root(), &self.origin("dir"))
    }

    /// The flags that were given, and are about folders and the names in them: where one file is served, they change nothing.
    pub fn given_for_folders(&self) -> Vec<&'static str> {
        let files = &self.files;
        let given = [
            ("--index", files.index != ["index.html"]),
            ("--clean-urls", files.clean_urls),
            ("--spa", files.spa),
            ("--listing", files.listing.is_some()),
            ("--hidden", files.hidden),
        ];
        given.into_iter().filter_map(|(flag, is_given)| is_given.then_some(flag)).collect()
    }

    /// The folder or the file to serve.
    pub fn root(&self) -> &Path {
        match &self.dir {
            Some(dir) => dir,
            None if Path::new("www").is_dir() => Path::new("www"),
            None => Path::new("."),
        }
    }

    /// Whether several processes may listen on the port.
    pub fn sharing(&self) -> Sharing {
        if self.reuse_port { Sharing::Shared } else { Sharing::Alone }
    }

    /// The files that stand for their folder.
    pub fn index(&self) -> &[String] {
        &self.files.index
    }

    /// Which path of the site the browser is to be opened at, percent-encoded and without its first slash; `None` if none.
    pub fn opening(&self) -> Option<&str> {
        match self.open.as_ref()? {
            Opening::No => None,
            Opening::At(path) => Some(path),
        }
    }

    /// The path below which the folder is served; `None` is the root.
    pub fn prefix(&self) -> Option<&Prefix> {
        self.files.prefix.as_ref().filter(|prefix| !prefix.is_root())
    }

    /// How the folder is served.
    pub fn policy(&self) -> Policy {
        Policy {
            only: None,
            index: self.files.index.clone(),
            clean_urls: if self.files.clean_urls { CleanUrls::On } else { CleanUrls::Off },
            spa: if self.files.spa { Spa::On } else { Spa::Off },
            fresh_seconds: self.answers.cache,
            links: if self.files.follow_links { Links::Anywhere } else { Links::Inside },
            hidden: if self.files.hidden { Hidden::Served } else { Hidden::Absent },
            compression: if self.answers.no_compress { Compression::Off } else { Compression::On },
            types: self.answers.mime.iter().cloned().fold(Types::default(), Types::and),
            cache_bytes_max: self.sizes.cache_memory as usize,
            watching: if self.files.watch { Watching::On } else { Watching::Off },
        }
    }

    /// What holds at the door to `address`. At a loopback address clients of this machine see all there is.
    pub fn door(&self, address: IpAddr) -> Door {
        let folders = if place::is_loopback(address) { Folders::Listed } else { Folders::Offered };
        let folders = self.files.listing.unwrap_or(folders);
        Door { hosts: self.hosts(address), folders, inspector: Inspector::Shown }
    }

    /// The hosts that are answered to on `address`: on a loopback one those that mean this machine, elsewhere
    /// any, unless some are named.
    fn hosts(&self, address: IpAddr) -> Hosts {
        let names = &self.allow_host;
        let is_any =
            names.iter().any(|name| name == "*") || (names.is_empty() && !place::is_loopback(address));
        if is_any { Hosts::Any } else { Hosts::Named(names.clone()) }
    }

    /// The form of the lines about requests; `None` is the usual one of the place where they go.
    pub fn log(&self) -> Option<Wanted> {
        self.log.log
    }

    /// How much is logged.
    pub fn loudness(&self) -> Loudness {
        match (self.log.quiet, self.log.verbose) {
            (true, _) => Loudness::Quiet,
            (false, 0) => Loudness::Usual,
            (false, 1) => Loudness::Debug,
            (false, _) => Loudness::Trace,
        }
    }

    /// The limits, for a process that may open so many descriptors.
    pub fn limits(&self, descriptors: usize) -> Limits {
        let allowed = Limits::connections_for(descriptors);
        Limits {
            head: HeadLimits {
                request_line_bytes_max: self.sizes.max_request_line as usize,
                head_bytes_max: self.sizes.max_head as usize,
                fields_max: self.sizes.max_fields,
            },
            content_bytes_max: self.sizes.max_body,
            connections_max: self.sizes.max_connections.map_or(allowed, |wanted| wanted.min(allowed)),
            head_timeout: self.times.head_timeout,
            body_timeout: self.times.body_timeout,
            write_timeout: self.times.write_timeout,
            idle_timeout: self.times.idle_timeout,
            grace: self.times.grace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn flags_mean_what_they_say() {
        let cli = Cli::parse_from([
            "onepoll",
            "--max-body",
            "64KiB",
            "--idle-timeout",
            "0.5",
            "--max-connections",
            "7",
        ]);
        let limits = cli.limits(1000);
        assert_eq!((limits.content_bytes_max, limits.connections_max), (65_536, 7));
        assert_eq!(limits.idle_timeout, Duration::from_millis(500));
        assert_eq!(
            cli.limits(20).connections_max,
            Limits::connections_for(20),
            "no more than descriptors allow"
        );
    }

    #[test]
    fn without_flags_the_limits_are_the_defaults() {
        let limits = Cli::parse_from(["onepoll"]).limits(1000);
        let defaults = Limits { connections_max: limits.connections_max, ..Limits::default() };
        assert_eq!(format!("{limits:?}"), format!("{defaults:?}"));
    }

    #[test]
    fn what_is_served_depends_on_who_can_reach_it() {
        let [here, everywhere] = ["127.0.0.1", "0.0.0.0"].map(|address| address.parse().unwrap());
        let cli = Cli::parse_from(["onepoll"]);
        let listings = [here, everywhere].map(|address| cli.door(address).folders);
        assert_eq!(listings, [Folders::Listed, Folders::Offered]);
        assert_eq!((cli.hosts(here), cli.hosts(everywhere)), (Hosts::Named(vec![]), Hosts::Any));
        let cli = Cli::parse_from(["onepoll", "--allow-host", "a", "--allow-host", "b", "--listing", "off"]);
        let named = Hosts::Named(vec!["a".into(), "b".into()]);
        assert_eq!((cli.hosts(here), cli.hosts(everywhere)), (named.clone(), named));
        assert_eq!([here, everywhere].map(|address| cli.door(address).folders), [Folders::NotListed; 2]);
        let cli = Cli::parse_from(["onepoll", "--allow-host", "*", "--listing", "on"]);
        assert_eq!((cli.hosts(here), cli.door(everywhere).folders), (Hosts::Any, Folders::Listed));
    }

    #[test]
    fn flags_say_what_stands_for_a_path() {
        let policy = |flags: &[&str]| Cli::parse_from(["onepoll"].iter().chain(flags)).policy();
        let policies = [policy(&[]), policy(&["--index", "a", "--index", "b,c", "--clean-urls", "--spa"])];
        assert_eq!(policies.each_ref().map(|it| it.index.join(" ")), ["index.html", "a b c"]);
        assert_eq!(policies.each_ref().map(|it| it.clean_urls), [CleanUrls::Off, CleanUrls::On]);
        assert_eq!(policies.each_ref().map(|it| it.spa), [Spa::Off, Spa::On]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for flags in [
            ["--port", "65536"],
            ["--max-body", "0"],
            ["--max-body", "2TiB"],
            ["--max-head", "x"],
            ["--max-fields", "129"],
            ["--max-fields", "0"],
            ["--idle-timeout", "-1"],
            ["--idle-timeout", "nan"],
            ["--max-connections", "0"],
            ["--index", "a/b"],
            ["--index", "a,"],
        ] {
            assert!(Cli::try_parse_from(["onepoll"].iter().chain(&flags)).is_err(), "{flags:?}");
        }
    }
}
