//! Charts as SVG, for wide and for narrow screens. The colours are those of the light theme; for the dark theme the
//! style of the page replaces them by their value. This is the only file that names plotters.

use plotters::prelude::*;
use std::error::Error;
use std::ops::Range;

/// The colours of text and of lines behind the data. `style.css` repeats them, and [`COLOURS`], too.
const INK: RGBColor = RGBColor(0x22, 0x22, 0x23);
const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDE);

/// The colours of the servers, in their order.
pub const COLOURS: [&str; 11] = [
    "#1259C3", "#D1491B", "#B8860C", "#8FBC5A", "#3F9B4F", "#14663A", "#8A8A8B", "#8B4FD0", "#C2185C",
    "#7A5C3F", "#0F8C93",
];

/// The size of a chart.
#[derive(Clone, Copy)]
pub struct Size {
    pub width: u32,
    pub height: u32,
    /// The size of its text, in pixels.
    pub text: u32,
    /// The room for names of bars at the left, in pixels.
    pub left: u32,
}

pub const WIDE: Size = Size { width: 880, height: 420, text: 15, left: 190 };
pub const NARROW: Size = Size { width: 360, height: 340, text: 12, left: 132 };

/// One server in a chart of lines.
pub struct Line {
    /// Its index in [`COLOURS`].
    pub colour: usize,
    pub points: Vec<(f64, f64)>,
    /// Points at which the server failed to answer some requests; they are drawn hollow.
    pub hollow: Vec<(f64, f64)>,
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
    pub colour: usize,
    pub name: String,
    /// The parts of the bar, side by side; later parts are paler.
    pub parts: Vec<f64>,
    /// The range of the whole bar over all rounds.
    pub range: Range<f64>,
    /// The text after the bar.
    pub label: String,
}

type Drawn = Result<String, Box<dyn Error>>;

/// Draws lines. The labels of the x axis have equal distances; the y axis is logarithmic.
pub fn lines(size: Size, axes: &Axes<'_>, lines: &[Line]) -> Drawn {
    let mut svg = String::new();
    {
        let values = lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y).filter(|y| *y > 0.0);
        let (least, most) = values.fold((f64::MAX, f64::MIN), |(a, b), y| (a.min(y), b.max(y)));
        let (least, most) =
            if least > most { (1.0, 10.0) } else { (decade_below(least), decade_above(most)) };
        let place = |x: f64| axes.x_ticks.iter().position(|tick| *tick == x).unwrap_or(0) as f64;
        let area = SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area();
        let last = axes.x_ticks.len().saturating_sub(1) as f64;
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .x_label_area_size(size.text * 3)
            .y_label_area_size(size.text * 5)
            .build_cartesian_2d(-0.2..last + 0.2, (least..most).log_scale())?;
        let label = |place: &f64| match axes.x_ticks.get(place.round() as usize) {
            Some(tick) if (place - place.round()).abs() < 1e-6 => (axes.x_label)(*tick),
            _ => String::new(),
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(axes.x_ticks.len() * 2)
            .x_label_formatter(&label)
            .y_label_formatter(&|y| short(*y))
            .x_desc(axes.x)
            .y_desc(axes.y)
            .axis_style(GRID)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .label_style(text(size))
            .draw()?;
        for line in lines.iter().rev() {
            let colour = colour(line.colour);
            let stroke = if line.colour == 0 { 4 } else { 2 };
            let at = |points: &[(f64, f64)]| {
                let points = points.iter().filter(|(_, y)| *y > 0.0);
                points.map(|(x, y)| (place(*x), *y)).collect::<Vec<_>>()
            };
            chart.draw_series(LineSeries::new(at(&line.points), colour.stroke_width(stroke)))?;
            chart.draw_series(at(&line.points).into_iter().map(|it| Circle::new(it, 4, colour.filled())))?;
            let hollow = at(&line.hollow).into_iter();
            chart.draw_series(hollow.map(|it| Circle::new(it, 2, HOLLOW.filled())))?;
        }
        area.present()?;
    }
    Ok(svg)
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
        let (left, right) = (size.left as i32, (size.width - size.text * 8) as i32);
        let x = |value: f64| left + (f64::from(right - left) * value / most.max(f64::MIN_POSITIVE)) as i32;
        for (at, bar) in bars.iter().enumerate() {
            let (top, colour) = (at as i32 * row as i32 + 4, colour(bar.colour));
            let (bottom, middle) = (top + row as i32 - 8, top + row as i32 / 2 - 4);
            let (mut sum, mut strength) = (0.0, 1.0);
            for part in &bar.parts {
                let corners = [(x(sum), top), (x(sum + part), bottom)];
                area.draw(&Rectangle::new(corners, colour.mix(strength).filled()))?;
                (sum, strength) = (sum + part, 0.45);
            }
            let (least, most) = (x(bar.range.start), x(bar.range.end));
            area.draw(&PathElement::new(vec![(least, middle), (most, middle)], INK.stroke_width(1)))?;
            let name = text(size).pos(plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Right,
                plotters::style::text_anchor::VPos::Center,
            ));
            area.draw(&Text::new(bar.name.clone(), (left - 8, middle), name))?;
            let label = text(size).pos(plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Left,
                plotters::style::text_anchor::VPos::Center,
            ));
            area.draw(&Text::new(bar.label.clone(), (most.max(x(sum)) + 8, middle), label))?;
        }
        let at = (left, (row * bars.len() as u32) as i32 + 8);
        area.draw(&Text::new(unit.to_owned(), at, text(size)))?;
        area.present()?;
    }
    Ok(svg)
}

/// The colour inside a hollow point, which is the colour of the page.
const HOLLOW: RGBColor = RGBColor(0xFE, 0xFE, 0xFF);

fn text<'a>(size: Size) -> TextStyle<'a> {
    ("sans-serif", size.text).into_font().color(&INK)
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
        _ => format!("{value}"),
    }
}

fn decade_below(value: f64) -> f64 {
    10_f64.powf(value.log10().floor())
}

fn decade_above(value: f64) -> f64 {
    10_f64.powf(value.log10().ceil())
}
