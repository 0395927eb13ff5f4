//! The flags, in the groups that `--help` shows. What they mean together is decided in `cli.rs`.
//!
//! The first paragraph of a flag's comment says in a line what the flag does. Completions and `-h` show that line alone;
//! `--help` and the manual page show the rest behind it (`help.rs`).

use super::header::{self, FieldLines};
use super::printed;
use super::values::{self, Reader};
use clap::ArgAction;
use clap::builder::BoolishValueParser;
use clap_complete::Shell;
use onepoll::log::Wanted;
use onepoll::service::door::Folders;
use onepoll::service::prefix::Prefix;
use onepoll::site::Types;
use std::time::Duration;

/// Which files are served, and by which names.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Files")]
pub struct Files {
    /// List folders without an index: on or off [default: on for loopback]
    ///
    /// On an address that other machines can reach, folders are listed with --listing on only.
    #[arg(long, value_name = "WHEN", env = "ONEPOLL_LISTING", value_parser = values::listing)]
    pub listing: Option<Folders>,
    /// Reload pages when what they use changes
    ///
    /// A page needs nothing for it: a script stands behind its last byte. A changed stylesheet is exchanged without a
    /// reload.
    #[arg(long, env = "ONEPOLL_WATCH", value_parser = BoolishValueParser::new())]
    pub watch: bool,
    /// Send / for the pages that an app makes in the browser
    ///
    /// It is for an app of a single page with a router: a path that leads to no file gets what / gets, if it may be a page.
    #[arg(long, env = "ONEPOLL_SPA", value_parser = BoolishValueParser::new())]
    pub spa: bool,
    /// Send about.html for /about
    ///
    /// Each page has both names then. A file that is called about goes first.
    #[arg(long, env = "ONEPOLL_CLEAN_URLS", value_parser = BoolishValueParser::new())]
    pub clean_urls: bool,
    /// Send the file of this name for its folder
    ///
    /// Give the flag again for more names; the first that is there is sent.
    #[arg(long, value_name = "NAME", env = "ONEPOLL_INDEX", default_value = "index.html", value_delimiter = ',', value_parser = values::file_name)]
    pub index: Vec<String>,
    /// Serve below this path, such as /repo/
    ///
    /// It is for a site whose links begin with /repo/, since it will be published there. / leads to it.
    #[arg(long, value_name = "PATH", env = "ONEPOLL_PREFIX", value_parser = Prefix::parse)]
    pub prefix: Option<Prefix>,
    /// Serve files and folders whose names begin with a dot
    ///
    /// Without it, they are 404 and are not listed, since .git and .env are not for visitors. .well-known is always served.
    #[arg(long, env = "ONEPOLL_HIDDEN", value_parser = BoolishValueParser::new())]
    pub hidden: bool,
    /// Follow links that lead out of DIR
    ///
    /// DIR is no boundary then: whatever a link leads to is served. Links within DIR need no flag.
    #[arg(long, env = "ONEPOLL_FOLLOW_LINKS", value_parser = BoolishValueParser::new())]
    pub follow_links: bool,
}

/// What answers carry.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Answers")]
pub struct Answers {
    /// Let pages of other sites read what is served
    ///
    /// --cors is for pages of any site; --cors=https://app.example is for the pages of that one, and may be given again.
    #[arg(long, value_name = "ORIGIN", env = "ONEPOLL_CORS", value_delimiter = ',', num_args = 0..=1, require_equals = true, default_missing_value = "*", value_parser = values::reader)]
    pub cors: Vec<Reader>,
    /// Add a field to every answer, such as 'X-Frame-Options: DENY'
    ///
    /// It takes the place of a field of that name that the server would send. Give the flag again for more fields.
    #[arg(long, value_name = "FIELD", env = "ONEPOLL_HEADER", value_parser = header::lines)]
    pub header: Vec<FieldLines>,
    /// Let clients keep files this long without asking again [default: 0]
    ///
    /// With 0 they ask before each use, and get a short answer where nothing changed. So an edit shows at the next load.
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_CACHE", value_parser = values::whole_seconds)]
    pub cache: Option<u32>,
    /// Give files with this extension this type, such as foo=text/plain
    ///
    /// It wins over the known types. Give the flag again for more extensions.
    #[arg(long, value_name = "EXT=TYPE", env = "ONEPOLL_MIME", value_parser = values::types)]
    pub mime: Vec<Types>,
    /// Send text without compressing it
    ///
    /// Compressed neighbours of a file, such as app.js.br, are sent still.
    #[arg(long, env = "ONEPOLL_NO_COMPRESS", value_parser = BoolishValueParser::new())]
    pub no_compress: bool,
    /// Isolate pages from other sites, so that they may use threads
    ///
    /// WebAssembly with threads and SharedArrayBuffer need it (COOP, COEP, CORP).
    #[arg(long, env = "ONEPOLL_ISOLATE", value_parser = BoolishValueParser::new())]
    pub isolate: bool,
}

/// How much a client may take.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct Sizes {
    /// Keep this many connections open at most [default: as descriptors allow]
    ///
    /// At the limit, the connection that is idle longest makes room for a new one.
    #[arg(long, value_name = "N", env = "ONEPOLL_MAX_CONNECTIONS", value_parser = values::at_least_one)]
    pub max_connections: Option<usize>,
    /// Take a request line of this length at most
    ///
    /// A longer one gets 414.
    #[arg(long, value_name = "SIZE", env = "ONEPOLL_MAX_REQUEST_LINE", default_value = "8KiB", value_parser = values::bytes)]
    pub max_request_line: u64,
    /// Take a head of this length at most: request line and fields
    ///
    /// A longer one gets 431.
    #[arg(long, value_name = "SIZE", env = "ONEPOLL_MAX_HEAD", default_value = "16KiB", value_parser = values::bytes)]
    pub max_head: u64,
    /// Take this many fields of a request at most
    ///
    /// A request with more gets 431.
    #[arg(long, value_name = "N", env = "ONEPOLL_MAX_FIELDS", default_value_t = 100, value_parser = values::fields)]
    pub max_fields: usize,
    /// Take a body of this length at most
    ///
    /// A longer one gets 413. Bodies are counted and not kept.
    #[arg(long, value_name = "SIZE", env = "ONEPOLL_MAX_BODY", default_value = "1MiB", value_parser = values::bytes)]
    pub max_body: u64,
    /// Fill this much memory with small files
    ///
    /// Large files are sent from the disk. Files that are used least are forgotten first.
    #[arg(long, value_name = "SIZE", env = "ONEPOLL_CACHE_MEMORY", default_value = "64MiB", value_parser = values::memory)]
    pub cache_memory: u64,
}

/// How long a client may take.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Timeouts")]
pub struct Times {
    /// Wait this long for the whole head of a request
    ///
    /// A client that takes longer gets 408, however slowly its bytes drip.
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_HEAD_TIMEOUT", default_value = "10", value_parser = values::timeout)]
    pub head_timeout: Duration,
    /// Wait this long for the next byte of a body
    ///
    /// A client that pauses longer gets 408.
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_BODY_TIMEOUT", default_value = "20", value_parser = values::timeout)]
    pub body_timeout: Duration,
    /// Wait this long for a client that takes nothing of its answer
    ///
    /// Then the connection ends.
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_WRITE_TIMEOUT", default_value = "30", value_parser = values::timeout)]
    pub write_timeout: Duration,
    /// Keep a connection open this long without a request
    ///
    /// A proxy in front should close its side first; many do after 60 seconds.
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_IDLE_TIMEOUT", default_value = "75", value_parser = values::timeout)]
    pub idle_timeout: Duration,
    /// Give requests this long to finish after Ctrl-C
    ///
    /// A second Ctrl-C ends the server at once.
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_GRACE", default_value = "10", value_parser = values::seconds)]
    pub grace: Duration,
}

/// What is logged, and in which form.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Log")]
pub struct Log {
    /// Log requests as short, combined, json or off [default: short on a terminal, else combined]
    ///
    /// Combined is the format of other web servers, and json is an object a line for programs. Off leaves all other lines of the
    /// log.
    #[arg(long, value_name = "FORM", env = "ONEPOLL_LOG", value_parser = values::log_form)]
    pub log: Option<Wanted>,
    /// Log warnings and errors only
    ///
    /// There is no line about a request then.
    #[arg(short, long, env = "ONEPOLL_QUIET", value_parser = BoolishValueParser::new())]
    pub quiet: bool,
    /// Log what each connection does
    ///
    /// With -vv every system call on a socket is logged, too.
    #[arg(short, long, env = "ONEPOLL_VERBOSE", action = ArgAction::Count, value_parser = values::verbosity)]
    pub verbose: u8,
}

/// What the program says of itself instead of serving.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Help")]
pub struct Help {
    /// Print a script that completes these flags in a shell
    ///
    /// SHELL is bash, zsh, fish, elvish or powershell.
    #[arg(long, value_name = "SHELL", value_parser = printed::shell)]
    pub completions: Option<Shell>,
    /// Print the manual page, for man(1)
    #[arg(long)]
    pub man: bool,
    /// Print the help: -h in short, --help in full
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}
