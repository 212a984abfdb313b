//! A unit: token ranges and the files that hold their rows, wholly in the result or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use executor::Page;
use formats::{FileWriter, Location};
use tokenring::{RangeSet, TokenRange};
use topology::TableName;

use super::journal::{Journal, UnitRecord};
use super::layout::{Layout, Place};
use super::manifest::{FileRecord, VERSION};
use super::options::ExportOptions;
use crate::batches::PageDecoder;
use crate::error::Result;
use crate::limit::RowLimit;
use crate::selection::Selection;

/// Files of one unit that are open at the same time, where a column decides the folder. Each takes
/// memory; the one that was written to the longest time ago is finished to make room.
const OPEN_FILES: usize = 16;
/// Memory that they may take together. The one that takes most lets go of what it holds back to make room:
/// the more files there are, the smaller are their row groups.
const OPEN_BYTES: u64 = 32 << 20;
/// A unit takes no more ranges after this time, however little it has: where few rows are found, what
/// would have to be read again after a crash is still bounded.
const MAX_AGE: Duration = Duration::from_secs(300);

/// What all units of a run share.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) table: TableName,
    pub(crate) location: Location,
    pub(crate) options: ExportOptions,
    pub(crate) selection: Arc<Selection>,
    pub(crate) layout: Layout,
    pub(crate) limit: RowLimit,
    pub(crate) journal: Journal,
    pub(crate) attempt: u32,
    pub(crate) files: AtomicU64,
}

impl Output {
    /// A name that no other file of the export has.
    pub(crate) fn file_name(&self, folder: &str) -> String {
        let file = self.files.fetch_add(1, Ordering::Relaxed);
        let suffix = self.options.file.suffix();
        let name = self.options.file_name.of(&self.table, self.attempt, file, &suffix);
        if folder.is_empty() { name } else { format!("{folder}/{name}") }
    }

    async fn create(&self, place: &Place) -> Result<OpenFile> {
        let name = self.file_name(&place.folder);
        let schema = Arc::clone(self.layout.schema());
        let writer = FileWriter::create(&self.location, &name, schema, &self.options.file).await?;
        let partition = place.partition.clone();
        Ok(OpenFile { writer, partition, ranges: RangeSet::new(), used: 0 })
    }
}

struct OpenFile {
    writer: FileWriter,
    partition: Option<String>,
    ranges: RangeSet,
    /// When it was written to, in batches of the unit.
    used: u64,
}

impl OpenFile {
    async fn finish(self) -> Result<FileRecord> {
        let written = self.writer.finish().await?;
        Ok(FileRecord {
            name: written.name,
            rows: written.rows,
            bytes: written.bytes,
            sha256: written.sha256,
            partition: self.partition,
            token_ranges: self.ranges,
        })
    }
}

/// A unit that is being written.
pub(crate) struct Unit {
    output: Arc<Output>,
    decoder: PageDecoder,
    /// Ranges with rows in the decoder.
    decoding: RangeSet,
    /// Ranges of which pages have come, and more will.
    open: BTreeSet<TokenRange>,
    done: RangeSet,
    files: BTreeMap<Place, OpenFile>,
    finished: Vec<FileRecord>,
    batches: u64,
    began: Instant,
    /// Whether rows may have been lost between a page and its file: never to be written down.
    broken: bool,
}

impl Unit {
    pub(crate) fn new(output: &Arc<Output>) -> Result<Self> {
        let decoder = PageDecoder::new(&output.selection, &output.options.batches, &output.limit)?;
        Ok(Unit {
            output: Arc::clone(output),
            decoder,
            decoding: RangeSet::new(),
            open: BTreeSet::new(),
            done: RangeSet::new(),
            files: BTreeMap::new(),
            finished: Vec::new(),
            batches: 0,
            began: Instant::now(),
            broken: false,
        })
    }

    /// Whether every row it was given is in its files, or will be.
    pub(crate) fn is_sound(&self) -> bool {
        !self.broken
    }

    /// Whether, besides, no range of it is unfinished.
    pub(crate) fn is_whole(&self) -> bool {
        self.open.is_empty() && self.is_sound()
    }

    /// Whether the range is one of its own.
    pub(crate) fn has(&self, range: &TokenRange) -> bool {
        self.open.contains(range)
    }

    /// Whether it has as much as a file is to have, once the ranges that are open have come to their
    /// ends; they are taken to have half of an average range still before them.
    pub(crate) fn is_full(&self, range_bytes: u64) -> bool {
        let bytes: u64 = self.files.values().map(|file| file.writer.bytes()).sum();
        let expected = bytes + range_bytes / 2 * self.open.len() as u64;
        let full = self.files.values().any(|file| self.is_file_full(file));
        !self.finished.is_empty()
            || full
            || expected >= self.output.options.max_file_bytes
            || self.began.elapsed() >= MAX_AGE
    }

    /// Bytes per range, as far as they have been written.
    pub(crate) fn range_bytes(&self, ranges: u64) -> u64 {
        let open: u64 = self.files.values().map(|file| file.writer.bytes()).sum();
        let finished: u64 = self.finished.iter().map(|file| file.bytes).sum();
        (open + finished) / ranges.max(1)
    }

    /// Adds a page of a range; its last one closes the range.
    pub(crate) async fn append(&mut self, page: &Page) -> Result<()> {
        self.broken = true;
        let range = page.range();
        if page.row_count() > 0 {
            self.decoder.append(page)?;
            self.decoding.insert(range);
        }
        if page.is_last() {
            self.open.remove(&range);
            self.done.insert(range);
        } else {
            self.open.insert(range);
        }
        if self.decoder.is_full() || self.decoder.rows() as u64 >= self.output.options.max_file_rows
        {
            self.flush().await?;
        }
        self.broken = false;
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let batch = self.decoder.finish()?;
        let ranges = std::mem::take(&mut self.decoding);
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.batches += 1;
        let output = Arc::clone(&self.output);
        for (place, batch) in output.layout.split(batch)? {
            self.write(&place, batch, &ranges).await?;
        }
        Ok(())
    }

    async fn write(&mut self, place: &Place, mut batch: RecordBatch, of: &RangeSet) -> Result<()> {
        while batch.num_rows() > 0 {
            let mut file = self.take_file(place).await?;
            let room = self.output.options.max_file_rows.saturating_sub(file.writer.rows());
            let rows = usize::try_from(room).unwrap_or(usize::MAX).clamp(1, batch.num_rows());
            file.writer.write(&batch.slice(0, rows)).await?;
            file.ranges = file.ranges.union(of);
            file.used = self.batches;
            batch = batch.slice(rows, batch.num_rows() - rows);
            if self.is_file_full(&file) {
                self.finished.push(file.finish().await?);
            } else {
                self.files.insert(place.clone(), file);
                self.make_room().await?;
            }
        }
        Ok(())
    }

    async fn make_room(&mut self) -> Result<()> {
        let memory = |file: &OpenFile| file.writer.memory();
        while self.files.len() > 1 && self.files.values().map(memory).sum::<u64>() > OPEN_BYTES {
            let Some(largest) = self.files.values_mut().max_by_key(|file| memory(file)) else {
                break;
            };
            let before = memory(largest);
            largest.writer.let_go().await?;
            if memory(largest) >= before {
                break;
            }
        }
        Ok(())
    }

    fn is_file_full(&self, file: &OpenFile) -> bool {
        let options = &self.output.options;
        file.writer.rows() >= options.max_file_rows || file.writer.bytes() >= options.max_file_bytes
    }

    /// The open file of a place, or a new one.
    async fn take_file(&mut self, place: &Place) -> Result<OpenFile> {
        if let Some(file) = self.files.remove(place) {
            return Ok(file);
        }
        if self.files.len() >= OPEN_FILES {
            let oldest = self.files.iter().min_by_key(|(_, file)| file.used);
            let oldest = oldest.map(|(place, _)| place.clone());
            let oldest = oldest.and_then(|place| self.files.remove(&place));
            if let Some(file) = oldest {
                self.finished.push(file.finish().await?);
            }
        }
        self.output.create(place).await
    }

    /// Finishes its files and writes it down: from now on it is in the result.
    pub(crate) async fn commit(mut self) -> Result<UnitRecord> {
        debug_assert!(self.is_sound());
        if let Err(error) = self.finish().await {
            self.abort().await;
            return Err(error);
        }
        let record = UnitRecord {
            version: VERSION,
            token_ranges: self.done,
            rows: self.finished.iter().map(|file| file.rows).sum(),
            files: self.finished,
        };
        // Where this fails, the entry may be there all the same: so the files stay.
        self.output.journal.append(&record).await?;
        Ok(record)
    }

    async fn finish(&mut self) -> Result<()> {
        self.flush().await?;
        while let Some((_, file)) = self.files.pop_first() {
            self.finished.push(file.finish().await?);
        }
        self.output.journal.check_latest().await
    }

    /// Removes what it has written, as far as that is possible; a later run removes the rest.
    pub(crate) async fn abort(self) {
        let kept = |error: formats::Error| {
            tracing::warn!(%error, "an unfinished file could not be removed; a later run does it");
        };
        for (_, file) in self.files {
            file.writer.abort().await.unwrap_or_else(kept);
        }
        for file in self.finished {
            self.output.location.delete(&file.name).await.unwrap_or_else(kept);
        }
    }
}

/// Writes a file without rows, so that a result without rows still has its schema.
pub(crate) async fn write_empty(output: &Output) -> Result<UnitRecord> {
    let file = output.create(&Place::default()).await?.finish().await?;
    let record =
        UnitRecord { version: VERSION, token_ranges: RangeSet::new(), rows: 0, files: vec![file] };
    output.journal.append(&record).await?;
    Ok(record)
}
