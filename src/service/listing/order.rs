//! The order of a listing, as its query asks for it. Folders are always by name; only files are in this order.

use crate::http::target::has_pair;

/// The order of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The column that is sorted.
    pub column: Column,
    /// In which direction.
    pub direction: Direction,
}

/// A column of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The name.
    Name,
    /// The length of a file.
    Size,
    /// When it was last written.
    Time,
}

/// A direction in which a column is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The least comes first.
    Up,
    /// The greatest comes first.
    Down,
}

impl Column {
    /// How a query names the column.
    pub fn word(self) -> &'static str {
        match self {
            Column::Name => "name",
            Column::Size => "size",
            Column::Time => "time",
        }
    }
}

impl Order {
    /// The order by `sort=name|size|time` and `order=asc|desc` in a query; otherwise by name, ascending.
    pub fn of(query: Option<&str>) -> Order {
        let says = |pair| has_pair(query, pair);
        let column = match (says("sort=size"), says("sort=time")) {
            (true, _) => Column::Size,
            (_, true) => Column::Time,
            _ => Column::Name,
        };
        let direction = if says("order=desc") { Direction::Down } else { Direction::Up };
        Order { column, direction }
    }
}
