//! Rules for all connections: when a connection may be closed, and that there is no work left whenever the loop lets
//! time pass.

use crate::books::{Over, Phase};
use crate::client::Client;
use crate::link::Stage;
use crate::world::World;
use onepoll::conn::Wait;
use onepoll::service::limits::Limits;
use std::time::{Duration, Instant};

/// How long an accept waits for a descriptor, since no event reports a free one.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a new client that sends nothing keeps its place.
const FIRST_REQUEST: Duration = Duration::from_millis(100);

/// Why the server may close the connection of client `index` now. An error says why it may not.
pub fn reason(world: &World, index: usize) -> Result<&'static str, String> {
    let link = &world.clients[index].link;
    let books = &link.books;
    let (wait, since) = books.wait();
    let is_due = wait.timeout(&world.limits).is_some_and(|timeout| since + timeout <= world.now);
    if let Some(excuse) = link.excuse {
        return Ok(excuse);
    }
    if link.reset {
        return Ok("the client has reset it");
    }
    if world.is_out_of_time() {
        return Ok("the server ends");
    }
    let is_unread = !link.inbound.is_empty() && !world.has_just_arrived(index);
    if let Stage::Shut(shut) = link.stage {
        let is_over = world.now >= shut + Limits::LINGER;
        return match (books.end_read, is_over) {
            (true, _) => Ok("refused, and the client has ended"),
            (_, true) => Ok("refused, and lingered for long enough"),
            _ => Err("a client was refused and is not waited for".into()),
        };
    }
    if books.over == Over::Refused {
        return Err("a client was refused and may never see that".into());
    }
    if books.over == Over::Said {
        let is_lost = is_unread && !link.edge && link.outbound > 0;
        return if is_lost {
            Err("the last answer is lost to a reset".into())
        } else {
            Ok("the answer was the last")
        };
    }
    if wait == Wait::Write && is_due {
        return Ok("the client takes nothing");
    }
    if books.is_in_an_answer() {
        return match books.is_cut_by_the_disk(&world.disk, world.epoch) {
            true => Ok("the file became shorter"),
            false => Err("in the middle of an answer".into()),
        };
    }
    if books.owed() > 0 {
        return Err(format!("{} answers are owed", books.owed()));
    }
    if is_unread {
        return Err("what it said was not read".into());
    }
    if books.end_read && !books.is_in_a_request() {
        return Ok("the client is done");
    }
    if !books.is_idle() {
        return Err(format!("it waits for {wait:?}"));
    }
    if is_due {
        return Ok("no request came");
    }
    if world.phase() == Phase::Stopping {
        return Ok("the server stops");
    }
    let has_had_its_time = wait != Wait::First || since + FIRST_REQUEST <= world.now;
    let somebody_needs_it = world.is_full();
    if !(has_had_its_time && somebody_needs_it) {
        return Err("without a reason".into());
    }
    let is_longer = |(other, client): &(usize, &Client)| {
        let (kind, before) = client.link.books.wait();
        let is_first_in_line = kind == wait && before < since || (kind == Wait::Idle && wait == Wait::First);
        *other != index && client.link.books.is_idle() && client.link.inbound.is_empty() && is_first_in_line
    };
    match world.inside().find(is_longer) {
        Some((other, _)) => Err(format!("client {other} has been idle for longer")),
        None => Ok("another needed its place"),
    }
}

/// The loop is going to sleep until this time: it must have done all the work, and no deadline may pass before.
pub fn check(world: &mut World, until: Option<Instant>) {
    let wrong = world.inside().find_map(|(index, client)| {
        let why = check_one(world, index, until).err()?;
        let (wait, since) = client.link.books.wait();
        let waited = world.now - since;
        Some(format!("client {index}: the loop sleeps, and {why}; it has waited {waited:?} for {wait:?}"))
    });
    let wrong = wrong.or_else(|| check_door(world, until).err());
    let wrong = wrong.or_else(|| check_grace(world, until).err());
    let wrong = wrong.or_else(|| check_log(world, until).err());
    if let Some(why) = wrong {
        world.diverges(why);
    }
}

fn check_one(world: &World, index: usize, until: Option<Instant>) -> Result<(), String> {
    let link = &world.clients[index].link;
    let books = &link.books;
    let sleeps_past = |due: Instant| until.is_none_or(|until| until > due);
    if link.reset {
        return Err("it was reset".into());
    }
    if let Stage::Shut(since) = link.stage {
        let is_read = link.inbound.is_empty() && !link.fin;
        return match is_read && !sleeps_past(since + Limits::LINGER) {
            true => Ok(()),
            false => Err("it is refused, and not let go".into()),
        };
    }
    let (wait, since) = books.wait();
    if wait.timeout(&world.limits).is_some_and(|timeout| sleeps_past(since + timeout)) {
        return Err(format!("its time for {wait:?} will be up before"));
    }
    if books.is_blocked() {
        return match link.room() {
            0 => Ok(()),
            _ => Err("there is room to write".into()),
        };
    }
    if !link.inbound.is_empty() {
        return Err("there is something to read".into());
    }
    if books.owed() > 0 || books.is_in_an_answer() || books.owes_a_word() {
        return Err("it is not answered".into());
    }
    if link.fin || books.over != Over::NotYet {
        return Err("it should be closed".into());
    }
    if link.held_back {
        return Err("an answer is held back for more that does not follow".into());
    }
    if world.phase() == Phase::Stopping && books.is_idle() {
        return Err("it is idle while the server stops".into());
    }
    Ok(())
}

/// No client waits to be accepted without a reason.
fn check_door(world: &World, until: Option<Instant>) -> Result<(), String> {
    let wakes_by = |time: Instant| until.is_some_and(|until| until <= time);
    if world.outside().next().is_none() {
        return Ok(());
    }
    if world.failed_at.is_some_and(|failed_at| world.now < failed_at + PAUSE && wakes_by(failed_at + PAUSE)) {
        return Ok(());
    }
    if !world.is_full() {
        return Err("somebody waits to be accepted".into());
    }
    let idle = |kind: Wait| {
        let waits = world.inside().filter(|(_, client)| client.link.books.is_idle());
        let waits = waits.map(|(_, client)| client.link.books.wait());
        waits.filter(move |(wait, _)| *wait == kind).map(|(_, since)| since).min()
    };
    if idle(Wait::Idle).is_some() {
        return Err("somebody waits for a place, and somebody is idle".into());
    }
    match idle(Wait::First) {
        Some(since) if !wakes_by(since + FIRST_REQUEST) => {
            Err("somebody waits for a place, and somebody never asks for anything".into())
        }
        _ => Ok(()),
    }
}

fn check_grace(world: &World, until: Option<Instant>) -> Result<(), String> {
    let Some(since) = world.stopping_since else { return Ok(()) };
    let end = since + world.limits.grace;
    match until.is_some_and(|until| until <= end) {
        true => Ok(()),
        false => Err("the loop sleeps beyond its end".into()),
    }
}

/// No line of the log is buffered for too long.
fn check_log(world: &World, until: Option<Instant>) -> Result<(), String> {
    let next = world.clients.iter().filter_map(|client| client.link.books.lines.next_due()).min();
    match next.is_none_or(|due| until.is_some_and(|until| until <= due)) {
        true => Ok(()),
        false => Err("the loop sleeps, and a line of the log is kept back".into()),
    }
}

/// Another turn begins.
pub fn begins_a_turn(world: &World) -> Result<(), String> {
    let inside = world.inside().count();
    match inside <= world.limits.connections_max {
        _ if world.stops_at_once => Err("the loop goes on after the second signal".into()),
        true => Ok(()),
        false => Err(format!("there are {inside} connections")),
    }
}

/// The server shuts its side of the connection of client `index`.
pub fn shuts(world: &World, index: usize) -> Result<(), String> {
    let books = &world.clients[index].link.books;
    match books.over == Over::NotYet || books.is_in_an_answer() || books.is_blocked() {
        true => Err("it is shut before the end of the last answer".into()),
        false => Ok(()),
    }
}

/// No more connections are accepted; the clients that wait are refused.
pub fn stops_listening(world: &World) -> Result<(), String> {
    let is_short = world.failed_at.is_some_and(|failed_at| world.now < failed_at + PAUSE);
    match world.outside().next().is_none() || world.is_full() || is_short {
        true => Ok(()),
        false => Err("somebody who has connected before the signal is refused".into()),
    }
}

/// The world ends: by signals if `is_told`, or because nothing happens any more.
pub fn end(world: &World, is_told: bool, panics: u64) -> Result<(), String> {
    if panics != world.planted {
        return Err(format!("{panics} panics, of which {} were planted", world.planted));
    }
    for (index, Client { link, .. }) in world.clients.iter().enumerate() {
        link.books.check_lines(link.end).map_err(|why| format!("client {index} in the log: {why}"))?;
    }
    let inside = world.inside().count();
    if !is_told {
        return match (inside, world.outside().count()) {
            (0, 0) => Ok(()),
            (inside, outside) => Err(format!("{inside} connections and {outside} clients are left for ever")),
        };
    }
    match (world.stopping_since, inside) {
        (Some(_), 0) => Ok(()),
        (Some(_), inside) => Err(format!("{inside} connections are left when the loop ends")),
        (None, _) => Err("the loop has ended by itself".into()),
    }
}
