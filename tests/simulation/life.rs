//! One world from its beginning to its end.

use crate::below::Below;
use crate::disk::Disk;
use crate::doors::{DOORS, Door};
use crate::ear;
use crate::kernel::Shared;
use crate::picture::Transitions;
use crate::support::dice::Dice;
use crate::world::World;
use onepoll::log::Form;
use onepoll::reactor::Reactor;
use onepoll::service::Service;
use onepoll::site::{Policy, Site};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How often each kind of event happened in a world, by its name.
pub type Counts = BTreeMap<&'static str, u64>;

/// Whether a world records what happens in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    Off,
    On,
}

/// How a world ended.
pub struct Outcome {
    /// The first difference between the server and the model, if any.
    pub divergence: Option<String>,
    pub counts: Counts,
    pub transitions: Transitions,
    pub trace: Vec<String>,
}

/// Runs the world of `seed`, on a disk that is given back.
pub fn live(seed: u64, mut disk: Disk, trace: Trace) -> (Outcome, Disk) {
    disk.restore(seed);
    ear::listen(Dice::of(seed));
    let policy = Policy { only: disk.only(), ..disk.flags.set(policy(seed)) };
    let site = Site::open(disk.path(), policy).unwrap();
    let shared = Shared::of(World::new(seed, disk, trace));
    let service = Service::new(site).doors(DOORS.map(Door::rules)).limits(shared.limits()).access(form(seed));
    let mut reactor = Reactor::new(shared.clone(), Below::of(seed).serve(service));
    match catch_unwind(AssertUnwindSafe(|| reactor.run())) {
        Ok(ended) => shared.end(ended, reactor.panics()),
        Err(_) => shared.end_with("the server panics, and nobody contains it"),
    }
    drop(reactor);
    shared.into_outcome()
}

/// In some worlds lines say how long an answer took, and so they are held until it is out.
fn form(seed: u64) -> Form {
    if Dice::of(seed.rotate_left(32)).one_in(3) { Form::Json } else { Form::Combined }
}

/// Some worlds have so little memory that files are evicted all the time.
fn policy(seed: u64) -> Policy {
    let mut dice = Dice::of(!seed);
    let default = Policy::default();
    let few = dice.pick(&[0, 1_500, 4_000, 12_000, 60_000]);
    Policy { cache_bytes_max: if dice.one_in(3) { few } else { default.cache_bytes_max }, ..default }
}
