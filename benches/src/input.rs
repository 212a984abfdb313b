//! The files that are loaded: the same rows in several formats, in partitions of five.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bulk::Location;
use formats::{Compression, FileOptions, FileWriter};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;

use crate::columns;
use crate::dataset::{Reading, even_partitions};

/// Rows written at a time.
const BATCH_ROWS: usize = 8192;
/// Where the random order begins; the same each time.
const SEED: u64 = 20;

/// A file of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    format: &'static str,
    gzip: bool,
    shuffled: bool,
    rows: u64,
}

impl Input {
    /// A file of this format, the rows of a partition one after the other.
    pub fn new(format: &'static str, rows: u64) -> Self {
        Input { format, gzip: false, shuffled: false, rows }
    }

    /// The same, compressed.
    pub fn gzip(self) -> Self {
        Input { gzip: true, ..self }
    }

    /// The same, in random order.
    pub fn shuffled(self) -> Self {
        Input { shuffled: true, ..self }
    }

    fn options(&self) -> Result<FileOptions> {
        let compression = if self.gzip { Compression::Gzip } else { Compression::None };
        Ok(FileOptions { format: self.format.parse()?, compression, level: None })
    }

    fn name(&self) -> String {
        let order = if self.shuffled { "-shuffled" } else { "" };
        let end = if self.gzip { ".gz" } else { "" };
        format!("readings-{}{order}.{}{end}", self.rows, self.format)
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

    /// Where a file is, once it is written.
    pub fn path(&self, input: &Input) -> PathBuf {
        self.0.join(input.name())
    }

    /// The size of a file.
    ///
    /// # Errors
    ///
    /// Where it is not there.
    pub fn bytes(&self, input: &Input) -> Result<u64> {
        let path = self.path(input);
        Ok(path.metadata().with_context(|| path.display().to_string())?.len())
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// Where it can't be written.
    pub async fn write(&self, input: &Input) -> Result<()> {
        let location = Location::parse(&self.0.display().to_string())?;
        let schema = columns::schema()?;
        let mut writer =
            FileWriter::create(&location, &input.name(), schema, &input.options()?).await?;
        let mut keys = input.keys();
        loop {
            let readings: Vec<Reading> = keys
                .by_ref()
                .take(BATCH_ROWS)
                .map(|(sensor, sequence)| Reading::of(sensor, sequence))
                .collect();
            if readings.is_empty() {
                break;
            }
            writer.write(&columns::batch(&readings)?).await?;
        }
        writer.finish().await?;
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
    }
}
