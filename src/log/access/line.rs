//! A line in the form that the user has chosen, in three parts: what is known when the answer is begun, how much and how long
//! it was, and what the client said of itself.

use super::combined::Combined;
use super::exchange::{Exchange, Measures};
use super::json::Json;
use super::short::Short;
use crate::http::date::Date;
use crate::log::form::Form;

/// Writes lines.
pub enum Writer {
    Off,
    Combined(Combined),
    Short(Short),
    Json(Json),
}

impl Writer {
    pub fn of(form: &Form) -> Writer {
        match form {
            Form::Off => Writer::Off,
            Form::Combined => Writer::Combined(Combined::default()),
            Form::Short(look) => Writer::Short(Short::new(look.clone())),
            Form::Json => Writer::Json(Json::default()),
        }
    }

    /// Whether lines say how long an answer took.
    pub fn is_timed(&self) -> bool {
        matches!(self, Writer::Short(_) | Writer::Json(_))
    }

    /// The next lines will leave together.
    pub fn begin(&mut self) {
        if let Writer::Short(short) = self {
            short.measure_terminal();
        }
    }

    pub fn before(&mut self, exchange: &Exchange<'_>, date: &Date, line: &mut Vec<u8>) {
        match self {
            Writer::Off => {}
            Writer::Combined(combined) => combined.before(exchange, date, line),
            Writer::Short(short) => short.before(exchange, date, line),
            Writer::Json(json) => json.before(exchange, date, line),
        }
    }

    pub fn measures(&self, measures: Measures, line: &mut Vec<u8>) {
        match self {
            Writer::Off => {}
            Writer::Combined(_) => Combined::measures(measures, line),
            Writer::Short(short) => short.measures(measures, line),
            Writer::Json(_) => Json::measures(measures, line),
        }
    }

    /// Appends the last part, and the end of the line.
    pub fn after(&mut self, exchange: &Exchange<'_>, line: &mut Vec<u8>) {
        match self {
            Writer::Off | Writer::Short(_) => {}
            Writer::Combined(combined) => combined.after(exchange, line),
            Writer::Json(json) => json.after(exchange, line),
        }
        line.push(b'\n');
    }
}
