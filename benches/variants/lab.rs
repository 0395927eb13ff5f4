//! The run: every variant under every load, in several rounds. For each measurement a new server and a new load are
//! started, each in a process of its own.

use crate::cores::{Cores, Division};
use crate::load::plan::{Mark, Outcome, Patience, Plan, Word};
use crate::meters::Held;
use crate::progress::Progress;
use crate::quiet::{self, Beside, Look, Watch};
use crate::results::{CameOfIt, Cell, Sample, serves_in_one_thread};
use crate::running::{Running, Server};
use crate::said::{Ended, within};
use crate::scenarios::{Scenario, Use};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a load may take beside its loops: it connects, waits for full buffers and for answers, each with a limit.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is measured, and for how long.
pub struct Lab {
    pub scenarios: Vec<Scenario>,
    pub servers: Vec<Server>,
    pub rounds: usize,
    /// Seconds of closed loop that are not counted.
    pub warm_up: f64,
    pub window: f64,
    pub cores: Cores,
}

impl Lab {
    /// The number of cells on a quiet machine. A cell is a server under a load, in one round.
    pub fn count(&self) -> usize {
        self.rounds * self.scenarios.len() * self.servers.len()
    }

    /// Measures every server under every load.
    pub fn run(&self, root: &Path, work: &Path, progress: &Progress) -> Vec<Cell> {
        let name = |(scenario, server): &(&Scenario, &Server)| format!("{} · {server}", scenario.name);
        let cell =
            |round, (scenario, server): (&Scenario, &Server)| self.cell(round, scenario, server, root, work);
        let is_due =
            |(scenario, server): &(&Scenario, &Server), cells: &[Cell]| self.is_due(scenario, server, cells);
        self.in_rounds(self.pairs(), progress, name, is_due, cell)
    }

    /// Goes through all `items` in rounds, so that changes on the machine meanwhile affect all of them. Then come rounds
    /// for the items that were measured beside other work.
    pub fn in_rounds<I: Copy, C>(
        &self,
        items: impl Iterator<Item = I>,
        progress: &Progress,
        name: impl Fn(&I) -> String,
        is_due: impl Fn(&I, &[C]) -> bool,
        measure: impl Fn(usize, I) -> C,
    ) -> Vec<C> {
        let items: Vec<_> = items.collect();
        let mut cells = Vec::new();
        for round in 0.. {
            let due: Vec<_> = items.iter().copied().filter(|item| is_due(item, &cells)).collect();
            if due.is_empty() {
                break;
            }
            if round >= self.rounds {
                progress.more(due.len());
            }
            for item in due {
                progress.begin(&name(&item));
                cells.push(measure(round, item));
                progress.end();
            }
        }
        cells
    }

    fn pairs(&self) -> impl Iterator<Item = (&Scenario, &Server)> {
        self.scenarios.iter().flat_map(|scenario| self.servers.iter().map(move |server| (scenario, server)))
    }

    fn is_due(&self, scenario: &Scenario, server: &Server, cells: &[Cell]) -> bool {
        let server = server.to_string();
        let made = cells.iter().filter(|cell| cell.scenario == scenario.name && cell.server == server);
        let quiet = made.clone().filter(|cell| !cell.is_disturbed()).count();
        quiet::needs_one_more(made.count(), quiet, self.rounds)
    }

    fn cell(&self, round: usize, scenario: &Scenario, server: &Server, root: &Path, work: &Path) -> Cell {
        let (mut watch, division) = (Watch::begin(), self.division(scenario));
        let (came_of_it, beside) = match self.measure(scenario, server, root, work, &division, &mut watch) {
            Ok((sample, beside)) => (CameOfIt::Sample(Box::new(sample)), beside),
            // The server and the load have ended, so that their time is that of ended children.
            Err(error) => (CameOfIt::Failure(error.to_string()), watch.end(None, None, &division)),
        };
        Cell { scenario: scenario.name.clone(), server: server.to_string(), round, came_of_it, beside }
    }

    /// The cores that a scenario uses.
    pub fn division(&self, scenario: &Scenario) -> Division {
        match scenario.cores {
            Use::Apart => self.cores.divide(),
            Use::Shared => self.cores.share(),
            Use::One => self.cores.divide_one(),
        }
    }

    fn measure(
        &self,
        scenario: &Scenario,
        server: &Server,
        root: &Path,
        work: &Path,
        division: &Division,
        watch: &mut Watch,
    ) -> io::Result<(Sample, Option<Beside>)> {
        let has_one_thread = serves_in_one_thread(&server.to_string());
        let mut server = server.start(root, work, division)?;
        let empty = server.held();
        let plan = Plan {
            address: server.address,
            connections: scenario.connections,
            persistence: scenario.persistence,
            targets: scenario.targets.clone(),
            fields: scenario.fields.clone(),
            rate: scenario.rate,
            warm_up: self.warm_up,
            window: self.window,
            beside: scenario.beside.clone(),
            patience: if division.is_apart() { Patience::Spins } else { Patience::Sleeps },
        };
        let mut load = start_load(&plan)?;
        let processes = [load.0.id(), server.id()];
        let limit = PATIENCE + Duration::from_secs_f64(self.warm_up + 2.0 * self.window);
        let told = within(limit, &processes, || read_meters(&mut load.0, &mut server, watch, has_one_thread));
        let beside = watch.end(Some(server.id()), Some(load.0.id()), division);
        // The server ends first: the side that closes a connection keeps its port for a minute, and the load has few
        // ports.
        drop(server);
        drop(load);
        let Told { outcome, used, held } = told?;
        let between = |begin, end| -> io::Result<_> {
            let used = |mark| used.get(&mark).ok_or_else(|| io::Error::other("the load left out a mark"));
            Ok(used(end)? - used(begin)?)
        };
        let closed = between(Mark::ClosedBegins, Mark::ClosedEnds)?;
        let open = between(Mark::OpenBegins, Mark::OpenEnds)?;
        Ok((Sample { outcome, empty, full: held, closed, open }, beside))
    }
}

struct Told {
    outcome: Outcome,
    used: HashMap<Mark, crate::meters::Used>,
    held: Held,
}

fn start_load(plan: &Plan) -> io::Result<Ended> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut load = Ended(command.arg("load").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
    let line = serde_json::to_string(plan)? + "\n";
    load.0.stdin.as_mut().expect("it is piped").write_all(line.as_bytes())?;
    Ok(load)
}

/// Reads the server's meters each time the load reports that a phase begins or ends, and looks at the machine.
fn read_meters(
    load: &mut Child,
    server: &mut Running,
    watch: &mut Watch,
    has_one_thread: bool,
) -> io::Result<Told> {
    let id = load.id();
    let (words, goes_on) = load.stdout.take().zip(load.stdin.as_mut()).expect("both are piped");
    let (mut used, mut held) = (HashMap::new(), Held::default());
    let mut before = None;
    for line in BufReader::new(words).lines() {
        match serde_json::from_str(&line?)? {
            Word::Failed(why) => return Err(io::Error::other(why)),
            Word::Done(outcome) => {
                let outcome = *outcome;
                server.used().map_err(|_| io::Error::other("the server ended under the load"))?;
                return Ok(Told { outcome, used, held });
            }
            Word::Mark(mark) => {
                used.insert(mark, server.used()?);
                let look = Look::now(Some(server.id()), Some(id));
                match before.take() {
                    Some(before) if mark.ends_a_loop() => watch.add_loop(before, look, has_one_thread),
                    _ => before = Some(look),
                }
                if mark.ends_a_loop() {
                    let now = server.held();
                    held = Held { threads: held.threads.max(now.threads), ..now };
                }
                goes_on.write_all(b"\n")?;
            }
        }
    }
    Err(io::Error::other("the load ended before it was done"))
}
