//! Write times and times to live that are put back: which cells of a record were written together.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ListArray, PrimitiveArray, RecordBatch};
use cql_arrow::Nulls;

use super::binding::Refusal;
use super::statements::{Cells, Parts, Source};
use crate::error::Result;

/// Cells that are written at the same time, to live as long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    /// Microseconds since 1970; `None` is the import's own.
    pub(crate) timestamp: Option<i64>,
    /// Seconds; 0 is for ever, `None` what the table says.
    pub(crate) ttl: Option<i32>,
    cells: Vec<(usize, Part)>,
}

/// What of a cell's value is in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// These elements, or fields.
    Some(Vec<usize>),
}

impl Group {
    pub(crate) fn part(&self, cell: usize) -> Option<&Part> {
        self.cells.iter().find(|(own, _)| *own == cell).map(|(_, part)| part)
    }
}

/// The times of the cells of a batch.
pub(crate) struct Times<'a> {
    cells: &'a Cells,
    of_cell: Vec<CellTimes<'a>>,
    batch: &'a RecordBatch,
    later: i64,
}

struct CellTimes<'a> {
    write_time: Option<Of<'a, Int64Type>>,
    ttl: Option<Of<'a, Int32Type>>,
}

/// A number for each value, or one for each part of it.
enum Of<'a, T: arrow_array::types::ArrowPrimitiveType> {
    Value(&'a PrimitiveArray<T>),
    Parts(&'a ListArray),
}

/// The times of one value.
enum Known<N> {
    /// There is no such field.
    No,
    /// One for all of it; `None` is null.
    One(Option<N>),
    Each(Vec<Option<N>>),
}

impl<T: arrow_array::types::ArrowPrimitiveType> Of<'_, T> {
    fn get(&self, row: usize) -> Known<T::Native> {
        match self {
            Of::Value(array) => Known::One(array.is_valid(row).then(|| array.value(row))),
            Of::Parts(array) if array.is_null(row) => Known::One(None),
            Of::Parts(array) => Known::Each(array.value(row).as_primitive::<T>().iter().collect()),
        }
    }
}

impl<'a> Times<'a> {
    /// `later` is added to the times of lists, which a replay at the same time would double.
    pub(crate) fn new(cells: &'a Cells, batch: &'a RecordBatch, later: i64) -> Result<Self> {
        let of_cell = cells.0.iter().map(|cell| CellTimes {
            write_time: cell.write_time.map(|field| of(batch, field)),
            ttl: cell.ttl.map(|field| of(batch, field)),
        });
        Ok(Times { cells, of_cell: of_cell.collect(), batch, later })
    }

    /// The groups of some cells of a row.
    pub(crate) fn groups(
        &self,
        cells: &[usize],
        row: usize,
        is_null: impl Fn(usize) -> bool,
        nulls: Nulls,
        usual: Option<i32>,
    ) -> Result<Vec<Group>, Refusal> {
        let mut groups: Vec<Group> = Vec::new();
        for cell in cells {
            if is_null(*cell) {
                if nulls == Nulls::Null {
                    add(&mut groups, (None, usual), *cell, None);
                }
                continue;
            }
            let own = &self.cells.0[*cell];
            let times = &self.of_cell[*cell];
            let written = times.write_time.as_ref().map_or(Known::No, |times| times.get(row));
            let lives = times.ttl.as_ref().map_or(Known::No, |times| times.get(row));
            let parts = match own.parts {
                Parts::Whole | Parts::List => None,
                Parts::Elements | Parts::Fields(_) => self.len(*cell, row),
            };
            let is_each = matches!(written, Known::Each(_)) || matches!(lives, Known::Each(_));
            match parts.filter(|_| is_each) {
                None => {
                    // The newest time, and the longest life, of what is written as a whole.
                    let later = if own.parts == Parts::List { self.later } else { 0 };
                    let written = newest(&written).map(|time| time.saturating_add(later));
                    let lives = match &lives {
                        Known::No => usual,
                        Known::One(ttl) => Some(ttl.unwrap_or(0)),
                        Known::Each(ttls) => Some(longest(ttls)),
                    };
                    add(&mut groups, (written, lives), *cell, None);
                }
                Some(parts) => {
                    for part in 0..parts.len {
                        if !parts.has(part) {
                            continue;
                        }
                        let written = at(&written, part, parts.len, &own.name)?.flatten();
                        let lives = match at(&lives, part, parts.len, &own.name)? {
                            None => usual,
                            Some(ttl) => Some(ttl.unwrap_or(0)),
                        };
                        add(&mut groups, (written, lives), *cell, Some(part));
                    }
                }
            }
        }
        Ok(groups)
    }

    /// How many elements a collection has, or fields a user-defined type, and which are there.
    fn len(&self, cell: usize, row: usize) -> Option<PartsThere> {
        let Source::Field(field) = self.cells.0[cell].source else { return None };
        let array = self.batch.column(field);
        if let Some(list) = array.as_list_opt::<i32>() {
            return Some(PartsThere { len: list.value(row).len(), missing: Vec::new() });
        }
        if let Some(map) = array.as_map_opt() {
            return Some(PartsThere { len: map.value(row).len(), missing: Vec::new() });
        }
        let fields = array.as_struct_opt()?.columns();
        let missing = (0..fields.len()).filter(|field| fields[*field].is_null(row));
        Some(PartsThere { len: fields.len(), missing: missing.collect() })
    }

    /// When a row was made, as far as its cells tell: with the oldest of them.
    pub(crate) fn oldest(groups: &[Group], timestamp: i64, ttl: Option<i32>) -> Group {
        let written = |group: &&Group| group.timestamp.unwrap_or(timestamp);
        match groups.iter().min_by_key(written) {
            Some(group) => Group { timestamp: group.timestamp, ttl: group.ttl, cells: Vec::new() },
            None => Group { timestamp: None, ttl, cells: Vec::new() },
        }
    }
}

struct PartsThere {
    len: usize,
    missing: Vec<usize>,
}

impl PartsThere {
    fn has(&self, part: usize) -> bool {
        !self.missing.contains(&part)
    }
}

fn of<T: arrow_array::types::ArrowPrimitiveType>(batch: &RecordBatch, field: usize) -> Of<'_, T> {
    let array = batch.column(field);
    match array.as_list_opt::<i32>() {
        Some(list) => Of::Parts(list),
        None => Of::Value(array.as_primitive::<T>()),
    }
}

fn newest(times: &Known<i64>) -> Option<i64> {
    match times {
        Known::No => None,
        Known::One(time) => *time,
        Known::Each(times) => times.iter().flatten().max().copied(),
    }
}

/// The longest of some times to live; one that has no end is the longest.
fn longest(ttls: &[Option<i32>]) -> i32 {
    if ttls.iter().any(Option::is_none) {
        0
    } else {
        ttls.iter().flatten().max().copied().unwrap_or(0)
    }
}

/// What is known for a part: nothing, or a number that may be null.
fn at<N: Copy>(
    times: &Known<N>,
    part: usize,
    parts: usize,
    column: &str,
) -> Result<Option<Option<N>>, Refusal> {
    match times {
        Known::No => Ok(None),
        Known::One(time) => Ok(Some(*time)),
        Known::Each(each) if each.len() == parts => Ok(Some(each[part])),
        Known::Each(each) => Err(Refusal::new(
            Some(column.to_owned()),
            format!("it has {parts} elements, and {} write times or times to live", each.len()),
        )),
    }
}

fn add(
    groups: &mut Vec<Group>,
    times: (Option<i64>, Option<i32>),
    cell: usize,
    part: Option<usize>,
) {
    let (timestamp, ttl) = times;
    let same = |group: &&mut Group| group.timestamp == timestamp && group.ttl == ttl;
    let group = match groups.iter_mut().find(same) {
        Some(group) => group,
        None => {
            groups.push(Group { timestamp, ttl, cells: Vec::new() });
            // Just pushed.
            let last = groups.len() - 1;
            &mut groups[last]
        }
    };
    let known = group.cells.iter_mut().find(|(own, _)| *own == cell);
    match (known, part) {
        (Some((_, Part::Some(parts))), Some(part)) => parts.push(part),
        (None, Some(part)) => group.cells.push((cell, Part::Some(vec![part]))),
        (None, None) => group.cells.push((cell, Part::All)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_the_same_times_are_written_together() {
        let mut groups = Vec::new();
        add(&mut groups, (Some(5), None), 2, None);
        add(&mut groups, (Some(7), None), 3, Some(0));
        add(&mut groups, (Some(5), None), 3, Some(1));
        add(&mut groups, (Some(7), None), 3, Some(4));
        add(&mut groups, (Some(5), Some(9)), 4, None);
        assert_eq!(groups.len(), 3);
        assert_eq!(groups[0].part(2), Some(&Part::All));
        assert_eq!(groups[0].part(3), Some(&Part::Some(vec![1])));
        assert_eq!(groups[1].part(3), Some(&Part::Some(vec![0, 4])));
        assert_eq!(groups[1].part(2), None);
        let oldest = Times::oldest(&groups, 100, None);
        assert_eq!((oldest.timestamp, oldest.ttl), (Some(5), None));
        assert_eq!(Times::oldest(&[], 100, Some(3)).ttl, Some(3));
    }

    #[test]
    fn what_is_written_as_a_whole_is_as_new_and_lives_as_long_as_its_parts() {
        assert_eq!(newest(&Known::Each(vec![Some(3), None, Some(8)])), Some(8));
        assert_eq!(longest(&[Some(3), Some(9)]), 9);
        assert_eq!(longest(&[Some(3), None]), 0);
        assert!(at(&Known::Each(vec![Some(1_i64)]), 0, 2, "c").is_err());
    }
}
