//! Charts as SVG, for wide and for narrow screens. Lines differ by dashes and by the shape of their points as well as
//! by colour, and are named at their ends. The colours are those of the light theme; for the dark theme the style of
//! the page replaces them by their value. This is the only file that names plotters.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::ops::Range;

/// The colours of text and of lines behind the data. `style.css` repeats them, and [`COLOURS`], too.
const INK: RGBColor = RGBColor(0x22, 0x22, 0x23);
const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDE);

/// The colour inside a hollow point, which is the colour of the page.
const HOLLOW: RGBColor = RGBColor(0xFE, 0xFE, 0xFF);

/// The colours of the servers, in their order: neighbours differ in hue and in lightness, and each has a contrast of
/// three to the page at least.
pub const COLOURS: [&str; 12] = [
    "#1259C3", "#D1491B", "#8F7200", "#7A1FA2", "#2F8F46", "#C2185C", "#6E6E73", "#0B7A85", "#7A4A24",
    "#5B5BD6", "#1F5230", "#A8508F",
];

/// The size of a chart.
#[derive(Clone, Copy)]
pub struct Size {
    pub width: u32,
    pub height: u32,
    /// The size of its text, in pixels. A chart is never drawn smaller than it is, so that this is what is read.
    pub text: u32,
    /// The room for names: of bars at the left, of lines at the right.
    pub names: u32,
}

pub const WIDE: Size = Size { width: 880, height: 440, text: 15, names: 215 };
pub const NARROW: Size = Size { width: 320, height: 400, text: 12, names: 132 };

/// One server in a chart of lines.
pub struct Line {
    /// Its index in [`COLOURS`], which also chooses dashes and the shape of points.
    pub place: usize,
    pub name: String,
    pub points: Vec<(f64, f64)>,
    /// Points at which the server failed to answer some requests; they are drawn hollow.
    pub hollow: Vec<(f64, f64)>,
    /// Points from which no verdict follows; they are drawn hollow, with a cross.
    pub crossed: Vec<(f64, f64)>,
}

/// The texts of the axes.
pub struct Axes<'a> {
    pub x: &'a str,
    pub y: &'a str,
    /// The label for a place on the x axis.
    pub x_label: &'a dyn Fn(f64) -> String,
    /// The places with a label on the x axis, in their order.
    pub x_ticks: &'a [f64],
}

/// One server in a chart of bars.
pub struct Bar {
    pub place: usize,
    pub name: String,
    /// The parts of the bar, side by side; later parts are paler.
    pub parts: Vec<f64>,
    /// The range of the whole bar over all rounds.
    pub range: Range<f64>,
    /// The text after the bar.
    pub label: String,
}

type Drawn = Result<String, Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type At = (i32, i32);

/// Where the lines of a chart are, in pixels.
struct Frame<'a> {
    size: Size,
    axes: &'a Axes<'a>,
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
    least: f64,
    most: f64,
}

/// Draws lines. The labels of the x axis have equal distances; the y axis is logarithmic.
pub fn lines(size: Size, axes: &Axes<'_>, lines: &[Line]) -> Drawn {
    let mut svg = String::new();
    {
        let values = lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y).filter(|y| *y > 0.0);
        let (least, most) = values.fold((f64::MAX, f64::MIN), |(a, b), y| (a.min(y), b.max(y)));
        let (least, most) = if least > most { (1.0, 10.0) } else { (step_below(least), step_above(most)) };
        let text = size.text as i32;
        let longest = lines.iter().map(|line| width(&line.name, size)).max().unwrap_or(0);
        let names = (longest + MARK + 4).min(size.names as i32);
        let frame = Frame {
            size,
            axes,
            left: text * 7 / 2,
            right: size.width as i32 - names - text,
            top: text * 2,
            bottom: size.height as i32 - text * 7 / 2,
            least,
            most,
        };
        let area = SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area();
        frame.draw(&area)?;
        for line in lines.iter().rev() {
            frame.line(&area, line)?;
        }
        frame.names(&area, lines)?;
        area.present()?;
    }
    Ok(svg)
}

impl Frame<'_> {
    fn x(&self, value: f64) -> i32 {
        let place = self.axes.x_ticks.iter().position(|tick| *tick == value).unwrap_or(0) as f64;
        let last = self.axes.x_ticks.len().saturating_sub(1).max(1) as f64;
        self.left + 8 + (f64::from(self.right - self.left - 16) * place / last) as i32
    }

    fn y(&self, value: f64) -> i32 {
        let share = (value / self.least).ln() / (self.most / self.least).ln();
        self.bottom - (f64::from(self.bottom - self.top) * share).round() as i32
    }

    /// The axes, with lines at 1, 2 and 5 times each power of ten.
    fn draw(&self, area: &Area<'_>) -> Result<(), Box<dyn Error>> {
        let text = self.size.text as i32;
        let mut free = i32::MAX;
        for tick in steps(self.least, self.most) {
            let y = self.y(tick);
            area.draw(&PathElement::new(vec![(self.left, y), (self.right, y)], GRID.stroke_width(1)))?;
            if y + text <= free {
                area.draw(&Text::new(short(tick), (self.left - 6, y), style(self.size, HPos::Right)))?;
                free = y - text / 4;
            }
        }
        let title = format!("{}, logarithmic", self.axes.y);
        area.draw(&Text::new(title, (4, text * 3 / 4), style(self.size, HPos::Left)))?;
        let mut free = i32::MIN;
        for tick in self.axes.x_ticks {
            let (x, label) = (self.x(*tick), (self.axes.x_label)(*tick));
            let half = width(&label, self.size) / 2;
            area.draw(&PathElement::new(vec![(x, self.bottom), (x, self.bottom + 5)], INK.stroke_width(1)))?;
            if x - half > free {
                let at = (x, self.bottom + text);
                area.draw(&Text::new(label, at, style(self.size, HPos::Center)))?;
                free = x + half + 5;
            }
        }
        let at = (self.left, self.size.height as i32 - text);
        area.draw(&Text::new(self.axes.x.to_owned(), at, style(self.size, HPos::Left)))?;
        Ok(())
    }

    fn at(&self, points: &[(f64, f64)]) -> Vec<At> {
        points.iter().filter(|(_, y)| *y > 0.0).map(|(x, y)| (self.x(*x), self.y(*y))).collect()
    }

    fn line(&self, area: &Area<'_>, line: &Line) -> Result<(), Box<dyn Error>> {
        let colour = colour(line.place);
        let stroke = if line.place == 0 { 4 } else { 2 };
        for dash in dashes(&self.at(&line.points), DASHES[(line.place + line.place / SHAPES) % DASHES.len()])
        {
            area.draw(&PathElement::new(dash, colour.stroke_width(stroke)))?;
        }
        let (hollow, crossed) = (self.at(&line.hollow), self.at(&line.crossed));
        for at in self.at(&line.points) {
            point(area, line.place, at, hollow.contains(&at) || crossed.contains(&at))?;
        }
        for (x, y) in crossed {
            for bar in [[(x - 5, y - 5), (x + 5, y + 5)], [(x - 5, y + 5), (x + 5, y - 5)]] {
                area.draw(&PathElement::new(bar.to_vec(), INK.stroke_width(1)))?;
            }
        }
        Ok(())
    }

    /// The names beside the ends of the lines, moved apart where they would overlap.
    fn names(&self, area: &Area<'_>, lines: &[Line]) -> Result<(), Box<dyn Error>> {
        let end = |line: &Line| self.at(&line.points).last().copied();
        let mut ends: Vec<_> = lines.iter().filter_map(|line| Some((end(line)?, line))).collect();
        ends.sort_by_key(|((_, y), line)| (*y, line.place));
        let wanted: Vec<_> = ends.iter().map(|((_, y), _)| *y).collect();
        let step = self.size.text as i32 + 3;
        let places = apart(&wanted, step, self.top, self.size.height as i32 - self.size.text as i32);
        for ((end, line), y) in ends.iter().zip(places) {
            let x = self.right + self.size.text as i32 / 2;
            let name = fitted(&line.name, self.size, self.size.names as i32 - MARK);
            let bend = vec![(end.0 + 5, end.1), (self.right, end.1), (x, y), (x + 4, y)];
            area.draw(&PathElement::new(bend, colour(line.place).mix(0.5).stroke_width(1)))?;
            point(area, line.place, (x + 9, y), false)?;
            area.draw(&Text::new(name, (x + MARK, y), style(self.size, HPos::Left)))?;
        }
        Ok(())
    }
}

/// Places with this distance at least, in the order of the wanted ones, and near them.
pub fn apart(wanted: &[i32], distance: i32, first: i32, last: i32) -> Vec<i32> {
    let mut places = wanted.to_vec();
    let mut free = first;
    for place in &mut places {
        *place = (*place).max(free);
        free = *place + distance;
    }
    let mut free = last;
    for place in places.iter_mut().rev() {
        *place = (*place).min(free);
        free = *place - distance;
    }
    places
}

/// How many pixels are drawn and left out, in turn. Zero is a line without gaps.
const DASHES: [(f64, f64); 3] = [(0.0, 0.0), (9.0, 4.0), (2.5, 3.5)];

/// The room for a point before a name.
const MARK: i32 = 18;

/// The number of shapes that points have.
const SHAPES: usize = 6;

/// The pieces of a line that are drawn.
fn dashes(line: &[At], (drawn, gap): (f64, f64)) -> Vec<Vec<At>> {
    if gap == 0.0 {
        return vec![line.to_vec()];
    }
    let (mut pieces, mut at) = (Vec::new(), 0.0);
    for ends in line.windows(2) {
        let [(x0, y0), (x1, y1)] = [ends[0], ends[1]].map(|(x, y)| (f64::from(x), f64::from(y)));
        let length = (x1 - x0).hypot(y1 - y0);
        let on = |far: f64| {
            let share = (far / length.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            ((x0 + (x1 - x0) * share).round() as i32, (y0 + (y1 - y0) * share).round() as i32)
        };
        while at < length {
            pieces.push(vec![on(at), on(at + drawn)]);
            at += drawn + gap;
        }
        at -= length;
    }
    pieces
}

/// Draws a point in the shape of this server.
fn point(area: &Area<'_>, place: usize, at: At, is_hollow: bool) -> Result<(), Box<dyn Error>> {
    let (x, y) = at;
    let ink = colour(place);
    let fill = if is_hollow { HOLLOW.filled() } else { ink.filled() };
    let corners: &[At] = match place % SHAPES {
        0 => {
            area.draw(&Circle::new(at, 4, fill))?;
            area.draw(&Circle::new(at, 4, ink.stroke_width(2)))?;
            return Ok(());
        }
        1 => &[(-4, -4), (4, -4), (4, 4), (-4, 4)],
        2 => &[(0, -6), (6, 5), (-6, 5)],
        3 => &[(0, -6), (6, 0), (0, 6), (-6, 0)],
        4 => &[(0, 6), (6, -5), (-6, -5)],
        _ => &[
            (-2, -6),
            (2, -6),
            (2, -2),
            (6, -2),
            (6, 2),
            (2, 2),
            (2, 6),
            (-2, 6),
            (-2, 2),
            (-6, 2),
            (-6, -2),
            (-2, -2),
        ],
    };
    let mut corners: Vec<_> = corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
    area.draw(&Polygon::new(corners.clone(), fill))?;
    corners.push(corners[0]);
    area.draw(&PathElement::new(corners, ink.stroke_width(2)))?;
    Ok(())
}

/// Draws horizontal bars, with their names on the left and their figures after them.
pub fn bars(size: Size, unit: &str, bars: &[Bar]) -> Drawn {
    let mut svg = String::new();
    let row = size.text * 2;
    {
        let most =
            bars.iter().map(|bar| bar.parts.iter().sum::<f64>().max(bar.range.end)).fold(0.0, f64::max);
        let height = row * bars.len() as u32 + size.text * 2;
        let area = SVGBackend::with_string(&mut svg, (size.width, height)).into_drawing_area();
        let label = bars.iter().map(|bar| width(&bar.label, size)).max().unwrap_or(0);
        let (left, right) = (size.names as i32, size.width as i32 - label - 12);
        let x = |value: f64| left + (f64::from(right - left) * value / most.max(f64::MIN_POSITIVE)) as i32;
        for (at, bar) in bars.iter().enumerate() {
            let (top, colour) = (at as i32 * row as i32 + 4, colour(bar.place));
            let (bottom, middle) = (top + row as i32 - 8, top + row as i32 / 2 - 4);
            let (mut sum, mut strength) = (0.0, 1.0);
            for part in &bar.parts {
                let corners = [(x(sum), top), (x(sum + part), bottom)];
                area.draw(&Rectangle::new(corners, colour.mix(strength).filled()))?;
                (sum, strength) = (sum + part, 0.45);
            }
            let (least, most) = (x(bar.range.start), x(bar.range.end));
            area.draw(&PathElement::new(vec![(least, middle), (most, middle)], INK.stroke_width(1)))?;
            area.draw(&Text::new(
                fitted(&bar.name, size, left - 8),
                (left - 8, middle),
                style(size, HPos::Right),
            ))?;
            let at = (most.max(x(sum)) + 8, middle);
            area.draw(&Text::new(bar.label.clone(), at, style(size, HPos::Left)))?;
        }
        let text = size.text as i32;
        let at = (8, (row * bars.len() as u32) as i32 + text);
        area.draw(&Text::new(unit.to_owned(), at, style(size, HPos::Left)))?;
        area.present()?;
    }
    Ok(svg)
}

/// plotters writes this part of a font's size into an SVG, to have the same height as in its other drawings.
const FONT: f64 = 1.24;

fn style<'a>(size: Size, side: HPos) -> TextStyle<'a> {
    ("sans-serif", f64::from(size.text) * FONT).into_font().color(&INK).pos(Pos::new(side, VPos::Center))
}

/// About how wide a text is, in pixels.
fn width(text: &str, size: Size) -> i32 {
    (text.chars().count() as u32 * size.text * 3 / 5) as i32
}

/// A name that fits into this many pixels. A chart that has no room for `thread-per-connection` has
/// `per-connection`.
fn fitted(name: &str, size: Size, room: i32) -> String {
    if width(name, size) <= room {
        return name.to_owned();
    }
    let short = name.strip_prefix("thread-").unwrap_or(name);
    match width(short, size) <= room {
        true => short.to_owned(),
        false => short.chars().take((room * 5 / 3) as usize / size.text as usize - 1).chain(['…']).collect(),
    }
}

fn colour(place: usize) -> RGBColor {
    let hex = COLOURS[place % COLOURS.len()];
    let part = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or(0);
    RGBColor(part(1), part(3), part(5))
}

/// A number in short form, such as 12k or 3.5M.
pub fn short(value: f64) -> String {
    let trim = |value: f64, unit: &str| format!("{}{unit}", (value * 100.0).round() / 100.0);
    match value {
        _ if value >= 1e6 => trim(value / 1e6, "M"),
        _ if value >= 1e3 => trim(value / 1e3, "k"),
        _ if value >= 0.01 => trim(value, ""),
        _ => format!("{value:.3}"),
    }
}

/// The steps from one to the other: 1, 2 and 5 times each power of ten.
fn steps(least: f64, most: f64) -> Vec<f64> {
    let decades = least.log10().floor() as i32..=most.log10().ceil() as i32;
    let all = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(decade)));
    all.filter(|step| *step >= least * 0.999 && *step <= most * 1.001).collect()
}

fn step_below(value: f64) -> f64 {
    steps(value / 11.0, value).last().copied().unwrap_or(value)
}

fn step_above(value: f64) -> f64 {
    // A chart of a single value has room above it, too.
    steps(value * 1.01, value * 11.0).first().copied().unwrap_or(value)
}
