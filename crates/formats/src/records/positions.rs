//! Sets of records, by their ordinals in a file.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A set of ordinals of records, as the disjoint half-open ranges that it consists of.
///
/// Ranges are sorted, and none touches another, so equal sets are equal values. As JSON they are
/// `[[start, end], …]`.
///
/// ```
/// use formats::Positions;
/// let mut done = Positions::default();
/// done.insert(0..10);
/// done.insert(20..30);
/// done.insert(10..20);
/// assert!(done.contains(15) && !done.contains(30));
/// assert_eq!(serde_json::to_string(&done)?, "[[0,30]]");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Positions {
    ranges: Vec<Range<u64>>,
}

impl Positions {
    /// Adds the ordinals of a range. An empty one adds nothing.
    pub fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        // Those that overlap or touch the new one.
        let first = self.ranges.partition_point(|each| each.end < range.start);
        let last = self.ranges.partition_point(|each| each.start <= range.end);
        let joined = match self.ranges.get(first..last) {
            Some([one]) => range.start.min(one.start)..range.end.max(one.end),
            Some([one, .., two]) => range.start.min(one.start)..range.end.max(two.end),
            _ => range,
        };
        self.ranges.splice(first..last, [joined]);
    }

    /// Whether an ordinal is in the set.
    pub fn contains(&self, ordinal: u64) -> bool {
        let index = self.ranges.partition_point(|each| each.end <= ordinal);
        self.ranges.get(index).is_some_and(|range| range.start <= ordinal)
    }

    /// What is in one set or the other.
    #[must_use]
    pub fn union(&self, other: &Positions) -> Positions {
        let mut union = self.clone();
        union.extend(other.iter());
        union
    }

    /// What is in this set and not in the other.
    ///
    /// ```
    /// use formats::Positions;
    /// let rest = Positions::from(0..10).difference(&Positions::from(3..5));
    /// assert_eq!(rest, Positions::from_iter([0..3, 5..10]));
    /// ```
    #[must_use]
    pub fn difference(&self, other: &Positions) -> Positions {
        let mut difference = Positions::default();
        for Range { mut start, end } in self.iter() {
            let first = other.ranges.partition_point(|taken| taken.end <= start);
            for taken in other.ranges[first..].iter().take_while(|taken| taken.start < end) {
                difference.insert(start..taken.start.max(start));
                start = taken.end;
            }
            difference.insert(start..end.max(start));
        }
        difference
    }

    /// How many ordinals there are.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The ranges, in order.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ranges.iter().cloned()
    }
}

impl From<Range<u64>> for Positions {
    fn from(range: Range<u64>) -> Self {
        let mut positions = Positions::default();
        positions.insert(range);
        positions
    }
}

impl From<Vec<(u64, u64)>> for Positions {
    fn from(ranges: Vec<(u64, u64)>) -> Self {
        ranges.into_iter().map(|(start, end)| start..end).collect()
    }
}

impl From<Positions> for Vec<(u64, u64)> {
    fn from(positions: Positions) -> Self {
        positions.ranges.into_iter().map(|range| (range.start, range.end)).collect()
    }
}

impl FromIterator<Range<u64>> for Positions {
    fn from_iter<I: IntoIterator<Item = Range<u64>>>(ranges: I) -> Self {
        let mut positions = Positions::default();
        positions.extend(ranges);
        positions
    }
}

impl Extend<Range<u64>> for Positions {
    fn extend<I: IntoIterator<Item = Range<u64>>>(&mut self, ranges: I) {
        for range in ranges {
            self.insert(range);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_set_of_what_was_inserted(ranges in prop::collection::vec((0_u64..40, 0_u64..8), 0..12)) {
            let ranges: Vec<Range<u64>> =
                ranges.into_iter().map(|(start, len)| start..start + len).collect();
            let expected: BTreeSet<u64> = ranges.iter().cloned().flatten().collect();
            let positions: Positions = ranges.iter().cloned().collect();
            let mut backwards = Positions::default();
            for range in ranges.into_iter().rev() {
                backwards = backwards.union(&Positions::from_iter([range]));
            }
            prop_assert_eq!(&positions, &backwards);
            prop_assert_eq!(positions.len(), expected.len() as u64);
            prop_assert_eq!(positions.is_empty(), expected.is_empty());
            for ordinal in 0..60 {
                prop_assert_eq!(positions.contains(ordinal), expected.contains(&ordinal));
            }
            let ranges: Vec<Range<u64>> = positions.iter().collect();
            prop_assert!(ranges.windows(2).all(|two| two[0].end < two[1].start));
            let json = serde_json::to_string(&positions).unwrap();
            prop_assert_eq!(serde_json::from_str::<Positions>(&json).unwrap(), positions);
        }
    }

    proptest! {
        #[test]
        fn a_difference_is_what_only_the_first_has(
            ours in prop::collection::vec((0_u64..40, 0_u64..8), 0..8),
            theirs in prop::collection::vec((0_u64..40, 0_u64..8), 0..8),
        ) {
            let set = |ranges: Vec<(u64, u64)>| -> Positions {
                ranges.into_iter().map(|(start, len)| start..start + len).collect()
            };
            let (ours, theirs) = (set(ours), set(theirs));
            let expected: Positions = (0..60)
                .filter(|at| ours.contains(*at) && !theirs.contains(*at))
                .map(|at| at..at + 1)
                .collect();
            prop_assert_eq!(ours.difference(&theirs), expected);
        }
    }

    #[test]
    fn what_is_outside_of_a_set_is_the_rest() {
        let set = Positions::from_iter([0..3, 5..6, 8..20]);
        let outside = |range: Range<u64>, set: &Positions| Positions::from(range).difference(set);
        assert_eq!(outside(0..10, &set), Positions::from_iter([3..5, 6..8]));
        assert_eq!(outside(2..4, &set), Positions::from(3..4));
        assert_eq!(outside(9..12, &set), Positions::default());
        assert_eq!(outside(4..5, &Positions::default()), Positions::from(4..5));
    }

    #[test]
    fn the_last_ordinal_does_not_overflow() {
        let mut all = Positions::default();
        all.insert(0..u64::MAX);
        let (start, end) = (5, 3);
        all.insert(start..end);
        assert!(all.contains(u64::MAX - 1) && !all.contains(u64::MAX));
        assert_eq!(all.len(), u64::MAX);
        let odd: Positions = serde_json::from_str("[[9,4],[1,3],[2,5]]").unwrap();
        assert!(odd.iter().eq(std::iter::once(1..5)));
    }
}
