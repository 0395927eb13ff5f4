//! The progress of a run, and the time that it still takes. This is the only file that names indicatif.

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar on stderr, if stderr is a terminal.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn of(steps: usize) -> Progress {
        let bar = ProgressBar::new(steps as u64);
        let style = "{wide_bar} {pos}/{len}, {eta} left · {msg}";
        bar.set_style(ProgressStyle::with_template(style).expect("the template is one"));
        Progress(bar)
    }

    pub fn begin(&self, step: &str) {
        self.0.set_message(step.to_owned());
    }

    pub fn end(&self) {
        self.0.inc(1);
    }

    /// So many steps are made once more. It is said on a terminal and elsewhere, since the run takes longer by that.
    pub fn more(&self, steps: usize) {
        self.0.inc_length(steps as u64);
        self.0.suspend(|| {
            eprintln!("{steps} measurements are made once more: the machine did other work meanwhile");
        });
    }

    pub fn close(self) {
        self.0.finish_and_clear();
    }
}
