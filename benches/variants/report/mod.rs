use crate::results::Results;
pub fn page(_results: &Results, _past: Option<&Results>) -> String {
    String::new()
}
