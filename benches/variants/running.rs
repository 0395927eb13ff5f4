//! Servers as processes, as the lab sees them: how a server is started on some cores, asked what it used, and ended.

use crate::cores::{self, Division};
use crate::meters::{self, Held, Used};
use crate::models::Model;
use crate::said;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take until it listens.
const START_MAX: Duration = Duration::from_secs(10);

/// A server that is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// One of the variants.
    Variant(Model),
    /// Another server: its name, and a command in which `{port}`, `{root}` and `{work}` stand for its port and its
    /// folders.
    Foreign(Foreign),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    pub name: String,
    pub command: String,
}

/// A server that runs. It is ended when this is dropped.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
    /// The pipe on which a variant is asked what it used.
    pipes: Option<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Foreign {
    /// The usual foreign servers that are installed here.
    pub fn installed() -> Vec<Foreign> {
        let usual = [
            ("nginx", "nginx -p {work} -c nginx.conf -e stderr"),
            ("python http.server", "python3 -m http.server --bind 127.0.0.1 --directory {root} {port}"),
        ];
        let foreign =
            usual.map(|(name, command)| Foreign { name: name.to_owned(), command: command.to_owned() });
        foreign.into_iter().filter(Foreign::is_installed).collect()
    }

    fn is_installed(&self) -> bool {
        let program = self.command.split(' ').next().unwrap_or_default();
        search_path().split(':').any(|folder| Path::new(folder).join(program).is_file())
    }
}

/// Folders of programs. A plain user's shell does not search the last one, but servers are installed there.
fn search_path() -> String {
    std::env::var("PATH").unwrap_or_default() + ":/usr/sbin"
}

const NGINX: &str = "daemon off; pid nginx.pid; error_log /dev/null; worker_processes 1;
events { worker_connections 20000; multi_accept on; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  types { text/html html; text/css css; text/javascript js; image/jpeg jpg; image/png png; }
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  autoindex on;
  server { listen 127.0.0.1:{port} backlog=4096; root {root}; }
}
";

impl Server {
    /// Starts the server for the folder `root`. It may write to the folder `work`.
    pub fn start(&self, root: &Path, work: &Path, division: &Division) -> io::Result<Running> {
        cores::pin(&division.server);
        let running = match self {
            Server::Variant(model) => start_variant(*model, root, division),
            Server::Foreign(foreign) => start_foreign(foreign, root, work),
        };
        cores::pin(&division.load);
        running
    }
}

fn start_variant(model: Model, root: &Path, division: &Division) -> io::Result<Running> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["serve", &model.to_string()]).arg(root).arg(division.load.to_string());
    command.env_remove("RUST_LOG").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let pipes = child.stdin.take().zip(child.stdout.take());
    let (stdin, stdout) = pipes.expect("both are piped");
    let mut stdout = BufReader::new(stdout);
    let address = said::within(START_MAX, &[child.id()], || line(&mut stdout));
    let address = address.and_then(|line| line.parse().map_err(io::Error::other));
    // This is made first, so that a server that does not begin to listen is ended, too.
    let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let mut running = Running { child, address: unknown, pipes: Some((stdin, stdout)) };
    running.address = address?;
    Ok(running)
}

fn start_foreign(foreign: &Foreign, root: &Path, work: &Path) -> io::Result<Running> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let fill = |text: &str| {
        let text = text.replace("{port}", &port.to_string()).replace("{work}", &work.to_string_lossy());
        text.replace("{root}", &root.to_string_lossy())
    };
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    fs::write(work.join("nginx.conf"), format!("{user}{}", fill(NGINX)))?;
    let mut words = foreign.command.split_whitespace().map(fill);
    let program = words.next().ok_or_else(|| io::Error::other("an empty command"))?;
    let mut command = Command::new(program);
    command.args(words).env("PATH", search_path()).current_dir(work);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let about = |error| io::Error::other(format!("{}: {error}", foreign.command));
    let child = command.spawn().map_err(about)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut running = Running { child, address, pipes: None };
    let begin = Instant::now();
    while TcpStream::connect(address).is_err() {
        if let Some(status) = running.child.try_wait()? {
            return Err(io::Error::other(format!("{} ended at once: {status}", foreign.command)));
        }
        if begin.elapsed() > START_MAX {
            return Err(io::Error::other(format!("{} does not listen", foreign.command)));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(running)
}

impl Running {
    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the server has used so far.
    pub fn used(&mut self) -> io::Result<Used> {
        match &mut self.pipes {
            None => Ok(meters::used(self.child.id())),
            Some((stdin, stdout)) => {
                stdin.write_all(b"\n")?;
                Ok(serde_json::from_str(&line(stdout)?)?)
            }
        }
    }

    /// What the server holds now. The thread of a variant that reports it is not counted.
    pub fn held(&self) -> Held {
        let held = meters::held(self.child.id());
        let telling = u64::from(self.pipes.is_some());
        Held { threads: held.threads.saturating_sub(telling), ..held }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        said::end_family(self.child.id());
        let _ = self.child.wait();
    }
}

fn line(stdout: &mut BufReader<ChildStdout>) -> io::Result<String> {
    let mut line = String::new();
    match stdout.read_line(&mut line)? {
        0 => Err(io::Error::other("the server ended")),
        _ => Ok(line.trim_end().to_owned()),
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Server::Variant(model) => model.fmt(f),
            Server::Foreign(foreign) => f.write_str(&foreign.name),
        }
    }
}
