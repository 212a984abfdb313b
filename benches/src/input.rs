//! What is loaded: the same rows in files of several formats and in an Iceberg table, in partitions of five.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use arrow_array::RecordBatch;
use bulk::Location;
use formats::{Compression, FileOptions, FileWriter};
use lakehouse::{Catalog, Commit, Layout, Mode, NewFile, TableDefinition};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;

use crate::columns;
use crate::dataset::{Reading, even_partitions};
use crate::warehouse::Warehouse;

/// Rows written at a time.
const BATCH_ROWS: usize = 8192;
/// Where the random order begins; the same each time.
const SEED: u64 = 20;

/// The Iceberg table, the folder of its data files, and the one that it has.
const ICEBERG: &str = "inputs.readings";
const DATA: &str = "data";
const FILE: &str = "readings.parquet";

/// A file of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    format: &'static str,
    gzip: bool,
    shuffled: bool,
    in_iceberg: bool,
    rows: u64,
}

impl Input {
    /// A file of this format, the rows of a partition one after the other.
    pub fn new(format: &'static str, rows: u64) -> Self {
        Input { format, gzip: false, shuffled: false, in_iceberg: false, rows }
    }

    /// The same, compressed.
    pub fn gzip(self) -> Self {
        Input { gzip: true, ..self }
    }

    /// The same, in random order.
    pub fn shuffled(self) -> Self {
        Input { shuffled: true, ..self }
    }

    /// The same, as the only file of an Iceberg table.
    pub fn in_iceberg(self) -> Self {
        Input { in_iceberg: true, ..self }
    }

    fn options(&self) -> Result<FileOptions> {
        let compression = if self.gzip { Compression::Gzip } else { Compression::None };
        Ok(FileOptions { format: self.format.parse()?, compression, level: None })
    }

    fn name(&self) -> String {
        let order = if self.shuffled { "-shuffled" } else { "" };
        let end = if self.gzip { ".gz" } else { "" };
        let end = if self.in_iceberg { ".iceberg" } else { end };
        format!("readings-{}{order}.{}{end}", self.rows, self.format)
    }

    fn batches(&self) -> impl Iterator<Item = Result<RecordBatch>> + Send + use<> {
        let mut keys = self.keys();
        std::iter::from_fn(move || {
            let keys = keys.by_ref().take(BATCH_ROWS);
            let readings: Vec<Reading> =
                keys.map(|(sensor, sequence)| Reading::of(sensor, sequence)).collect();
            (!readings.is_empty()).then(|| columns::batch(&readings))
        })
    }

    fn keys(&self) -> Box<dyn Iterator<Item = (i64, i32)> + Send> {
        let keys = even_partitions(self.rows).flat_map(|(sensor, size)| {
            (0..size).map(move |sequence| (sensor, sequence.cast_signed()))
        });
        if !self.shuffled {
            return Box::new(keys);
        }
        let mut keys: Vec<(i64, i32)> = keys.collect();
        keys.shuffle(&mut SmallRng::seed_from_u64(SEED));
        Box::new(keys.into_iter())
    }
}

/// Where they lie.
#[derive(Clone, Debug)]
pub struct InputFolder(PathBuf);

impl InputFolder {
    /// A folder, which need not be there.
    pub fn at(folder: &Path) -> Self {
        InputFolder(folder.to_owned())
    }

    /// Where a file is, once it is written; the folder of its table, if it is in one.
    pub fn path(&self, input: &Input) -> PathBuf {
        self.0.join(input.name())
    }

    /// The Iceberg table that has a file.
    ///
    /// # Errors
    ///
    /// As [`Warehouse::new`].
    pub fn warehouse(&self, input: &Input) -> Result<Warehouse> {
        Warehouse::new(&self.path(input), ICEBERG)
    }

    /// The size of a file.
    ///
    /// # Errors
    ///
    /// Where it is not there.
    pub fn bytes(&self, input: &Input) -> Result<u64> {
        if input.in_iceberg {
            return Ok(self.warehouse(input)?.written()?.bytes);
        }
        let path = self.path(input);
        Ok(path.metadata().with_context(|| path.display().to_string())?.len())
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// Where it can't be written.
    pub async fn write(&self, input: &Input) -> Result<()> {
        if input.in_iceberg {
            return self.write_table(input).await;
        }
        let location = Location::parse(&self.0.display().to_string())?;
        let schema = columns::schema()?;
        let mut writer =
            FileWriter::create(&location, &input.name(), schema, &input.options()?).await?;
        for batch in input.batches() {
            writer.write(&batch?).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    async fn write_table(&self, input: &Input) -> Result<()> {
        let warehouse = self.warehouse(input)?.emptied()?;
        let catalog = Catalog::open(&warehouse.catalog()).await?;
        let definition = TableDefinition {
            columns: columns::schema()?,
            key: vec!["sensor".to_owned(), "sequence".to_owned()],
            identifies: true,
            partition_by: None,
            sort_by: None,
            properties: BTreeMap::new(),
            format_version: None,
        };
        let table = catalog.create(warehouse.table(), &definition).await?;
        let layout = Layout::new(&table, &definition.columns)?;
        let (folder, schema) = (table.folder(DATA)?, layout.schema().clone());
        let mut writer = FileWriter::create(&folder, FILE, schema, &input.options()?).await?;
        for batch in input.batches() {
            for part in layout.split(&batch?)? {
                writer.write(&part.rows).await?;
            }
        }
        let written = writer.finish().await?;
        let file = NewFile {
            path: format!("{}/{DATA}/{}", table.location(), written.name),
            partition: None,
            rows: written.rows,
            bytes: written.bytes,
        };
        let commit = Commit {
            run_id: input.name(),
            mode: Mode::Append,
            schema_id: layout.schema_id(),
            spec_id: layout.spec_id(),
            files: vec![file],
            summary: BTreeMap::new(),
            properties: BTreeMap::new(),
        };
        catalog.commit_run(warehouse.table(), &commit).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_order_has_the_same_rows() {
        let sorted: Vec<_> = Input::new("csv", 103).keys().collect();
        let mut shuffled: Vec<_> = Input::new("csv", 103).shuffled().keys().collect();
        assert_eq!(sorted.len(), 103);
        assert_ne!(shuffled, sorted);
        shuffled.sort_unstable();
        assert_eq!(shuffled, sorted);
    }

    #[test]
    fn files_of_other_content_have_other_names() {
        let csv = Input::new("csv", 7);
        assert_eq!(csv.name(), "readings-7.csv");
        assert_eq!(csv.gzip().name(), "readings-7.csv.gz");
        assert_eq!(csv.shuffled().name(), "readings-7-shuffled.csv");
        let parquet = Input::new("parquet", 7);
        assert_ne!(parquet.in_iceberg().name(), parquet.name());
    }
}
