//! The flags, in the groups that `--help` shows. What they mean together is decided in `cli.rs`.

use super::header::{self, FieldLines};
use super::values::{self, Reader};
use clap::builder::BoolishValueParser;
use onepoll::service::door::Folders;
use onepoll::service::prefix::Prefix;
use onepoll::site::Types;
use std::time::Duration;

/// Which files are served, and by which names.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Files")]
pub struct Files {
    /// The name of the file that is sent for its folder; again for more names
    #[arg(long, value_name = "NAME", env = "ONEPOLL_INDEX", default_value = "index.html", value_delimiter = ',', value_parser = values::file_name)]
    pub index: Vec<String>,
    /// Send /about.html for /about
    #[arg(long, env = "ONEPOLL_CLEAN_URLS", value_parser = BoolishValueParser::new())]
    pub clean_urls: bool,
    /// Send / for the pages that an app in the browser makes
    #[arg(long, env = "ONEPOLL_SPA", value_parser = BoolishValueParser::new())]
    pub spa: bool,
    /// List the folders that have no index: on or off [default: on for loopback]
    #[arg(long, value_name = "WHEN", env = "ONEPOLL_LISTING", value_parser = values::listing)]
    pub listing: Option<Folders>,
    /// Serve files and folders whose names begin with a dot
    #[arg(long, env = "ONEPOLL_HIDDEN", value_parser = BoolishValueParser::new())]
    pub hidden: bool,
    /// Follow links that lead out of DIR
    #[arg(long, env = "ONEPOLL_FOLLOW_LINKS", value_parser = BoolishValueParser::new())]
    pub follow_links: bool,
    /// Serve below this path, such as /repo/; / leads there
    #[arg(long, value_name = "PATH", env = "ONEPOLL_PREFIX", value_parser = Prefix::parse)]
    pub prefix: Option<Prefix>,
    /// Reload pages when what they use changes
    #[arg(long, env = "ONEPOLL_WATCH", value_parser = BoolishValueParser::new())]
    pub watch: bool,
    /// How long clients may keep a file before they ask again [default: 0]
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_CACHE", value_parser = values::whole_seconds)]
    pub cache: Option<u32>,
    /// How much memory small files fill
    #[arg(long, value_name = "SIZE", env = "ONEPOLL_CACHE_MEMORY", default_value = "64MiB", value_parser = values::memory)]
    pub cache_memory: u64,
    /// Send text without compressing it
    #[arg(long, env = "ONEPOLL_NO_COMPRESS", value_parser = BoolishValueParser::new())]
    pub no_compress: bool,
    /// Serve files with this extension as this type, such as foo=text/plain
    #[arg(long, value_name = "EXT=TYPE", env = "ONEPOLL_MIME", value_parser = values::types)]
    pub mime: Vec<Types>,
}

/// What answers carry.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Answers")]
pub struct Answers {
    /// Add a field to every answer, such as 'X-Frame-Options: DENY', or replace ours
    #[arg(long, value_name = "FIELD", env = "ONEPOLL_HEADER", value_parser = header::lines)]
    pub header: Vec<FieldLines>,
    /// Let pages of other sites read what is served: of any site, or of ORIGIN
    #[arg(long, value_name = "ORIGIN", env = "ONEPOLL_CORS", value_delimiter = ',', num_args = 0..=1, require_equals = true, default_missing_value = "*", value_parser = values::reader)]
    pub cors: Vec<Reader>,
    /// Isolate pages from other sites, so that they may use threads (COOP, COEP)
    #[arg(long, env = "ONEPOLL_ISOLATE", value_parser = BoolishValueParser::new())]
    pub isolate: bool,
}

/// How much a client may take.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct Sizes {
    /// Most connections open at the same time [default: as descriptors allow]
    #[arg(long, value_name = "N", env = "ONEPOLL_MAX_CONNECTIONS", value_parser = values::at_least_one)]
    pub max_connections: Option<usize>,
    /// Longest request line; a longer one gets 414
    #[arg(long, value_name = "SIZE", env = "ONEPOLL_MAX_REQUEST_LINE", default_value = "8KiB", value_parser = values::bytes)]
    pub max_request_line: u64,
    /// Longest head of a request; a longer one gets 431
    #[arg(long, value_name = "SIZE", env = "ONEPOLL_MAX_HEAD", default_value = "16KiB", value_parser = values::bytes)]
    pub max_head: u64,
    /// Most fields of a request; one with more gets 431
    #[arg(long, value_name = "N", env = "ONEPOLL_MAX_FIELDS", default_value_t = 100, value_parser = values::fields)]
    pub max_fields: usize,
    /// Longest body of a request; a longer one gets 413
    #[arg(long, value_name = "SIZE", env = "ONEPOLL_MAX_BODY", default_value = "1MiB", value_parser = values::bytes)]
    pub max_body: u64,
}

/// How long a client may take.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Timeouts")]
pub struct Times {
    /// How long the whole head of a request may take; then 408
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_HEAD_TIMEOUT", default_value = "10", value_parser = values::timeout)]
    pub head_timeout: Duration,
    /// How long a client may pause within a body; then 408
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_BODY_TIMEOUT", default_value = "20", value_parser = values::timeout)]
    pub body_timeout: Duration,
    /// How long a client may take nothing of its answer
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_WRITE_TIMEOUT", default_value = "30", value_parser = values::timeout)]
    pub write_timeout: Duration,
    /// How long a connection may stay open without a request
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_IDLE_TIMEOUT", default_value = "75", value_parser = values::timeout)]
    pub idle_timeout: Duration,
    /// How long requests may take to finish after Ctrl-C
    #[arg(long, value_name = "SECONDS", env = "ONEPOLL_GRACE", default_value = "10", value_parser = values::seconds)]
    pub grace: Duration,
}
