//! Compares a figure of two servers, or of one server in two runs. The report and the terminal ask here for every
//! comparison that they name, so that none of them says more than the rounds show. The rule is in docs/speed.md, "When
//! a difference counts".

use crate::results::{Bound, Figure, Results, Service};
use crate::scenarios::Scenario;
use crate::statistics::{Difference, Doubt, Spread};

/// A figure of a server under a load, and what is in the way of a verdict on it.
pub struct Side {
    pub spread: Spread,
    /// A server that did not serve all clients served fewer, so that its figures say nothing.
    service: Option<Doubt>,
    /// The load was the limit: the server might have shown more, and not less.
    floor: Option<Doubt>,
    /// Work that was done beside it meanwhile: a server that did less of it had more time for the others.
    work: Option<Spread>,
}

/// Two figures, and how the first one compares with the second one.
pub struct Pair {
    pub difference: Difference,
    pub ours: Spread,
    pub theirs: Spread,
}

/// Compares one figure of two servers under a load. `None` if one of them does not have it.
pub fn compare(
    results: &Results,
    scenario: &Scenario,
    figure: Figure,
    ours: &str,
    theirs: &str,
) -> Option<Pair> {
    let [ours, theirs] = [ours, theirs].map(|server| Side::of(results, scenario, server, figure));
    let (ours, theirs) = ours.zip(theirs)?;
    Some(Pair { difference: ours.against(&theirs), ours: ours.spread, theirs: theirs.spread })
}

impl Side {
    pub fn of(results: &Results, scenario: &Scenario, server: &str, figure: Figure) -> Option<Side> {
        let spread = results.spread(&scenario.name, server, figure)?;
        let service = match results.service(scenario, server) {
            Service::All => None,
            Service::Starves | Service::Short | Service::Failed => Some(Doubt::NotAll),
            Service::Unknown(doubt) => Some(doubt),
        };
        let floor = match results.bound(scenario, server) {
            Bound::Load => Some(Doubt::Limit),
            Bound::Unknown(doubt) => Some(doubt),
            Bound::Server => None,
        };
        let work = match figure {
            Figure::Throughput => results.spread(&scenario.name, server, Figure::ClosedWork),
            Figure::Latency(_) => results.spread(&scenario.name, server, Figure::OpenWork),
            _ => None,
        };
        Some(Side { spread, service, floor: floor.filter(|_| figure == Figure::Throughput), work })
    }

    /// Why the figure alone says nothing, if there is a reason.
    pub fn doubt(&self) -> Option<Doubt> {
        self.service.or_else(|| self.spread.doubt())
    }

    /// Compares `self` with `other`. A figure that the load held down shows that a server reaches it, and not that it
    /// reaches no more.
    pub fn against(&self, other: &Side) -> Difference {
        if let Some(doubt) = self.service.into_iter().chain(other.service).max_by(Doubt::by_weight) {
            return Difference::Unknown(doubt);
        }
        match self.work.zip(other.work).map(|(ours, theirs)| ours.against(&theirs)) {
            None | Some(Difference::Level) => {}
            Some(_) => return Difference::Unknown(Doubt::Work),
        }
        let difference = self.spread.against(&other.spread);
        let limited = match difference {
            Difference::Less => self.floor,
            Difference::More => other.floor,
            Difference::Level => self.floor.or(other.floor),
            Difference::Unknown(_) => None,
        };
        limited.map_or(difference, Difference::Unknown)
    }

    /// Compares `self` with what another load showed of the same server. What held it down is what is asked for.
    pub fn against_another_load(&self, other: &Spread) -> Difference {
        self.service.map_or_else(|| self.spread.against(other), Difference::Unknown)
    }
}
