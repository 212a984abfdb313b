//! Compares what came back with what was loaded: each row, each column.

use std::collections::HashMap;

use crate::dataset::{Reading, partitions};

/// What came back, partition by partition, as one bit a row.
#[derive(Debug)]
pub struct Comparison {
    expected: u64,
    seen: HashMap<i64, Vec<bool>>,
    /// Rows that came back as they were loaded, each for the first time.
    pub equal: u64,
    /// Rows that came back again.
    pub twice: u64,
    /// Rows that were never loaded, or came back changed.
    pub wrong: u64,
}

impl Comparison {
    /// Expects the rows that [`load`](crate::dataset::load) writes.
    pub fn new(rows: u64) -> Self {
        let seen = partitions(rows)
            .map(|(sensor, size)| (sensor, vec![false; usize::try_from(size).unwrap_or(0)]))
            .collect();
        Comparison { expected: rows, seen, equal: 0, twice: 0, wrong: 0 }
    }

    /// A row came back.
    pub fn row(&mut self, row: &Reading) {
        let place = self.seen.get_mut(&row.sensor).and_then(|partition| {
            let index = usize::try_from(row.sequence).ok()?;
            partition.get_mut(index)
        });
        match place {
            Some(true) => self.twice += 1,
            Some(seen) if *row == Reading::of(row.sensor, row.sequence) => {
                *seen = true;
                self.equal += 1;
            }
            _ => self.wrong += 1,
        }
    }

    /// Rows that did not come back.
    pub fn missing(&self) -> u64 {
        self.expected - self.equal
    }

    /// Whether every row came back once, as it was loaded, and nothing else did.
    pub fn is_exact(&self) -> bool {
        self.missing() == 0 && self.twice == 0 && self.wrong == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_difference_is_seen() {
        let mut comparison = Comparison::new(2);
        let keys: Vec<(i64, i32)> = partitions(2)
            .flat_map(|(sensor, size)| (0..size.cast_signed()).map(move |row| (sensor, row)))
            .collect();
        assert_eq!(keys.len(), 2);
        let first = Reading::of(keys[0].0, keys[0].1);
        comparison.row(&Reading { value: -1.0, ..first.clone() });
        comparison.row(&first);
        comparison.row(&first);
        assert_eq!((comparison.equal, comparison.twice, comparison.wrong), (1, 1, 1));
        assert_eq!(comparison.missing(), 1);
        assert!(!comparison.is_exact());
    }

    #[test]
    fn partitions_have_the_rows_asked_for_and_are_skewed() {
        let sizes: Vec<u32> = partitions(200_000).map(|(_, size)| size).collect();
        assert_eq!(sizes.iter().map(|size| u64::from(*size)).sum::<u64>(), 200_000);
        assert_eq!(sizes.iter().max(), Some(&10_000));
        assert_eq!(sizes.iter().min(), Some(&1));
    }
}
