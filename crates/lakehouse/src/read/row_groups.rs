//! The row groups of a file that are read, and which rows of them.

use std::ops::{Range, RangeInclusive};

use arrow_array::ArrayRef;
use arrow_schema::{DataType, Schema as ArrowSchema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::RowSelection;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::basic::Type as PhysicalType;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::projection::{Wanted, id};
use super::promotion::promote;
use crate::filter::Filter;

/// Of how many bytes batches are, decoded.
const BATCH_BYTES: u64 = 2 * 1024 * 1024;

/// Rows of a batch, at least and at most, if nobody says.
const BATCH_ROWS: RangeInclusive<u64> = 16..=65_536;

/// Some of the row groups of a file.
pub(super) struct RowGroups<'a> {
    footer: &'a ParquetMetaData,
    /// Ascending.
    places: Vec<usize>,
}

impl<'a> RowGroups<'a> {
    /// Those that begin in a range of the file's bytes.
    pub(super) fn beginning_in(footer: &'a ParquetMetaData, range: &Range<u64>) -> Self {
        let groups = footer.row_groups().iter().enumerate();
        let places = groups.filter(|(_, group)| range.contains(&start(group)));
        RowGroups { footer, places: places.map(|(place, _)| place).collect() }
    }

    pub(super) fn into_places(self) -> Vec<usize> {
        self.places
    }

    fn groups(&self) -> impl Iterator<Item = &'a RowGroupMetaData> + '_ {
        self.places.iter().filter_map(|place| self.footer.row_groups().get(*place))
    }

    /// Keeps those that may have rows for the filter, by the least and greatest values that they tell.
    pub(super) fn retain(&mut self, filter: &Filter, file: &ArrowSchema, wanted: &[Wanted]) {
        let may_match = filter.may_match(self.places.len(), &|id| self.bounds(id, file, wanted));
        let mut may_match = may_match.iter();
        // Where nothing is known, there may be some.
        self.places.retain(|_| may_match.next().flatten().unwrap_or(true));
    }

    /// The least and the greatest values of a column in each row group, as values of the table's type.
    fn bounds(
        &self,
        field: i32,
        file: &ArrowSchema,
        wanted: &[Wanted],
    ) -> Option<(ArrayRef, ArrayRef)> {
        let column = wanted.iter().find(|column| column.field.id == field)?;
        let (root, from) =
            file.fields().iter().enumerate().find(|(_, from)| id(from) == Some(field))?;
        let parquet = self.footer.file_metadata().schema_descr();
        let leaf =
            (0..parquet.num_columns()).find(|leaf| parquet.get_column_root_idx(*leaf) == root)?;
        let is_reliable = match parquet.column(leaf).physical_type() {
            PhysicalType::INT32 | PhysicalType::INT64 => true,
            // Old writers compared texts as signed bytes.
            PhysicalType::BYTE_ARRAY => {
                matches!(from.data_type(), DataType::Utf8)
                    && self.groups().all(|group| {
                        let statistics =
                            group.columns().get(leaf).and_then(|column| column.statistics());
                        statistics.is_none_or(|statistics| !statistics.is_min_max_deprecated())
                    })
            }
            _ => false,
        };
        if !is_reliable {
            return None;
        }
        let converter = StatisticsConverter::try_new(from.name(), file, parquet).ok()?;
        let least = converter.row_group_mins(self.groups()).ok()?;
        let greatest = converter.row_group_maxes(self.groups()).ok()?;
        let promoted = |bounds: &ArrayRef| promote(bounds, from, &column.arrow).ok();
        Some((promoted(&least)?, promoted(&greatest)?))
    }

    /// How many rows make a batch of the usual size.
    pub(super) fn batch_rows(&self, columns: &ProjectionMask) -> usize {
        let (mut rows, mut bytes) = (0_u64, 0_u64);
        for group in self.groups() {
            rows = rows.saturating_add(u64::try_from(group.num_rows()).unwrap_or(0));
            let read = group.columns().iter().enumerate();
            for (_, column) in read.filter(|(leaf, _)| columns.leaf_included(*leaf)) {
                let size = u64::try_from(column.uncompressed_size()).unwrap_or(0);
                // Dictionaries make values of many bytes small.
                let values = u64::try_from(column.num_values()).unwrap_or(0);
                bytes = bytes.saturating_add(size.max(values.saturating_mul(8)));
            }
        }
        let fitting = BATCH_BYTES.saturating_mul(rows) / bytes.max(1);
        usize::try_from(fitting.clamp(*BATCH_ROWS.start(), *BATCH_ROWS.end())).unwrap_or(1024)
    }

    /// All rows but those at these positions of the file, ascending and each once.
    pub(super) fn selection(&self, deleted: &[u64]) -> RowSelection {
        let (mut first, mut before, mut kept) = (0_u64, 0_usize, Vec::new());
        for (place, group) in self.footer.row_groups().iter().enumerate() {
            let end = first.saturating_add(u64::try_from(group.num_rows()).unwrap_or(0));
            if self.places.binary_search(&place).is_ok() {
                let from = deleted.partition_point(|position| *position < first);
                let to = deleted.partition_point(|position| *position < end);
                // As places among the rows of the chosen groups.
                let local = |position: u64| {
                    before + usize::try_from(position - first).unwrap_or(usize::MAX)
                };
                let mut start = local(first);
                for position in deleted.get(from..to).unwrap_or_default() {
                    let gone = local(*position);
                    kept.push(start..gone);
                    start = gone + 1;
                }
                kept.push(start..local(end));
                before = local(end);
            }
            first = end;
        }
        let kept = kept.into_iter().filter(|range| !range.is_empty());
        RowSelection::from_consecutive_ranges(kept, before)
    }
}

/// Where the first column begins, as writers tell it in the manifest.
fn start(group: &RowGroupMetaData) -> u64 {
    let column = group.columns().first();
    let offset = column.map(|column| match column.dictionary_page_offset() {
        // Some writers have a 0 for none.
        Some(dictionary) if dictionary > 0 => dictionary.min(column.data_page_offset()),
        _ => column.data_page_offset(),
    });
    offset.and_then(|offset| u64::try_from(offset).ok()).unwrap_or(0)
}
