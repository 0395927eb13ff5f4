//! The order of a listing: what its query asks for, and the keys by which folders and files are sorted.

use crate::service::names::sort_key;
use crate::site::folder::Item;
use std::ffi::OsString;

/// What folders and files are sorted by: the column that the client asks for (0 for the name), then the name for people,
/// then the exact name.
pub type Key = (i64, Vec<u8>, OsString);

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

impl Order {
    /// The order by `sort=name|size|time` and `order=asc|desc` in a query; otherwise by name, ascending.
    pub fn of(query: Option<&str>) -> Order {
        let says = |pair: &str| query.is_some_and(|query| query.split('&').any(|said| said == pair));
        let column = match (says("sort=size"), says("sort=time")) {
            (true, _) => Column::Size,
            (_, true) => Column::Time,
            _ => Column::Name,
        };
        let direction = if says("order=desc") { Direction::Down } else { Direction::Up };
        Order { column, direction }
    }

    /// The key of `item` in this order.
    pub fn key(self, item: &Item) -> Key {
        let first = match self.column {
            Column::Name => 0,
            Column::Size => item.bytes.map_or(0, |bytes| bytes.try_into().unwrap_or(i64::MAX)),
            Column::Time => item.modified,
        };
        (first, sort_key(&item.name), item.name.clone())
    }
}
