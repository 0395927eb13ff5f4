//! The turns on the page of the inspector, the life of a request, the replay and the counters, in a real browser. These
//! tests are ignored in a plain `cargo test`, which needs nothing but Rust. `.ci/run` runs them by name.

mod support;

use serde_json::{Value, json};
use std::net::SocketAddr;
use support::browser::Page;
use support::inspector::{click, inspected, inspector, key};
use support::visitor::Visitor;

/// A page without elements that may load the modules of the inspector, and what the tests below make up for them.
fn bench(address: SocketAddr) -> Page {
    let mut page = Page::open(&format!("http://{address}/.onepoll/health"), [1280, 900], 1.0);
    page.value(
        "window.module = (name) => import(`/.onepoll/${name}.js`);
         window.place = (key, id, line = '') => [key, id, '127.0.0.1:9', 'Reading', 'Idle', 0, 1, 1, 1, line, 0];
         window.turn = (at, busy = 100, keys = [], done = undefined) => [at, 10, busy, 1, keys.length, keys.map(key => [key, 1]), ...(done ? [done] : [])];
         window.batch = (now_ms, more = {}) => ({ now_ms, counters: { requests: now_ms }, calls: {}, places: [], turns: [turn(now_ms)], moves: [], ...more });
         window.snapshot = (now_ms, keys) => batch(now_ms, { columns: {}, places: keys.map(key => place(key, key + 1)) });
         window.keys = (time) => [...time.shown.places.keys()].sort().join(' ');",
    );
    page
}

/// What the page says after `script`, which is the body of an asynchronous function with the class `Time`.
fn with_time(page: &mut Page, script: &str) -> Value {
    page.value(&format!(
        "module('time').then(async ({{ Time }}) => {{ const time = new Time(); {script} }}).catch(String)"
    ))
}

/// Replays all of what `time` has, and gives the first state that is shown and the last one before the end.
const REPLAYED: &str = "
    const seen = [];
    await new Promise(done => time.replay(() => { if (time.mode !== 'replay') return done(); seen.push(keys(time)); }));";

#[test]
#[ignore = "needs Chromium"]
fn a_replay_begins_where_things_stood_then_even_after_batches_were_missed() {
    let (_program, address) = inspected();
    let mut page = bench(address);
    // Slots 1 and 2 are taken at first. 1 is freed; the batch that tells of 2 is missed, and a snapshot mends that.
    let script = "
        time.begin(snapshot(1000, [1, 2]));
        time.take(batch(1100, { places: [[1]] }));
        time.take(batch(1300, { missed: 1 }));
        time.begin(snapshot(1350, [3]));
        const now = keys(time);
        time.pause();
        time.replay(() => {});
        const first = keys(time);
        const steps = [];
        time.pause();
        while (time.ahead > 0) { time.step(); steps.push(keys(time)); }
        return { now, first, steps, gaps: time.shown.gaps.map(({ after, batches }) => [after, batches]) };";
    let expected = json!({ "now": "3", "first": "1 2", "steps": ["2", "2", "3"], "gaps": [[1100, 1]] });
    assert_eq!(with_time(&mut page, script), expected);
}

#[test]
#[ignore = "needs Chromium"]
fn a_replay_of_a_pause_ends_at_the_pause() {
    let (_program, address) = inspected();
    let mut page = bench(address);
    let script = format!(
        "time.begin(snapshot(1000, [1]));
         time.take(batch(1100, {{ places: [place(2, 3)] }}));
         time.pause();
         time.take(batch(1200, {{ places: [place(4, 5)] }}));
         time.replay(() => {{}});
         const first = keys(time);
         time.back();
         const paused = [time.mode, keys(time), time.ahead];
         {REPLAYED}
         return {{ first, paused, seen, end: [time.mode, keys(time), time.ahead] }};"
    );
    let expected =
        json!({ "first": "1", "paused": ["paused", "1 2", 1], "seen": ["1 2"], "end": ["paused", "1 2", 1] });
    assert_eq!(with_time(&mut page, &script), expected);
}

/// A page that is paused keeps a minute. A step over what it did not keep would show a state that never was.
#[test]
#[ignore = "needs Chromium"]
fn steps_of_a_long_pause_lead_to_no_state_that_never_was() {
    let (_program, address) = inspected();
    let mut page = bench(address);
    let script = "
        time.begin(snapshot(1000, []));
        time.pause();
        for (let at = 1; at <= 600; at += 1) time.take(batch(1000 + at));
        time.take(batch(1700, { places: [place(7, 1)] }));
        time.step();
        time.take(batch(1800, { places: [place(8, 2)] }));
        while (time.ahead > 0) time.step();
        return [keys(time), time.cut, time.shown.now];";
    assert_eq!(with_time(&mut page, script), json!(["", 2, 1600]));
}

#[test]
#[ignore = "needs Chromium"]
fn a_batch_that_is_older_than_the_snapshot_takes_nothing_back() {
    let (_program, address) = inspected();
    let mut page = bench(address);
    let script = "
        time.take(batch(900, { places: [place(9, 9)] }));
        time.begin(snapshot(1000, [1]));
        time.take(batch(950, { places: [[1]], turns: [turn(940)] }));
        const known = [keys(time), time.shown.now];
        time.pause();
        time.begin(snapshot(2000, [1, 2]));
        const paused = [time.mode, keys(time), time.ahead];
        time.resume();
        const since = time.shown.places.get(1).clock.since;
        time.begin({ ...snapshot(5, [6]), server: 2 });
        return { known, paused, since, another: [time.mode, keys(time)] };";
    let expected = json!({ "known": ["1", 1000], "paused": ["paused", "1", 1], "since": 1000, "another": ["live", "6"] });
    assert_eq!(with_time(&mut page, script), expected);
}

/// The snapshot and the events come on two connections, so a batch may overtake the snapshot.
#[test]
#[ignore = "needs Chromium"]
fn a_snapshot_that_a_batch_overtook_takes_nothing_back() {
    let (_program, address) = inspected();
    let mut page = bench(address);
    // Slot 4 is taken before the snapshot, in a batch that was missed; slot 1 is freed after it, and 2 is taken.
    let mends = "
        time.begin(snapshot(1000, [1]));
        time.pause();
        time.take(batch(1100, { missed: 1, places: [[1], place(2, 3)] }));
        time.begin(snapshot(1050, [1, 4]));
        const paused = [time.mode, keys(time), time.ahead];
        time.step();
        const step = keys(time);
        time.step();
        const end = [keys(time), time.shown.now];
        time.resume();
        return { paused, step, end, now: [keys(time), time.shown.now, time.shown.turns.length] };";
    let expected =
        json!({ "paused": ["paused", "1", 2], "step": "2", "end": ["2 4", 1100], "now": ["2 4", 1100, 3] });
    assert_eq!(with_time(&mut page, mends), expected);
    let begins = "
        time.take(batch(1040, { places: [place(9, 9)] }));
        time.take(batch(1100, { places: [[1], place(2, 3)], turns: [turn(1050), turn(1090)] }));
        time.begin(snapshot(1050, [1, 4]));
        return [keys(time), time.shown.now, time.shown.turns.map(([at]) => at)];";
    assert_eq!(with_time(&mut page, begins), json!(["2 4", 1100, [1050, 1090]]));
}

/// The number of the server tells, and no clock: the new server may have been started long ago.
#[test]
#[ignore = "needs Chromium"]
fn another_server_begins_everything_anew() {
    let (_program, address) = inspected();
    let mut page = bench(address);
    let script = "
        time.begin({ ...snapshot(1000, [1]), server: 1 });
        time.pause();
        time.take({ ...batch(3000, { places: [place(7, 1)] }), server: 2 });
        const before = [time.mode, keys(time), time.ahead];
        time.resume();
        const old = keys(time);
        time.begin({ ...snapshot(2000, [6]), server: 2 });
        return { before, old, after: [time.mode, keys(time)] };";
    let expected = json!({ "before": ["paused", "1", 0], "old": "1", "after": ["live", "6 7"] });
    assert_eq!(with_time(&mut page, script), expected);
}

/// Batches are kept for ten seconds. A snapshot that took longer would bring back connections that have ended.
#[test]
#[ignore = "needs Chromium"]
fn a_snapshot_that_is_too_old_is_asked_for_again() {
    let (_program, address) = inspected();
    let mut page = bench(address);
    let script = "
        time.begin(snapshot(1000, [1]));
        for (let at = 1; at <= 102; at += 1) time.take(batch(1000 + 100 * at, at === 1 ? { places: [[1]] } : {}));
        return [time.begin(snapshot(1050, [1])), keys(time), time.begin(snapshot(11200, [2])), keys(time)];";
    assert_eq!(with_time(&mut page, script), json!([false, "", true, "2"]));
}

#[test]
#[ignore = "needs Chromium"]
fn late_news_of_a_connection_does_not_replace_what_is_known_of_a_later_one() {
    let (_program, address) = inspected();
    let mut page = bench(address);
    let script = "
        const move = (at, id, to) => [at, 1, id, 'Reading', to, null];
        const request = (number, id) => [number, 1, id, '', 200, 900 + number, [[0, 1]]];
        time.begin({ ...snapshot(1000, []), places: [place(1, 9), place(2, 9)], moves: [move(990, 9, 'b')], requests: [request(8, 9)] });
        // Made before the snapshot, and late: of a connection that is over, and of the same one.
        time.take(batch(980, { moves: [move(960, 5, 'x'), move(970, 9, 'a')], requests: [request(3, 5), request(7, 9)] }));
        // No change of state is known of the connection in slot 2 yet.
        time.take(batch(985, { moves: [[960, 2, 5, 'Reading', 'x', null]], requests: [[4, 2, 5, '', 200, 960, []]] }));
        const { history, requests } = time.shown;
        const { id, moves } = history.get(1);
        return [id, moves.map(({ to }) => to), requests.get(1).map(({ number }) => number), history.has(2), requests.has(2)];";
    let expected = json!([9, ["a", "b"], [7, 8], false, false]);
    assert_eq!(with_time(&mut page, script), expected);
}

/// A client with many requests in a tenth of a second loses some of them in each batch. The turns are all there, and news of
/// a slot that comes a batch later is not lost.
#[test]
#[ignore = "needs Chromium"]
fn only_where_turns_are_missing_the_chart_has_a_gap() {
    let (_program, address) = inspected();
    let mut page = inspector(address, [1280, 900]);
    let script = "(async () => {
        const [{ draw }, { Model }] = [await import('./turns.js'), await import('./model.js')];
        const shown = new Model();
        const see = (lost, more) => {
            const now_ms = shown.now + 100;
            shown.take({ now_ms, counters: {}, calls: {}, places: [], moves: [], turns: [[now_ms, 10, 100, 1, 0, []]], lost, ...more });
            draw({ shown, mode: 'live' }, null);
            return [shown.gaps.length, document.getElementById('lost').textContent];
        };
        const none = { turns: 0, moves: 0, requests: 0, places: 0 };
        return [see({ ...none, places: 7 }), see({ ...none, requests: 90 }), see({ ...none, requests: 10, moves: 1 }), see({ ...none, turns: 2 }), see(none, { missed: 1 })];
    })().catch(String)";
    let seen = page.value(script);
    let said = |count: usize, words: &str| json!([count, words]);
    let left =
        " Left out since this page began, beyond what a batch holds: 100 requests and 1 change of state.";
    assert_eq!(seen[0], said(0, "Nothing was left out of what this page was told."));
    assert_eq!(
        seen[1],
        said(
            0,
            "No turn is missing. Left out since this page began, beyond what a batch holds: 90 requests."
        )
    );
    assert_eq!(seen[2], said(0, &format!("No turn is missing.{left}")));
    let turns = "Turns are missing at each dashed line. The last one, before 0.4 s: 2 turns left out, since there was no room for more.";
    assert_eq!(seen[3], said(1, &format!("{turns}{left}")));
    assert_eq!(seen[4][0], 2);
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn one_long_turn_flattens_no_other_and_is_marked() {
    let (_program, address) = inspected();
    let mut page = inspector(address, [1280, 900]);
    let script = "(async () => {
        const { draw, itemsOf } = await import('./timeline.js');
        const { Model } = await import('./model.js');
        const canvas = document.createElement('canvas');
        canvas.style.cssText = 'width: 600px; height: 200px';
        document.body.append(canvas);
        const shown = new Model();
        shown.kinds = ['answer', 'watch'];
        for (let at = 0; at < 50; at += 1) shown.turns.push([at, 10, 100, 1, 1, [[at, 90]], [100, 0]]);
        shown.turns[20] = [20, 10, 20000, 1, 1, [[20, 90]], [100, 19900]];
        shown.gaps.push({ after: 30 });
        const items = itemsOf(canvas, shown);
        const scale = draw(canvas, shown, items, { picked: null, chosen: 10 });
        const inked = (index, from, to) => {
            const x = 600 - (items.length - index) * 8 + 1;
            const { data } = canvas.getContext('2d').getImageData(x, from, 5, to - from);
            return Array.from({ length: to - from }, (_, y) => [0, 1, 2, 3, 4].some(i => data[(y * 5 + i) * 4 + 3] > 200)).filter(Boolean).length;
        };
        return { ...scale, per: 0, gap: items.findIndex(item => !Array.isArray(item)), usual: inked(5, 14, 158),
            marked: [inked(10, 161, 169) > 4, inked(11, 161, 169) > 4], arrows: [inked(20, 0, 10) > 4, inked(21, 0, 10) > 4] };
    })().catch(String)";
    let seen = page.value(script);
    assert_eq!([&seen["top"], &seen["cut"], &seen["longest"]], [100, 1, 20000], "{seen}");
    assert_eq!(seen["gap"], 31, "what is missing is shown where it is missing");
    assert!(seen["usual"].as_u64() > Some(60), "a usual turn is high: {seen}");
    assert_eq!([&seen["marked"], &seen["arrows"]], [&json!([true, false]); 2], "{seen}");
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn what_was_done_is_told_apart_with_and_without_colour() {
    let (_program, address) = inspected();
    let mut page = inspector(address, [1280, 900]);
    let colours = "(() => {
        const style = getComputedStyle(document.documentElement);
        const luminance = (name) => {
            const hex = style.getPropertyValue(name).trim().replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3');
            const [r, g, b] = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16) / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const contrast = (a, b) => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05);
        const kinds = [...document.querySelectorAll('#kinds canvas')].map(canvas => canvas.dataset.kind);
        return kinds.flatMap(kind => ['--well', '--card'].map(ground => [kind, ground, contrast(`--k-${kind}`, ground)])).filter(([, , by]) => !(by >= 3));
    })()";
    for scheme in ["light", "dark"] {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        page.call("Emulation.setEmulatedMedia", json!({ "features": features }));
        assert_eq!(page.value(colours), json!([]), "less than 3:1 in {scheme}");
    }
    let alike = "(() => {
        const masks = [...document.querySelectorAll('#kinds canvas')].map(canvas => [canvas.dataset.kind,
            [...canvas.getContext('2d').getImageData(0, 0, 16, 16).data].filter((_, at) => at % 4 === 3).map(alpha => alpha > 100)]);
        const pairs = masks.flatMap((a, at) => masks.slice(at + 1).map(b => [a, b]));
        return [masks.length, pairs.filter(([[, a], [, b]]) => a.filter((inked, at) => inked !== b[at]).length < 26).map(([[a], [b]]) => `${a} ${b}`)];
    })()";
    assert_eq!(
        page.value(alike),
        json!([9, []]),
        "the eight kinds of work and the wait; textures that are alike"
    );
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn a_bar_chosen_by_key_lights_its_squares_and_shows_its_row() {
    let (_program, address) = inspected();
    let mut page = inspector(address, [390, 844]);
    Visitor::of(address).get("/", "");
    page.wait_for("document.getElementById('timeline').getAttribute('aria-valuemax') > 0");
    page.value(&click("pause"));
    page.wait_for("document.getElementById('moment').textContent.startsWith('Paused')");
    page.value(
        "import('./turns.js').then(turns => import('./time.js').then(({ Time }) =>
            turns.listen(new Time(), () => window.drawn = 1, keys => window.lit = [...keys].sort())))",
    );
    page.wait_for("document.getElementById('timeline').onkeydown !== null");
    for (name, place) in [("ArrowLeft", "last"), ("Home", "first"), ("ArrowRight", "second"), ("End", "last")]
    {
        key(&mut page, "timeline", name);
        // The page draws again with the next batch.
        page.wait_for("document.getElementById('turn').textContent.startsWith('The turn at ')");
        page.wait_for(&format!(
            "(() => {{
                const canvas = document.getElementById('timeline');
                const at = {{ first: 0, second: 1, last: Number(canvas.getAttribute('aria-valuemax')) }}['{place}'];
                const said = document.getElementById('turn').textContent;
                const slots = (said.match(/slots? ([\\d, ]+)/)?.[1] ?? '').split(', ').filter(Boolean).sort().join();
                return Number(canvas.getAttribute('aria-valuenow')) === at && canvas.getAttribute('aria-valuetext') === said
                    && slots === window.lit.join() && document.querySelectorAll('tr.picked').length === 1;
            }})()"
        ));
    }
    key(&mut page, "timeline", "Escape");
    page.wait_for(
        "document.getElementById('turn').textContent.startsWith('No bar') && window.lit.length === 0",
    );
    // A tap holds its bar; a pointer that only passes does not.
    let point = |page: &mut Page, kind: &str| {
        page.value(&format!(
            "(() => {{
                const canvas = document.getElementById('timeline');
                const box = canvas.getBoundingClientRect();
                canvas.dispatchEvent(new PointerEvent('{kind}', {{ clientX: box.right - 12, clientY: box.top + 20 }}));
            }})()"
        ))
    };
    point(&mut page, "pointermove");
    page.wait_for("document.getElementById('turn').textContent.startsWith('The turn at ')");
    point(&mut page, "pointerleave");
    page.wait_for("document.getElementById('turn').textContent.startsWith('No bar')");
    point(&mut page, "pointerdown");
    point(&mut page, "pointerleave");
    page.wait_for("document.getElementById('turn').textContent.startsWith('The turn at ')");
    page.is_quiet();
}

/// Where the buttons and the parts below them are, and how high the rows are.
const STANDS: &str = "JSON.stringify([...document.querySelectorAll('#turns button, #turns h3, #timeline, #turns table, #latest tr')].map(element => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return [element.id || element.tagName, left, top + scrollY, width, height].join(' ');
}))";

#[test]
#[ignore = "needs Chromium"]
fn nothing_moves_when_the_user_pauses_replays_or_points() {
    let (_program, address) = inspected();
    for size in [[390, 844], [1280, 900]] {
        let mut page = inspector(address, size);
        Visitor::of(address).get("/", "");
        page.wait_for("document.querySelector('#latest td').textContent !== ''");
        let before = page.value(STANDS);
        let name = "[...document.getElementById('pause').children].filter(name => getComputedStyle(name).visibility === 'visible').map(name => name.textContent).join()";
        let is_same = |page: &mut Page, name_now: &str, mode: &str| {
            page.wait_for(&format!("document.getElementById('moment').textContent.includes('{mode}')"));
            assert_eq!(page.value(name), name_now);
            assert_eq!(page.value(STANDS), before, "{mode} at {size:?}");
        };
        page.value(&click("pause"));
        is_same(&mut page, "Back to now", "Paused");
        key(&mut page, "timeline", "End");
        page.wait_for("document.getElementById('turn').textContent.startsWith('The turn at ')");
        is_same(&mut page, "Back to now", "Paused");
        page.value(&click("pause"));
        is_same(&mut page, "Pause", "Now");
        page.value(&click("replay"));
        is_same(&mut page, "Pause", "slower");
        page.wait_for("document.getElementById('moment').textContent.startsWith('Now')");
        page.fits();
        page.is_quiet();
    }
}

#[test]
#[ignore = "needs Chromium"]
fn every_counter_call_and_kind_is_explained() {
    let (_program, address) = inspected();
    let mut page = inspector(address, [390, 844]);
    page.wait_for("document.querySelectorAll('#counts dt').length > 0");
    let unexplained = "[...document.querySelectorAll('#counts > div, #calls > div, #kinds > li')].filter(row => (row.querySelector('.why') ?? row.lastChild).textContent.trim().split(' ').length < 3).map(row => row.textContent)";
    assert_eq!(page.value(unexplained), json!([]));
    let counted = "fetch('state.json').then(r => r.json()).then(s => [Object.keys(s.counters).length, Object.keys(s.calls).length])";
    let listed = "[document.querySelectorAll('#counts > div').length, document.querySelectorAll('#calls > div').length]";
    assert_eq!(page.value(counted), page.value(listed));
    for word in ["turn", "waited", "busy", "events", "driven", "slot", "watch"] {
        let found =
            format!("[...document.querySelectorAll('#turns dt')].some(dt => dt.textContent === '{word}')");
        assert_eq!(page.value(&found), true, "{word}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_life_of_a_request_names_each_step_its_time_and_its_source() {
    let (_program, address) = inspected();
    let mut page = bench(address);
    let script = "(async () => {
        document.body.innerHTML = '<div id=life></div>';
        const [{ draw }, { Model }] = [await module('life'), await module('model')];
        const steps = [['head here', 'src/conn/reading.rs:route'], ['answered', 'src/conn/answer.rs:answer'], ['last byte out', 'src/conn/wire.rs:note_sent']];
        const shown = new Model();
        const request = (number, status, steps) => [number, 3, 8, 'GET /<b> HTTP/1.1', status, 990, steps];
        shown.take(batch(1000, { columns: {}, places: [place(3, 8)], steps: steps.map(([name, source]) => ({ name, source })), requests: [request(1, 200, [[0, 10], [1, 30], [2, 1500]])] }));
        shown.take(batch(1100, { places: [[3, 8, '', 'Writing', 'Write', 0, 1, 1, 2, '', 0]], requests: [request(2, 200, [[0, 10]])] }));
        shown.take(batch(1200, { requests: [request(2, 200, [[0, 10], [1, 30]])] }));
        draw(shown, 3);
        const lives = [...document.querySelectorAll('.life')].map(life => [...life.querySelectorAll('li')].map(li => [...li.children].length > 0 ? [...li.children].filter(part => part.className !== 'track').map(part => part.textContent).join(' ').trim() : li.textContent));
        const open = [...document.querySelectorAll('.life')].map(life => life.open);
        const links = [...document.querySelectorAll('a')].map(a => a.getAttribute('href'));
        shown.take(batch(1300, { places: [place(3, 9)] }));
        draw(shown, 3);
        return { lives, link: links[0], open, bold: document.querySelector('#life b b') !== null, next: document.querySelectorAll('.life').length };
    })().catch(String)";
    let expected = json!({
        "lives": [
            ["head here 10 µs +10 µs conn/reading.rs:route", "answered 30 µs +20 µs conn/answer.rs:answer",
             "It still runs, for 210.0 ms. It waits for writability."],
            ["head here 10 µs +10 µs conn/reading.rs:route", "answered 30 µs +20 µs conn/answer.rs:answer",
             "last byte out 1,500 µs +1,470 µs conn/wire.rs:note_sent"],
        ],
        "link": "source/src/conn/reading.rs#route",
        "open": [true, false],
        "bold": false,
        "next": 0,
    });
    assert_eq!(page.value(script), expected);
}

/// What a button of the page starts is work for clients, and not for this page.
#[test]
#[ignore = "needs Chromium"]
fn a_burst_is_reading_answering_and_sending() {
    let (_program, address) = inspected();
    let mut page = inspector(address, [1280, 900]);
    // The rows of the page show the last turns only, so the events themselves are listened to.
    page.value(
        "fetch('state.json').then(answer => answer.json()).then(({ kinds }) => new Promise(opened => {
             window.spent = {};
             const events = new EventSource('events');
             events.onopen = opened;
             events.onmessage = ({ data }) => JSON.parse(data).turns.forEach(turn =>
                 turn.at(-1).forEach((us, kind) => { spent[kinds[kind]] = (spent[kinds[kind]] ?? 0) + us; }));
         })).then(() => true)",
    );
    page.value(&click("burst"));
    page.wait_for("spent.read > 0 && spent.answer > 0 && spent.send > 0");
    page.is_quiet();
}

/// The steps of a request that was really made, as the server tells of them.
#[test]
#[ignore = "needs Chromium"]
fn a_request_that_was_made_has_a_life_from_its_head_to_its_last_byte() {
    let (_program, address) = inspected();
    let mut page = bench(address);
    let mut visitor = Visitor::of(address);
    visitor.get("/tour.html", "");
    page.value("document.body.innerHTML = '<div id=life></div>'");
    let script = "(async () => {
        const [{ draw }, { Model }] = [await module('life'), await module('model')];
        const shown = new Model();
        shown.take(await (await fetch('state.json')).json());
        const { key } = [...shown.places.values()].find(({ line }) => line.startsWith('GET /tour.html'));
        draw(shown, key);
        const part = (name) => [...document.querySelectorAll('#life li')].map(li => li.querySelector(name).textContent);
        const meant = [...document.querySelectorAll('#life dt')].map(dt => dt.textContent);
        return { steps: part('b').filter(name => name !== 'log'), unknown: shown.steps.filter(({ name }) => !meant.includes(name)),
            sources: part('a').filter(source => !/^[a-z/]+\\.rs:[a-z_]+$/.test(source)), said: document.getElementById('life').textContent };
    })().catch(String)";
    let seen = page.value(script);
    let steps = json!(["head here", "gate", "disk", "answered", "first byte out", "last byte out"]);
    assert_eq!(seen["steps"], steps, "{seen}");
    assert_eq!([&seen["unknown"], &seen["sources"]], [&json!([]); 2], "{seen}");
    assert!(seen["said"].as_str().unwrap().contains("200"), "{seen}");
}

#[test]
#[ignore = "needs Chromium"]
fn without_scripts_the_page_says_what_is_missing() {
    let (_program, address) = inspected();
    let mut page = Page::open("about:blank", [390, 844], 1.0);
    page.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    page.go(&format!("http://{address}/.onepoll/"));
    let said = page.value("document.body.innerText");
    let said = said.as_str().unwrap();
    for missing in ["slab", "slot", "turns", "replay", "counters", "buttons", "state.json", "metrics"] {
        assert!(said.contains(missing), "{missing}: {said}");
    }
    assert!(
        !said.contains("Connecting") && !said.contains("Burst"),
        "what does not work is not shown: {said}"
    );
    page.fits();
}
