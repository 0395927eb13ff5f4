//! The inspector of the program, and its page in a browser.

use super::browser::Page;
use super::program::{Program, onepoll};
use super::service::get;
use serde_json::Value;
use std::net::SocketAddr;

/// The program with its own site and the inspector.
pub fn inspected() -> (Program, SocketAddr) {
    // No timeout may pass because the machine is slow, but for the one that a test is about.
    let patient = ["--head-timeout", "600", "--idle-timeout", "600", "--inspect"];
    Program::start(onepoll().args(patient).arg(concat!(env!("CARGO_MANIFEST_DIR"), "/www")))
}

/// What `state.json` says.
pub fn state(address: SocketAddr) -> Value {
    serde_json::from_slice(&get(address, "/.onepoll/state.json").body).unwrap()
}

/// The page of the inspector in a window of this size, after its first events.
pub fn inspector(address: SocketAddr, size: [u32; 2]) -> Page {
    let mut page = Page::open(&format!("http://{address}/.onepoll/"), size, 1.0);
    page.wait_for("document.getElementById('link').textContent === 'Live'");
    page
}

/// A script that clicks on the element `id`.
pub fn click(id: &str) -> String {
    format!("document.getElementById('{id}').click()")
}

/// Presses a key on the element `id`.
pub fn key(page: &mut Page, id: &str, key: &str) {
    page.value(&format!(
        "document.getElementById('{id}').dispatchEvent(new KeyboardEvent('keydown', {{ key: {key:?}, cancelable: true }}))"
    ));
}
