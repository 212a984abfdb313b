//! Records grouped by partition, and cut into batches.
//!
//! A batch of one partition is one mutation to the server: one coordinator, one write per replica, no
//! batch log. So the more rows a partition has side by side in the input, the fewer requests it takes.
//!
//! **Why group by token and not by key?** Two keys of one token are next to impossible, have the same
//! replicas, and would merely share an unlogged batch of two mutations. Tokens are numbers of eight
//! bytes, there already, and sorting them costs less than a table of keys.

use std::ops::Range;

use super::mutations::Mutations;

/// The records of some mutations, in the order they are sent in.
#[derive(Debug)]
pub(super) struct Batches {
    /// Records by token; those of one token in the order they were pushed in.
    order: Vec<usize>,
}

/// Which records go together: a range of the order.
pub(super) type Piece = Range<usize>;

impl Batches {
    pub(super) fn of(mutations: &Mutations) -> Self {
        let mut order: Vec<usize> = (0..mutations.records()).collect();
        order.sort_by_key(|record| mutations.token(*record));
        Batches { order }
    }

    /// The records of a piece.
    pub(super) fn records(&self, piece: &Piece) -> &[usize] {
        &self.order[piece.clone()]
    }

    /// The pieces that each go as one batch: of one partition, with so many records and statements
    /// and bytes at the most. What is larger by itself goes alone.
    pub(super) fn pieces<'a>(
        &'a self,
        mutations: &'a Mutations,
        most_records: usize,
        most_bytes: usize,
    ) -> impl Iterator<Item = Piece> + 'a {
        let mut start = 0;
        std::iter::from_fn(move || {
            let first = *self.order.get(start)?;
            let token = mutations.token(first);
            let mut bytes = mutations.cost(first);
            let mut statements = mutations.statements(first).len();
            let mut end = start + 1;
            while let Some(&next) = self.order.get(end) {
                bytes += mutations.cost(next);
                statements += mutations.statements(next).len();
                if mutations.token(next) != token
                    || end - start >= most_records
                    || bytes > most_bytes
                    || statements > usize::from(u16::MAX)
                {
                    break;
                }
                end += 1;
            }
            let piece = start..end;
            start = end;
            Some(piece)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::statement::StatementId;
    use super::super::statement::tests::shape;
    use super::*;

    const INSERT: StatementId = StatementId(0);

    /// Records of these keys and values, in this order.
    fn mutations<'a>(rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> Mutations {
        let shapes = Arc::new([Arc::new(shape(&["id", "v"], &[0]))]);
        let mut mutations = Mutations::new(shapes, 1 << 20);
        for (record, row) in (0..).zip(rows) {
            mutations.push(record, INSERT, &row).unwrap();
        }
        mutations
    }

    fn cut(mutations: &Mutations, most_records: usize, most_bytes: usize) -> Vec<Vec<usize>> {
        let batches = Batches::of(mutations);
        let pieces = batches.pieces(mutations, most_records, most_bytes);
        let mut cut: Vec<_> = pieces.map(|piece| batches.records(&piece).to_vec()).collect();
        cut.sort_unstable();
        cut
    }

    #[test]
    fn records_of_a_partition_go_together_in_their_order() {
        let mutations = mutations([("a", "1"), ("b", "2"), ("a", "3"), ("b", "4"), ("a", "5")]);
        assert_eq!(cut(&mutations, 64, 1 << 20), [vec![0, 2, 4], vec![1, 3]]);
    }

    #[test]
    fn a_partition_is_cut_by_records_and_by_bytes() {
        let mutations = mutations([("a", "x"); 5]);
        assert_eq!(cut(&mutations, 2, 1 << 20), [vec![0, 1], vec![2, 3], vec![4]]);
        let two = 2 * mutations.cost(0);
        assert_eq!(cut(&mutations, 64, two), [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(cut(&mutations, 64, two - 1).len(), 5);
    }

    #[test]
    fn a_record_larger_than_a_batch_goes_alone() {
        let wide = "x".repeat(5000);
        let mutations = mutations([("a", "1"), ("a", &wide), ("a", "2"), ("a", "3")]);
        assert_eq!(cut(&mutations, 64, 1000), [vec![0], vec![1], vec![2, 3]]);
    }

    #[test]
    fn the_statements_of_a_record_stay_together() {
        let mut mutations = mutations([("a", "1")]);
        for value in ["2", "3"] {
            mutations.push(1, INSERT, &("a", value)).unwrap();
        }
        assert_eq!(cut(&mutations, 1, 1 << 20), [vec![0], vec![1]]);
        assert_eq!(cut(&mutations, 2, 1 << 20), [vec![0, 1]]);
    }

    proptest! {
        #[test]
        fn each_record_is_in_one_batch_of_its_partition_and_in_order(
            keys in prop::collection::vec("[a-e]", 0..60), most in 1_usize..5, bytes in 1_usize..300
        ) {
            let mutations = mutations(keys.iter().map(|key| (key.as_str(), "value")));
            let batches = Batches::of(&mutations);
            let mut of_partition: HashMap<&str, Vec<usize>> = HashMap::new();
            for piece in batches.pieces(&mutations, most, bytes) {
                let records = batches.records(&piece);
                let key = keys[records[0]].as_str();
                prop_assert!(records.iter().all(|record| keys[*record] == key));
                let cost: usize = records.iter().map(|record| mutations.cost(*record)).sum();
                prop_assert!(records.len() == 1 || (records.len() <= most && cost <= bytes));
                of_partition.entry(key).or_default().extend(records);
            }
            for (key, records) in of_partition {
                let expected: Vec<usize> =
                    (0..keys.len()).filter(|record| keys[*record] == key).collect();
                prop_assert_eq!(records, expected);
            }
        }
    }
}
