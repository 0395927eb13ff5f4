//! Pages in a real browser: headless Chromium, controlled by its DevTools protocol.

use super::patience::until;
use super::program::Lines;
use super::{PATIENCE, connect};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// Without these flags Chromium contacts other servers, or does not run as root.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
];

/// A browser, which has no page at first.
pub struct Browser {
    chromium: Child,
    /// Where it listens.
    url: String,
    _profile: TempDir,
}

/// A page: a tab of a browser, which ends with the last of its pages.
pub struct Page {
    browser: Arc<Browser>,
    socket: WebSocket<TcpStream>,
    last: u64,
    /// Errors, and messages on the console that tell of one.
    pub said: Vec<String>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.chromium.kill();
        let _ = self.chromium.wait();
    }
}

impl Browser {
    /// Starts a browser.
    pub fn start() -> Arc<Browser> {
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("chromium");
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        let mut chromium = command.stderr(Stdio::piped()).spawn().expect("chromium is installed");
        let told = Lines::of(chromium.stderr.take().unwrap());
        let browser = told.find("where it listens", |line| line.contains("listening on "));
        let (_, url) = browser.split_once("listening on ").unwrap();
        let url = url.to_owned();
        Arc::new(Browser { chromium, url, _profile: profile })
    }

    /// Opens `url` in a new tab, and waits until it is loaded.
    pub fn open(self: &Arc<Browser>, url: &str) -> Page {
        let mut page = self.open_blank();
        page.go(url);
        page
    }

    fn open_blank(self: &Arc<Browser>) -> Page {
        // The browser opens the page first; then the page has a web socket of its own.
        let made = json!({ "id": 0, "method": "Target.createTarget", "params": { "url": "about:blank" } });
        let mut first = spoken_to(&self.url);
        first.send(Message::text(made.to_string())).unwrap();
        let made: Value = serde_json::from_str(first.read().unwrap().to_text().unwrap()).unwrap();
        let target = made["result"]["targetId"].as_str().unwrap();
        let (host, _) = self.url.split_once("/devtools/").unwrap();
        let socket = spoken_to(&format!("{host}/devtools/page/{target}"));
        let mut page = Page { browser: self.clone(), socket, last: 0, said: Vec::new() };
        for domain in ["Page", "Runtime", "Log"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page
    }
}

impl Page {
    /// Opens `url` in a browser of its own, in a window of this size.
    pub fn open(url: &str, [width, height]: [u32; 2], scale: f64) -> Page {
        let mut page = Browser::start().open_blank();
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        page.call("Emulation.setDeviceMetricsOverride", metrics);
        page.go(url);
        page
    }

    /// The browser that shows it.
    pub fn browser(&self) -> &Arc<Browser> {
        &self.browser
    }

    /// Goes to `url`, and waits until it is loaded.
    pub fn go(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        self.wait_for(&format!("document.readyState === 'complete' && location.href === {url:?}"));
    }

    /// Calls a method of the protocol. Events that come before its result are noted.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let message = json!({ "id": self.last, "method": method, "params": params });
        self.socket.send(Message::text(message.to_string())).unwrap();
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {method}; it said {:?}", self.said);
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            let answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == self.last {
                return answer["result"].clone();
            }
            let is_bad = match answer["method"].as_str() {
                Some("Runtime.exceptionThrown") => true,
                Some("Log.entryAdded") => answer["params"]["entry"]["level"] == "error",
                Some("Runtime.consoleAPICalled") => answer["params"]["type"] == "error",
                _ => false,
            };
            if is_bad {
                self.said.push(answer["params"].to_string());
            }
        }
    }

    /// What `expression` gives in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        self.call("Runtime.evaluate", params)["result"]["value"].clone()
    }

    /// Evaluates `condition` again and again until it holds, since no event tells when it does.
    pub fn wait_for(&mut self, condition: &str) {
        until(condition, || match self.value(condition) {
            value if value == true => Ok(()),
            value => Err(format!("{value}; it said {:?}", self.said)),
        });
    }

    /// Fails if the page has told of an error.
    pub fn is_quiet(&self) {
        assert!(self.said.is_empty(), "{:?}", self.said);
    }

    /// Whether the page has no element wider than the window.
    pub fn fits(&mut self) {
        let widths = self.value("[document.documentElement.scrollWidth, innerWidth]");
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "scrolls sideways: {widths}");
    }
}

/// Connects to a `ws://` URL.
fn spoken_to(url: &str) -> WebSocket<TcpStream> {
    let address = url.split('/').nth(2).unwrap().parse().unwrap();
    tungstenite::client(url, connect(address)).unwrap().0
}
