//! The slab on the page of the inspector, in a real browser: every square is seen, told apart without its colour, and
//! chosen. These tests are ignored in a plain `cargo test`: see `browser.rs`.

mod support;

use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use support::browser::Page;
use support::inspector::{click, inspected, inspector};

const DESK: [u32; 2] = [1280, 900];
const PHONE: [u32; 2] = [390, 844];

/// Connections that the server holds until they are dropped. Each sends a byte, so that the kernel reports it at once.
fn held(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = support::connect(address);
        std::io::Write::write_all(&mut stream, b"G").unwrap();
        stream
    };
    (0..count).map(open).collect()
}

/// The text of the element `id`.
fn text(id: &str) -> String {
    format!("document.getElementById('{id}').textContent")
}

fn number(state: &str) -> String {
    format!("Number(document.getElementById('count-{state}').textContent.replaceAll(',', ''))")
}

fn press(page: &mut Page, key: &str) {
    support::inspector::key(page, "grid", key);
}

/// Waits until the slot is chosen.
fn is_chosen(page: &mut Page, slot: u64) {
    page.wait_for(&format!("{} === 'Slot {slot}'", text("h-slot")));
}

/// The slot that is chosen.
fn chosen(page: &mut Page) -> u64 {
    page.value(&format!("Number({}.split(' ')[1])", text("h-slot"))).as_u64().unwrap()
}

/// Where the chosen square is: whether it lies in the box, and the box in the window.
const CHOSEN_IS_IN_VIEW: &str = "(() => {
    const grid = document.getElementById('grid'), box = grid.parentElement.getBoundingClientRect();
    const { columns, side } = grid.dataset, slot = Number(document.getElementById('h-slot').textContent.split(' ')[1]);
    const top = grid.getBoundingClientRect().top + 6 + Math.floor(slot / columns) * side;
    const isInBox = top >= box.top - 1 && top + Number(side) <= box.bottom + 1;
    return isInBox && box.top >= 0 && box.bottom <= innerHeight;
})()";

#[test]
#[ignore = "needs Chromium"]
fn what_went_out_to_a_slow_reader_stands_for_twenty_seconds() {
    let (_program, address) = inspected();
    let mut page = inspector(address, DESK);
    page.value(&click("slow"));
    let out = "document.querySelector('#facts [data-name=\"bytes out\"]').textContent";
    page.wait_for(&format!("{out}.includes('stands still')"));
    let sent =
        "fetch('state.json').then(r => r.json()).then(s => s.places.find(p => p[9].includes('?slow'))[7])";
    let before = page.value(sent);
    page.wait_for(&format!("Number({out}.match(/still for (\\d+)/)[1]) >= 20"));
    assert_eq!(page.value(sent), before);
    assert!(before.as_u64().unwrap() < 60 << 20, "{before} is all of the download");
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn every_square_of_five_thousand_is_in_view() {
    let (_program, address) = inspected();
    let _held = held(address, 5000);
    for (size, least) in [(DESK, 6.0), (PHONE, 4.0)] {
        let mut page = inspector(address, size);
        page.wait_for(&format!("{} >= 5000", number("reading")));
        page.value("new Promise(requestAnimationFrame)");
        let side = page.value("Number(document.getElementById('grid').dataset.side)").as_f64().unwrap();
        assert!(side >= least, "{side}");
        let fits = "(box => box.scrollHeight <= box.clientHeight && box.scrollWidth <= box.clientWidth)(document.querySelector('.scroll'))";
        assert_eq!(page.value(fits), true, "{size:?}");
        // A click beside the last square chooses it.
        page.value(
            "(grid => {
            const { right, bottom } = grid.getBoundingClientRect();
            grid.dispatchEvent(new MouseEvent('click', { clientX: right - 1, clientY: bottom - 1 }));
        })(document.getElementById('grid'))",
        );
        let last = "fetch('state.json').then(r => r.json()).then(s => s.slots - 1)";
        let last = page.value(last).as_u64().unwrap();
        is_chosen(&mut page, last);
        // What a button starts is chosen by itself, and seen.
        page.value(&click("slow"));
        page.wait_for(&format!("{} === 'writing, waits for writability'", text("state")));
        page.wait_for(CHOSEN_IS_IN_VIEW);
        let waiting = chosen(&mut page);
        // The way back to it, from another slot and the foot of the page.
        page.value(&click("next-reading"));
        page.wait_for(&format!("{} === 'reading'", text("state")));
        page.value("scrollTo(0, document.body.scrollHeight)");
        page.value(&click("show"));
        is_chosen(&mut page, waiting);
        page.wait_for(CHOSEN_IS_IN_VIEW);
        page.wait_for("document.getElementById('wait').getBoundingClientRect().top < innerHeight");
        page.fits();
        page.is_quiet();
        drop(page);
        let others = inspector(address, DESK).value(&number("waits"));
        assert_eq!(others, 0, "the browser ends its connections");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn keys_move_the_choice_and_the_box_follows() {
    let (_program, address) = inspected();
    let _held = held(address, 1000);
    let mut page = inspector(address, DESK);
    page.wait_for(&format!("{} >= 1000", number("reading")));
    let size = page.value("fetch('state.json').then(r => r.json()).then(s => s.slots)").as_u64().unwrap();
    let columns = "Number(document.getElementById('grid').dataset.columns)";
    page.value("Object.assign(document.querySelector('.scroll').style, { width: '80px', height: '40px' }); dispatchEvent(new Event('resize'))");
    page.wait_for(&format!("{columns} < 30 && {}.includes('the box scrolls')", text("slots")));
    let columns = page.value(columns).as_u64().unwrap();
    press(&mut page, "Home");
    is_chosen(&mut page, 0);
    for (key, slot) in [("ArrowRight", 1), ("ArrowDown", columns + 1), ("ArrowLeft", columns), ("ArrowUp", 0)]
    {
        press(&mut page, key);
        is_chosen(&mut page, slot);
    }
    for key in ["End", "Home", "PageDown", "End", "PageUp"] {
        let before = chosen(&mut page);
        press(&mut page, key);
        page.wait_for(&format!("{} !== 'Slot {before}'", text("h-slot")));
        page.wait_for(CHOSEN_IS_IN_VIEW);
    }
    press(&mut page, "End");
    is_chosen(&mut page, size - 1);
    page.wait_for(&format!("{}.startsWith('Slot {}: ')", text("chosen"), size - 1));
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn an_entry_of_the_legend_leads_to_the_next_square_of_its_state() {
    let (_program, address) = inspected();
    let _held = held(address, 3);
    let mut page = inspector(address, PHONE);
    page.wait_for(&format!("{} >= 3", number("reading")));
    let reading = "fetch('state.json').then(r => r.json()).then(s => s.places.filter(p => p[3] === 'Reading').map(p => p[0]))";
    let before = chosen(&mut page);
    let mut slots: Vec<u64> = serde_json::from_value(page.value(reading)).unwrap();
    // From the slot behind the chosen one, and from the first again.
    let behind = slots.iter().filter(|slot| **slot <= before).count();
    slots.rotate_left(behind);
    slots.push(slots[0]);
    for slot in slots {
        page.value(&click("next-reading"));
        is_chosen(&mut page, slot);
    }
    assert_eq!(page.value("document.getElementById('next-parsed').disabled"), true);
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn at_rest_the_connection_of_the_page_explains_itself() {
    let (_program, address) = inspected();
    let mut other = inspector(address, DESK);
    let mut page = inspector(address, DESK);
    page.wait_for(&format!("{}.includes('brings this page its events')", text("wait")));
    other.wait_for(&format!("{} === 2", number("watches")));
    // Each page shows its own connection, and tells the other's from it.
    let own = chosen(&mut page);
    assert_ne!(own, chosen(&mut other));
    page.value(&click("next-watches"));
    page.wait_for(&format!("{}.includes('another page')", text("wait")));
    // A square is a slot: nothing is drawn behind the last.
    let slots = "fetch('state.json').then(r => r.json()).then(s => s.slots)";
    let drawn = "(grid => {
        const side = Number(grid.dataset.side), columns = Number(grid.dataset.columns), all = columns * grid.height / side;
        const isDrawn = slot => grid.getContext('2d').getImageData(6 + slot % columns * side, 6 + Math.floor(slot / columns) * side, side, side).data.some(Boolean);
        return [...Array(Math.floor(all)).keys()].filter(isDrawn).length;
    })(document.getElementById('grid'))";
    page.wait_for(&format!("{slots}.then(slots => slots === {drawn})"));
    page.wait_for(&format!("{slots}.then(slots => {} === slots - [...document.querySelectorAll('#legend b')].slice(0, -1).reduce((sum, b) => sum + Number(b.textContent), 0))", number("free")));
    // The card is as high as what it says.
    let empty = "(card => card.getBoundingClientRect().bottom - Math.max(...[...card.querySelectorAll('p, dl, li')].map(e => e.getBoundingClientRect().bottom)))(document.getElementById('slot'))";
    assert!(page.value(empty).as_f64().unwrap() < 40.0, "{}", page.value(empty));
    page.is_quiet();
    other.is_quiet();
}

/// A page of nothing but the squares, in a box of this size, and what the tests below make up for it.
fn squares(address: SocketAddr, [width, height]: [u32; 2]) -> Page {
    let mut page = Page::open(&format!("http://{address}/.onepoll/source/"), DESK, 1.0);
    let script = format!(
        "(async () => {{
        document.body.innerHTML = '<div><canvas id=grid></canvas><canvas id=frames></canvas></div>';
        Object.assign(document.body.firstChild.style, {{ width: '{width}px', height: '{height}px' }});
        const modules = await Promise.all(['squares', 'time'].map(name => import(`/.onepoll/${{name}}.js`)));
        Object.assign(window, ...modules, {{
            grid: document.getElementById('grid'),
            news: (now_ms, keys) => ({{ now_ms, counters: {{}}, calls: {{}}, turns: [], moves: [], places: keys.map(key => [key, key + 1, '', 'Reading', 'Idle', 0, 1, 1, 1, '', 0]) }}),
        }});
    }})()"
    );
    page.value(&script);
    page
}

/// With thousands of connections a batch costs what changed, and not what there is.
#[test]
#[ignore = "needs Chromium"]
fn only_the_squares_that_changed_are_drawn() {
    let (_program, address) = inspected();
    let mut page = squares(address, [700, 270]);
    let script = "(async () => {
        let drawn = 0;
        const { prototype } = CanvasRenderingContext2D, put = prototype.putImageData;
        prototype.putImageData = function (...all) { drawn += 1; put.apply(this, all); };
        for (const way of ['drawImage', 'fill']) prototype[way] = () => { drawn += 1e6; };
        const time = new Time(), keys = (from, to) => [...Array(to - from).keys()].map(key => from + key);
        const after = () => { drawn = 0; draw(time.shown, 0, new Set()); return drawn; };
        time.begin({ ...news(1000, keys(0, 5000)), columns: {}, slots: 5000 });
        const seen = [after(), after()];
        time.take({ ...news(1100, []), places: [[7], [8], [4000]] });
        seen.push(after());
        time.take(news(1200, keys(5000, 5900)));
        return [...seen, after()];
    })().catch(String)";
    assert_eq!(page.value(script), json!([5000, 0, 3, 900]));
    page.is_quiet();
}

/// A replay begins with fewer slots than there are now, and its squares are those of its slots.
#[test]
#[ignore = "needs Chromium"]
fn in_a_replay_no_square_is_left_of_a_slot_that_came_later() {
    let (_program, address) = inspected();
    let mut page = squares(address, [600, 230]);
    let script = "(async () => {
        const squares = () => {
            const side = Number(grid.dataset.side), columns = Number(grid.dataset.columns), count = columns * (grid.height - 12) / side;
            const isDrawn = slot => grid.getContext('2d').getImageData(6 + slot % columns * side, 6 + Math.floor(slot / columns) * side, side, side).data.some(Boolean);
            return [...Array(count).keys()].filter(isDrawn).length;
        };
        const time = new Time(), seen = [];
        const see = () => { draw(time.shown, null, new Set()); seen.push(squares()); };
        time.begin({ ...news(1000, [0, 1, 2, 3, 4, 5]), columns: {}, slots: 6 });
        time.take(news(1100, [6]));
        time.take(news(1200, [7, 8, 9]));
        see();
        time.replay(() => {});
        time.pause();
        see();
        time.step();
        see();
        time.resume();
        see();
        return seen;
    })().catch(String)";
    assert_eq!(page.value(script), json!([10, 6, 7, 10]));
    page.is_quiet();
}

/// What a button starts is chosen. The connections of a burst may be over before the page learns what they asked for.
#[test]
#[ignore = "needs Chromium"]
fn a_burst_and_a_download_are_chosen() {
    let (_program, address) = inspected();
    let mut page = inspector(address, DESK);
    let shown = format!("{}.includes('/health?burst-') || {}", asked(), text("h-history"));
    for (button, is_chosen) in [
        (
            "burst",
            format!("[{shown}].some(said => said === true || said.startsWith('What the last connection'))"),
        ),
        ("download", format!("{}.includes('/large?download-')", asked())),
    ] {
        page.value(&click(button));
        page.wait_for(&is_chosen);
    }
    page.is_quiet();
}

/// Where the user has chosen another slot meanwhile, what a button started does not take its place.
#[test]
#[ignore = "needs Chromium"]
fn a_button_leaves_alone_what_the_user_chose_after_it() {
    let (_program, address) = inspected();
    let _held = held(address, 2);
    let mut page = inspector(address, DESK);
    page.wait_for(&format!("{} >= 2", number("reading")));
    for way in ["next-reading", "grid"] {
        // The button starts what it starts, and looks for it later.
        page.value(&click("slow"));
        if way == "grid" {
            press(&mut page, "Home");
            page.wait_for(&format!("{} === 'Slot 0'", text("h-slot")));
        } else {
            page.value(&click(way));
            page.wait_for(&format!("{} === 'reading'", text("state")));
        }
        let chosen = chosen(&mut page);
        page.wait_for(&format!("{} > 0", number("waits")));
        // It is known for a second now, and the button looks ten times a second.
        let now = format!("Number({}.match(/Now: ([\\d.]+)/)[1])", text("moment"));
        page.value(&format!("window.then = {now}"));
        page.wait_for(&format!("{now} > window.then + 1"));
        is_chosen(&mut page, chosen);
        page.value("location.reload()");
        page.wait_for("document.getElementById('link')?.textContent === 'Live'");
        // It has drawn what is there, and the connection of the page before is gone.
        page.wait_for(&format!("{} >= 2 && {} === 0", number("reading"), number("waits")));
    }
    page.is_quiet();
}

/// What a button started and what failed of it is told, with the name of the button.
#[test]
#[ignore = "needs Chromium"]
fn a_button_tells_what_failed() {
    let (program, address) = inspected();
    let mut page = inspector(address, DESK);
    for (lost, told) in [
        ("//burst3", "Burst: 6 of 48 requests failed, and the others"),
        ("//", "Burst: All 48 requests failed. "),
    ] {
        page.value(&format!(
            "window.fetched ??= fetch; window.fetch = (url, how) => url.includes('{lost}') ? Promise.reject(new TypeError()) : fetched(url, how)"
        ));
        page.value(&click("burst"));
        page.wait_for(&format!("{}.startsWith('{told}')", text("said")));
    }
    page.value(&click("download"));
    page.wait_for(&format!("{}.startsWith('Big download: The request failed')", text("said")));
    // What never comes is told, too.
    program.stop();
    page.value(&click("preconnect"));
    page.wait_for(&format!("{}.startsWith('Preconnect: No connection of it was seen')", text("said")));
    page.is_quiet();
}

/// What the chosen connection asked for last.
fn asked() -> String {
    "document.querySelector('#facts [data-name=\"last asked\"]').textContent".to_owned()
}

/// The pixels of each mark of the legend, as the screen shows them: of each state, the greatest contrast with the card
/// (WCAG 2.2 §1.4.11), and the luminance of the pixel that has it.
fn contrasts(page: &mut Page) -> Value {
    let clip = page.value("(({ x, y, width, height }) => ({ x, y, width, height, scale: 1 }))(document.getElementById('legend').getBoundingClientRect())");
    let shot = page.call("Page.captureScreenshot", json!({ "format": "png", "clip": clip }))["data"].clone();
    page.value(&format!("(async () => {{
        const image = new Image();
        image.src = 'data:image/png;base64,{shot}';
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        const linear = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
        const contrast = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        const legend = document.getElementById('legend').getBoundingClientRect();
        return Object.fromEntries([...document.querySelectorAll('#legend canvas')].map(mark => {{
            const {{ x, y }} = mark.getBoundingClientRect();
            const at = (left, top) => luminance(context.getImageData(Math.round(x - legend.x) + left, Math.round(y - legend.y) + top, 1, 1).data);
            const card = at(-3, 7);
            const all = [...Array(14 * 14).keys()].map(i => at(i % 14, Math.floor(i / 14)));
            const most = all.reduce((best, one) => contrast(one, card) > contrast(best, card) ? one : best);
            return [mark.dataset.state, [contrast(most, card), most]];
        }}));
    }})()", shot = shot.as_str().unwrap()))
}

#[test]
#[ignore = "needs Chromium"]
fn states_are_told_apart_without_their_colours() {
    let (_program, address) = inspected();
    let mut page = inspector(address, DESK);
    let screens =
        [("prefers-color-scheme", "light"), ("prefers-color-scheme", "dark"), ("forced-colors", "active")];
    for (name, value) in screens {
        page.call("Emulation.setEmulatedMedia", json!({ "features": [{ "name": name, "value": value }] }));
        for deficiency in ["none", "protanopia", "deuteranopia", "achromatopsia"] {
            page.call("Emulation.setEmulatedVisionDeficiency", json!({ "type": deficiency }));
            page.value("new Promise(requestAnimationFrame)");
            let seen = contrasts(&mut page);
            let seen = seen.as_object().unwrap();
            assert_eq!(seen.len(), 7);
            for (state, contrast) in seen {
                assert!(contrast[0].as_f64().unwrap() >= 3.0, "{value} {deficiency} {state}: {contrast}");
            }
            if name == "prefers-color-scheme" {
                // Most squares are of connections that read. The one that waits differs from them by its brightness too.
                let [waits, reading] =
                    ["waits", "reading"].map(|state| seen[state][1].as_f64().unwrap() + 0.05);
                let contrast = waits.max(reading) / waits.min(reading);
                assert!(contrast >= 3.0, "{value} {deficiency}: {contrast}");
            }
        }
    }
    page.is_quiet();
}

/// The large square of a connection that waits is dark where the others are light, or light where they are dark.
#[test]
#[ignore = "needs Chromium"]
fn a_connection_that_waits_stands_out() {
    let (_program, address) = inspected();
    let mut page = inspector(address, PHONE);
    // While none waits, the line that tells of it does not stand out.
    let look = "(line => getComputedStyle(line).fontWeight)(document.getElementById('summary'))";
    assert_eq!([page.value(&number("waits")), page.value(look)], [json!(0), json!("400")]);
    page.value(&click("slow"));
    page.wait_for(&format!("{} === 'writing, waits for writability'", text("state")));
    assert_eq!(page.value(look), "600");
    let waiting = chosen(&mut page);
    let grounds = format!(
        "(grid => {{
        const {{ columns, side }} = grid.dataset;
        const ground = slot => grid.getContext('2d').getImageData(6 + side * (slot % columns + 0.6), 6 + side * Math.floor(slot / columns) + 4, 1, 1).data;
        const linear = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05;
        const [one, other] = [luminance(ground({waiting})), luminance(ground({waiting} === 0 ? 1 : 0))];
        return Math.max(one, other) / Math.min(one, other);
    }})(document.getElementById('grid'))"
    );
    for scheme in ["light", "dark"] {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        page.call("Emulation.setEmulatedMedia", json!({ "features": features }));
        page.value("new Promise(requestAnimationFrame)");
        let contrast = page.value(&grounds);
        assert!(contrast.as_f64().unwrap() >= 7.0, "{scheme}: {contrast}");
    }
    page.is_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn the_marks_differ_in_shape_however_small_they_are() {
    let (_program, address) = inspected();
    let mut page = inspector(address, DESK);
    let shapes = "import('./marks.js').then(({ draw }) => [2, 3, 4, 5, 6, 7, 11, 12, 13, 40].map(side => {
        const shape = state => {
            const context = new OffscreenCanvas(side, side).getContext('2d');
            draw(context, state, 0, 0, side, '#000');
            return [...context.getImageData(0, 0, side, side).data].filter((_, index) => index % 4 === 3).map(alpha => alpha > 127);
        };
        const states = ['reading', 'parsed', 'writing', 'waits', 'closing', 'watches', 'free'];
        const shapes = states.map(shape);
        const pairs = shapes.flatMap((one, i) => shapes.slice(i + 1).map((other, j) => [one.filter((pixel, at) => pixel !== other[at]).length, states[i], states[i + 1 + j]]));
        return [side, pairs.sort((one, other) => one[0] - other[0])[0]];
    }))";
    for least in page.value(shapes).as_array().unwrap() {
        let side = least[0].as_u64().unwrap();
        // A tenth of the pixels at least.
        let differ = least[1][0].as_u64().unwrap();
        assert!(differ >= (side * side).div_ceil(10), "{least}");
    }
    page.is_quiet();
}

/// On paper the squares have the colours for a light screen, also where the screen is dark.
#[test]
#[ignore = "needs Chromium"]
fn the_squares_are_printed_for_white_paper() {
    let (_program, address) = inspected();
    let mut page = inspector(address, DESK);
    let colour =
        "document.querySelector('#legend canvas').getContext('2d').getImageData(7, 7, 1, 1).data.join()";
    let light = page.value(colour);
    let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    page.call("Emulation.setEmulatedMedia", dark);
    page.wait_for(&format!("{colour} !== {light}"));
    let dark = page.value(colour);
    page.value(&format!("addEventListener('beforeprint', () => {{ window.printed = {colour}; }})"));
    page.call("Page.printToPDF", json!({}));
    page.wait_for(&format!("window.printed === {light}"));
    page.wait_for(&format!("{colour} === {dark}"));
    page.is_quiet();
}
