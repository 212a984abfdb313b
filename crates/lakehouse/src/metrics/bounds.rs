//! Bounds of a column of a file, from the statistics of its row groups.

use iceberg::spec::{Datum, PrimitiveType};
use parquet::basic::{LogicalType, SortOrder, TimeUnit};
use parquet::data_type::AsBytes as _;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;

use crate::metrics::mode::MetricsMode;

/// The least and the greatest value of a column, of all row groups seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds {
    range: Option<(Datum, Datum)>,
    /// Some row group has values of which nothing is known.
    is_unknown: bool,
}

impl Bounds {
    /// Widens them to a row group's values.
    pub(super) fn add(&mut self, kind: &PrimitiveType, column: &ColumnChunkMetaData) {
        let nulls = column.statistics().and_then(Statistics::null_count_opt);
        if nulls.is_some() && nulls == u64::try_from(column.num_values()).ok() {
            return;
        }
        match column.statistics().and_then(|statistics| range(kind, column, statistics)) {
            Some((low, high)) => {
                self.range = Some(match self.range.take() {
                    Some((least, greatest)) => (
                        if is_less(&low, &least) { low } else { least },
                        if is_less(&greatest, &high) { high } else { greatest },
                    ),
                    None => (low, high),
                });
            }
            None => self.is_unknown = true,
        }
    }

    /// Both bounds, each where there is one, as the mode has them.
    pub(super) fn finish(self, mode: MetricsMode) -> (Option<Datum>, Option<Datum>) {
        let Some((low, high)) = self.range.filter(|_| !self.is_unknown) else {
            return (None, None);
        };
        match mode {
            MetricsMode::None | MetricsMode::Counts => (None, None),
            // Java's readers before 1.11 (Spark, Trino), and others, compare uuids in another order than the
            // bounds of all writers have, and pass over files that have the row (apache/iceberg#14216). And
            // bounds of random uuids are of no use. So there are none unless they are asked for.
            MetricsMode::Truncate(_) if *low.data_type() == PrimitiveType::Uuid => (None, None),
            MetricsMode::Truncate(length) => (lower(low, length), upper(high, length)),
            MetricsMode::Full => (Some(low), Some(high)),
        }
    }
}

/// Both are of one type; floating numbers are not NaN.
fn is_less(one: &Datum, other: &Datum) -> bool {
    one.literal() < other.literal()
}

/// A row group's bounds as Iceberg's values. `None` where the column's statistics don't say what Iceberg
/// means: another physical type, another order, another unit, or NaN.
///
/// Statistics that Parquet itself has shortened are fine: the least is a prefix then, and the greatest was
/// made greater.
fn range(
    kind: &PrimitiveType,
    column: &ColumnChunkMetaData,
    statistics: &Statistics,
) -> Option<(Datum, Datum)> {
    if statistics.is_min_max_deprecated() || !is_same_order(kind, column) {
        return None;
    }
    let pair = |low: &[u8], high: &[u8]| {
        let datum = |bytes| Datum::try_from_bytes(bytes, kind.clone()).ok();
        Some((datum(low)?, datum(high)?))
    };
    match (kind, statistics) {
        (PrimitiveType::Boolean, Statistics::Boolean(of)) => {
            pair(&[u8::from(*of.min_opt()?)], &[u8::from(*of.max_opt()?)])
        }
        (PrimitiveType::Int | PrimitiveType::Date, Statistics::Int32(of)) => {
            pair(&of.min_opt()?.to_le_bytes(), &of.max_opt()?.to_le_bytes())
        }
        (
            PrimitiveType::Long
            | PrimitiveType::Time
            | PrimitiveType::Timestamp
            | PrimitiveType::Timestamptz
            | PrimitiveType::TimestampNs
            | PrimitiveType::TimestamptzNs,
            Statistics::Int64(of),
        ) => pair(&of.min_opt()?.to_le_bytes(), &of.max_opt()?.to_le_bytes()),
        (PrimitiveType::Float, Statistics::Float(of)) => {
            let (low, high) = (of.min_opt()?, of.max_opt()?);
            let is_number = !low.is_nan() && !high.is_nan();
            is_number.then(|| pair(&low.to_le_bytes(), &high.to_le_bytes()))?
        }
        (PrimitiveType::Double, Statistics::Double(of)) => {
            let (low, high) = (of.min_opt()?, of.max_opt()?);
            let is_number = !low.is_nan() && !high.is_nan();
            is_number.then(|| pair(&low.to_le_bytes(), &high.to_le_bytes()))?
        }
        // Iceberg's decimals are unscaled, two's complement, big-endian.
        (PrimitiveType::Decimal { .. }, Statistics::Int32(of)) => {
            pair(&of.min_opt()?.to_be_bytes(), &of.max_opt()?.to_be_bytes())
        }
        (PrimitiveType::Decimal { .. }, Statistics::Int64(of)) => {
            pair(&of.min_opt()?.to_be_bytes(), &of.max_opt()?.to_be_bytes())
        }
        (
            PrimitiveType::Decimal { .. } | PrimitiveType::Uuid | PrimitiveType::Fixed(_),
            Statistics::FixedLenByteArray(of),
        ) => {
            // Something shortened is none of these any more.
            let is_whole = of.min_is_exact() && of.max_is_exact();
            is_whole.then(|| pair(of.min_opt()?.as_bytes(), of.max_opt()?.as_bytes()))?
        }
        (PrimitiveType::String | PrimitiveType::Binary, Statistics::ByteArray(of)) => {
            pair(of.min_opt()?.as_bytes(), of.max_opt()?.as_bytes())
        }
        _ => None,
    }
}

/// Whether Parquet orders the column's values as Iceberg does, and counts time in the same unit.
fn is_same_order(kind: &PrimitiveType, column: &ColumnChunkMetaData) -> bool {
    let description = column.column_descr();
    let order = match kind {
        PrimitiveType::Boolean
        | PrimitiveType::String
        | PrimitiveType::Binary
        | PrimitiveType::Uuid
        | PrimitiveType::Fixed(_) => SortOrder::UNSIGNED,
        _ => SortOrder::SIGNED,
    };
    let logical = description.logical_type_ref();
    let is_same_unit = match kind {
        PrimitiveType::Time => {
            matches!(logical, Some(LogicalType::Time { unit: TimeUnit::MICROS, .. }))
        }
        PrimitiveType::Timestamp | PrimitiveType::Timestamptz => {
            matches!(logical, Some(LogicalType::Timestamp { unit: TimeUnit::MICROS, .. }))
        }
        PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs => {
            matches!(logical, Some(LogicalType::Timestamp { unit: TimeUnit::NANOS, .. }))
        }
        PrimitiveType::Decimal { scale, .. } => {
            i64::from(description.type_scale()) == i64::from(*scale)
        }
        _ => true,
    };
    description.sort_order() == order && is_same_unit
}

/// At most so many characters or bytes, and not greater.
fn lower(bound: Datum, length: usize) -> Option<Datum> {
    match bound.data_type() {
        PrimitiveType::String => {
            let text = text(&bound)?;
            Some(match text.char_indices().nth(length) {
                Some((end, _)) => Datum::string(&text[..end]),
                None => bound,
            })
        }
        PrimitiveType::Binary => {
            let bytes = bound.to_bytes().ok()?;
            Some(Datum::binary(bytes.iter().copied().take(length)))
        }
        _ => Some(bound),
    }
}

/// At most so many characters or bytes, and not less: of what is cut, the last one that has a successor is
/// replaced by it. Where none has, there is no such bound.
fn upper(bound: Datum, length: usize) -> Option<Datum> {
    match bound.data_type() {
        PrimitiveType::String => {
            let text = text(&bound)?;
            let Some((end, _)) = text.char_indices().nth(length) else { return Some(bound) };
            let mut kept: Vec<char> = text[..end].chars().collect();
            while let Some(last) = kept.pop() {
                if let Some(next) = successor(last) {
                    kept.push(next);
                    return Some(Datum::string(kept.into_iter().collect::<String>()));
                }
            }
            None
        }
        PrimitiveType::Binary => {
            let bytes = bound.to_bytes().ok()?;
            if bytes.len() <= length {
                return Some(bound);
            }
            let mut kept = bytes[..length].to_vec();
            while let Some(last) = kept.pop() {
                if let Some(next) = last.checked_add(1) {
                    kept.push(next);
                    return Some(Datum::binary(kept));
                }
            }
            None
        }
        _ => Some(bound),
    }
}

fn text(datum: &Datum) -> Option<&str> {
    match datum.literal() {
        iceberg::spec::PrimitiveLiteral::String(text) => Some(text),
        _ => None,
    }
}

/// The next character. There are none where UTF-16 has its surrogates.
fn successor(of: char) -> Option<char> {
    match of {
        '\u{D7FF}' => Some('\u{E000}'),
        of => char::from_u32(u32::from(of).checked_add(1)?),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_cut_by_characters() {
        assert_eq!(lower(Datum::string("aböcd"), 3), Some(Datum::string("abö")));
        assert_eq!(upper(Datum::string("aböcd"), 3), Some(Datum::string("ab÷")));
        assert_eq!(upper(Datum::string("aböcd"), 5), Some(Datum::string("aböcd")));
        assert_eq!(upper(Datum::string("a\u{10FFFF}x"), 2), Some(Datum::string("b")));
        assert_eq!(upper(Datum::string("\u{10FFFF}\u{10FFFF}x"), 2), None);
        assert_eq!(upper(Datum::string("\u{D7FF}x"), 1), Some(Datum::string("\u{E000}")));
    }

    #[test]
    fn blobs_are_cut_by_bytes() {
        assert_eq!(lower(Datum::binary([1, 2, 3]), 2), Some(Datum::binary([1, 2])));
        assert_eq!(upper(Datum::binary([1, 255, 3]), 2), Some(Datum::binary([2])));
        assert_eq!(upper(Datum::binary([255, 255, 3]), 2), None);
        assert_eq!(upper(Datum::binary([255, 255]), 2), Some(Datum::binary([255, 255])));
    }

    #[test]
    fn what_has_a_fixed_width_is_never_cut() {
        assert_eq!(lower(Datum::fixed(vec![7; 20]), 16), Some(Datum::fixed(vec![7; 20])));
        assert_eq!(upper(Datum::long(i64::MAX), 1), Some(Datum::long(i64::MAX)));
    }

    proptest! {
        #[test]
        fn a_text_lies_within_its_cut_bounds(text in any::<String>(), length in 1_usize..20) {
            let whole = Datum::string(&text);
            let low = lower(whole.clone(), length).unwrap();
            prop_assert!(low <= whole);
            prop_assert!(super::text(&low).unwrap().chars().count() <= length);
            if let Some(high) = upper(whole.clone(), length) {
                prop_assert!(high >= whole);
                prop_assert!(super::text(&high).unwrap().chars().count() <= length);
            }
        }

        #[test]
        fn a_blob_lies_within_its_cut_bounds(
            bytes in prop::collection::vec(prop_oneof![Just(255_u8), any::<u8>()], 0..40),
            length in 1_usize..20,
        ) {
            let whole = Datum::binary(bytes);
            prop_assert!(lower(whole.clone(), length).unwrap() <= whole);
            if let Some(high) = upper(whole.clone(), length) {
                prop_assert!(high >= whole);
            }
        }
    }
}
