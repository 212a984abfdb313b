//! What can be chosen about Parquet files.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow_schema::{DataType, Schema};
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Row groups that are smaller are all metadata.
const SMALLEST_ROW_GROUP: usize = 64 << 10;

/// How Parquet files are written. Reading needs no options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParquetOptions {
    /// How pages are compressed. By default by Zstandard.
    pub compression: ParquetCompression,
    /// Its level, where it has levels. By default 1 for Zstandard, 6 for gzip, 1 for Brotli.
    pub level: Option<i32>,
    /// A row group is ended when it has about so many bytes, compressed. By default 8 MiB. An open
    /// writer holds up to twice as much.
    pub row_group_bytes: usize,
    /// Whether values that repeat are written as a dictionary. By default they are.
    pub dictionary: bool,
    /// Whether pages and row groups have their least and greatest values. By default they have.
    pub statistics: bool,
    /// Columns, of no nested type, that get a bloom filter: about 1 MiB each in every row group.
    pub bloom_filter_columns: Vec<String>,
    /// Columns, of no nested type, by which the caller gives the rows in ascending order, nulls last.
    /// It is only told to readers; nothing is sorted here.
    pub sorted_by: Vec<String>,
}

/// How the pages of a Parquet file are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParquetCompression {
    /// Not at all.
    None,
    /// Snappy; no levels.
    Snappy,
    /// gzip, levels 0 to 9.
    Gzip,
    /// LZ4 without frames (`LZ4_RAW`); no levels.
    Lz4,
    /// Zstandard, levels 1 to 22.
    #[default]
    Zstd,
    /// Brotli, levels 0 to 11.
    Brotli,
}

const ALL: [(ParquetCompression, &str); 6] = [
    (ParquetCompression::None, "none"),
    (ParquetCompression::Snappy, "snappy"),
    (ParquetCompression::Gzip, "gzip"),
    (ParquetCompression::Lz4, "lz4"),
    (ParquetCompression::Zstd, "zstd"),
    (ParquetCompression::Brotli, "brotli"),
];

impl fmt::Display for ParquetCompression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ALL.iter().find(|(each, _)| each == self).map_or("none", |(_, name)| name);
        f.write_str(name)
    }
}

impl FromStr for ParquetCompression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        ALL.iter().find(|(_, name)| *name == text).map(|(each, _)| *each).ok_or_else(|| {
            let known = ALL.map(|(_, name)| name).join(", ");
            Error::request(format!("Parquet has no compression {text:?}; it has {known}"))
        })
    }
}

impl Default for ParquetOptions {
    fn default() -> Self {
        ParquetOptions {
            compression: ParquetCompression::default(),
            level: None,
            row_group_bytes: 8 << 20,
            dictionary: true,
            statistics: true,
            bloom_filter_columns: Vec::new(),
            sorted_by: Vec::new(),
        }
    }
}

impl ParquetOptions {
    /// Checks that the choices go together. Columns are checked when a file is begun.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for a level that there is not, or very small row
    /// groups.
    pub fn check(&self) -> Result<()> {
        if self.row_group_bytes < SMALLEST_ROW_GROUP {
            return Err(Error::request(format!(
                "row groups of {} bytes are too small; give {SMALLEST_ROW_GROUP} or more",
                self.row_group_bytes
            )));
        }
        self.codec().map(drop)
    }

    fn codec(&self) -> Result<Compression> {
        let (compression, level) = (self.compression, self.level);
        let unsigned = |usual: u32| match level {
            Some(level) => u32::try_from(level).unwrap_or(u32::MAX),
            None => usual,
        };
        let codec = match compression {
            ParquetCompression::None => Ok(Compression::UNCOMPRESSED),
            ParquetCompression::Snappy => Ok(Compression::SNAPPY),
            ParquetCompression::Lz4 => Ok(Compression::LZ4_RAW),
            ParquetCompression::Gzip => GzipLevel::try_new(unsigned(6)).map(Compression::GZIP),
            ParquetCompression::Zstd => {
                ZstdLevel::try_new(level.unwrap_or(1)).map(Compression::ZSTD)
            }
            ParquetCompression::Brotli => {
                BrotliLevel::try_new(unsigned(1)).map(Compression::BROTLI)
            }
        };
        match (codec, level) {
            (
                Ok(Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::LZ4_RAW),
                Some(_),
            ) => Err(Error::request(format!("Parquet compression {compression} has no levels"))),
            (Ok(codec), _) => Ok(codec),
            (Err(source), level) => {
                let level = level.map_or_else(String::new, |level| format!(" of level {level}"));
                let why = format!("there is no Parquet compression {compression}{level}");
                Err(Error::request(why).with_source(source))
            }
        }
    }

    /// The same, as the writer wants it, for files of a schema.
    pub(super) fn properties(&self, schema: &Schema) -> Result<WriterProperties> {
        let statistics = match self.statistics {
            true => EnabledStatistics::Page,
            false => EnabledStatistics::None,
        };
        let created_by = format!("cassandra-bulk version {}", env!("CARGO_PKG_VERSION"));
        let mut properties = WriterProperties::builder()
            .set_created_by(created_by)
            .set_compression(self.codec()?)
            .set_dictionary_enabled(self.dictionary)
            .set_statistics_enabled(statistics)
            .set_max_row_group_bytes(Some(self.row_group_bytes));
        for name in &self.bloom_filter_columns {
            leaf(schema, name)?;
            let path = ColumnPath::new(vec![name.clone()]);
            properties = properties.set_column_bloom_filter_enabled(path, true);
        }
        if !self.sorted_by.is_empty() {
            let columns = self.sorted_by.iter().map(|name| {
                let column_idx = leaf(schema, name)?;
                Ok(SortingColumn { column_idx, descending: false, nulls_first: false })
            });
            properties = properties.set_sorting_columns(Some(columns.collect::<Result<_>>()?));
        }
        Ok(properties.build())
    }
}

/// The place of a flat column among Parquet's own, of which a nested column has several.
fn leaf(schema: &Schema, name: &str) -> Result<i32> {
    let Some(index) = schema.fields().iter().position(|field| field.name() == name) else {
        return Err(Error::request(format!("there is no column {name:?} in the file")));
    };
    if schema.field(index).data_type().is_nested() {
        return Err(Error::request(format!(
            "column {name:?} is of a nested type, and can have neither a bloom filter nor an order"
        )));
    }
    let leaves: usize =
        schema.fields()[..index].iter().map(|field| leaves(field.data_type())).sum();
    i32::try_from(leaves).map_err(|_| Error::request("the file has too many columns"))
}

fn leaves(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| leaves(field.data_type())).sum(),
        DataType::List(element)
        | DataType::FixedSizeList(element, _)
        | DataType::Map(element, _) => leaves(Arc::as_ref(element).data_type()),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use arrow_schema::{Field, Fields};

    use super::*;

    #[test]
    fn levels_and_columns_are_checked() {
        let good = ParquetOptions::default();
        good.check().unwrap();
        for bad in [
            ParquetOptions { level: Some(23), ..good.clone() },
            ParquetOptions {
                level: Some(-1),
                compression: ParquetCompression::Gzip,
                ..good.clone()
            },
            ParquetOptions { level: Some(1), compression: ParquetCompression::Lz4, ..good.clone() },
            ParquetOptions { row_group_bytes: 1, ..good.clone() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        let pair = ["0", "1"].map(|name| Field::new(name, DataType::Int32, true));
        let schema = Schema::new(vec![
            Field::new("pair", DataType::Struct(Fields::from(pair.to_vec())), true),
            Field::new("id", DataType::Int32, true),
        ]);
        let sorted = ParquetOptions { sorted_by: vec!["id".into()], ..good.clone() };
        let properties = sorted.properties(&schema).unwrap();
        assert_eq!(properties.sorting_columns().unwrap()[0].column_idx, 2);
        for name in ["pair", "none"] {
            let bad = ParquetOptions { bloom_filter_columns: vec![name.into()], ..good.clone() };
            assert!(bad.properties(&schema).is_err());
        }
    }
}
