//! The account of an import: what became of which record, what is durable of that, and the verdict.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use executor::WriteStats;
use formats::{BadRecord, Positions};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use topology::TableSchema;

use super::bad::{Form, Kept, KeptRecord, KeptRecords};
use super::input::Source;
use super::journal::{Begun, Journal, Progress, Start};
use super::options::{ImportOptions, MaxErrors};
use super::report::{BrokenFile, Counts, ImportProgress, ImportReport, ProgressObserver};
use crate::error::{Error, ErrorKind, Result, with_causes};

/// How often what is done is written down. What was done since then is done again after a crash.
const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// Reasons that a report tells.
const EXAMPLES: usize = 10;

/// The account of an import.
pub(crate) struct Ledger {
    journal: Option<Journal>,
    start: Start,
    files: Vec<File>,
    before: Counts,
    max_errors: MaxErrors,
    max_rows: Option<u64>,
    skip_rows: u64,
    observer: ProgressObserver,
    began: Instant,
    bytes_total: Option<u64>,
    bytes_read: AtomicU64,
    is_named: bool,
    /// Whether what is written twice counts twice.
    counters: bool,
    stop: CancellationToken,
    reason: Mutex<Option<Stop>>,
    state: tokio::sync::Mutex<State>,
}

struct File {
    shown: String,
    /// The name of its files of kept records, without extension.
    kept: String,
    /// What runs before this one have done of it.
    progress: super::journal::FileProgress,
}

struct State {
    progress: Progress,
    kept: Option<KeptRecords>,
    committed: Instant,
    examples: Vec<String>,
    broken: Vec<BrokenFile>,
    /// The files of which some records were read, and not sent.
    stopped: Vec<bool>,
}

/// Why an import ends before its input does.
#[derive(Debug)]
pub(crate) enum Stop {
    /// There are too many bad records.
    TooMany,
    /// The deadline is over.
    TooLate,
    /// Something failed.
    Error(Error),
}

/// What became of some records of a file.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) positions: Positions,
    pub(crate) written: u64,
    pub(crate) filtered: u64,
    pub(crate) refused: Vec<(Kept, BadRecord)>,
    /// Those of them that were to be sent, and were not, since the run was stopped.
    pub(crate) unsent: Positions,
}

impl Ledger {
    pub(crate) fn new(
        begun: Begun,
        sources: &[Source],
        options: &ImportOptions,
        observer: ProgressObserver,
        stop: CancellationToken,
        counters: bool,
    ) -> Result<Self> {
        let Begun { journal, start, progress } = begun;
        let kept = match &journal {
            Some(journal) => Some(
                KeptRecords::open(journal.folder(), &progress.outputs)
                    .map_err(|error| unkept(journal, error))?,
            ),
            None => None,
        };
        let files = sources.iter().enumerate().zip(&progress.files);
        let files = files.map(|((index, source), progress)| File {
            kept: kept_name(index, &source.shown),
            shown: source.shown.clone(),
            progress: progress.clone(),
        });
        let bytes_of = |(source, done): (&Source, &super::journal::FileProgress)| {
            source.bytes().filter(|_| done.ended).unwrap_or(0)
        };
        let bytes_before = sources.iter().zip(&progress.files).map(bytes_of).sum();
        Ok(Ledger {
            journal,
            start,
            files: files.collect(),
            before: progress.counts,
            max_errors: options.max_errors,
            max_rows: options.max_rows,
            skip_rows: options.skip_rows,
            observer,
            began: Instant::now(),
            bytes_total: sources.iter().map(Source::bytes).sum(),
            bytes_read: AtomicU64::new(bytes_before),
            is_named: options.journal.is_some(),
            counters,
            stop,
            reason: Mutex::new(None),
            state: tokio::sync::Mutex::new(State {
                progress,
                kept,
                committed: Instant::now(),
                examples: Vec::new(),
                broken: Vec::new(),
                stopped: vec![false; sources.len()],
            }),
        })
    }

    /// What runs before this one have done of a file.
    pub(crate) fn done(&self, file: usize) -> &super::journal::FileProgress {
        &self.files[file].progress
    }

    /// Whether there is nothing left of a file.
    pub(crate) fn is_ended(&self, file: usize) -> bool {
        self.files[file].progress.ended
    }

    /// The name of a file's files of kept records, without extension.
    pub(crate) fn kept_name(&self, file: usize) -> &str {
        &self.files[file].kept
    }

    /// Where records are counted over all files: which of a file are left out, and where reading ends.
    /// The files before it have ended.
    pub(crate) async fn window(&self, file: usize) -> (Positions, Option<u64>) {
        let state = self.state.lock().await;
        let before: u64 = state.progress.files[..file].iter().map(|done| done.settled.len()).sum();
        let left_out = Positions::from(0..self.skip_rows.saturating_sub(before));
        (left_out, self.max_rows.map(|most| most.saturating_sub(before)))
    }

    /// Adds to the bytes that were read.
    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Ends the import early; the first reason counts.
    pub(crate) fn stop(&self, why: Stop) {
        if let Ok(mut reason) = self.reason.lock() {
            match (&*reason, &why) {
                // A table that changed is why everything else happened.
                (_, Stop::Error(error)) if error.kind() == ErrorKind::Changed => {
                    *reason = Some(why);
                }
                (None, _) => *reason = Some(why),
                (Some(_), _) => {}
            }
        }
        self.stop.cancel();
    }

    /// Writes down that records of counters are about to be sent.
    pub(crate) async fn begin(&self, file: usize, positions: &Positions) -> Result<()> {
        let mut state = self.state.lock().await;
        state.progress.files[file].sending.extend(positions.iter());
        self.commit(&mut state).await
    }

    /// Settles some records of a file.
    pub(crate) async fn settle(&self, file: usize, form: &Form, settled: Settled) -> Result<()> {
        let mut guard = self.state.lock().await;
        let state = &mut *guard;
        let counts = &mut state.progress.counts;
        counts.read += settled.positions.len();
        counts.written += settled.written;
        counts.filtered += settled.filtered;
        for (kept, record) in &settled.refused {
            match kept {
                Kept::Bad => counts.bad += 1,
                Kept::Unknown => counts.unknown += 1,
            }
            if state.examples.len() < EXAMPLES {
                state.examples.push(self.example(file, record));
            }
        }
        let counts = *counts;
        // What counters have added must not be forgotten for a moment.
        let mut is_due = self.counters || state.committed.elapsed() >= COMMIT_EVERY;
        if let (Some(kept), Some(journal)) = (&mut state.kept, &self.journal) {
            for (why, record) in &settled.refused {
                let record_there = KeptRecord {
                    source: &self.files[file].shown,
                    line: record.line,
                    record: record.ordinal + 1,
                    column: record.column.as_deref(),
                    reason: &record.reason,
                    truncated: record.truncated,
                    text: &record.text,
                };
                let kept = kept.keep(*why, form, &record_there);
                is_due |= kept.map_err(|error| unkept(journal, error))?;
            }
        }
        let done = &mut state.progress.files[file];
        done.settled.extend(settled.positions.iter());
        if !settled.unsent.is_empty() {
            state.stopped[file] = true;
            done.sending = done.sending.difference(&settled.unsent);
        }
        if is_due {
            self.commit(state).await?;
        }
        drop(guard);
        self.observer.tell(&self.progress(counts));
        if self.max_errors.is_exceeded(counts.bad, counts.read, false) {
            self.stop(Stop::TooMany);
        }
        Ok(())
    }

    fn progress(&self, counts: Counts) -> ImportProgress {
        ImportProgress {
            counts,
            bytes_total: self.bytes_total,
            bytes_read: self.bytes_read.load(Ordering::Relaxed),
            elapsed: self.began.elapsed(),
            settled: counts.read.saturating_sub(self.before.read),
        }
    }

    fn example(&self, file: usize, record: &BadRecord) -> String {
        let shown = &self.files[file].shown;
        let place = match record.line {
            Some(line) => format!("line {line}"),
            None => format!("record {}", record.ordinal + 1),
        };
        let column = record.column.as_ref().map(|name| format!(", column {name:?}"));
        format!("{shown}, {place}{}: {}", column.unwrap_or_default(), record.reason)
    }

    /// A file has been read to its end, and nothing of it is under way. Unless the run was stopped before
    /// all of it was sent, it has ended.
    pub(crate) async fn end(&self, file: usize) {
        let mut state = self.state.lock().await;
        if state.stopped[file] {
            return;
        }
        let done = &mut state.progress.files[file];
        (done.ended, done.sending) = (true, Positions::default());
    }

    /// A file cannot be read to its end.
    pub(crate) async fn break_off(&self, file: usize, error: &Error) {
        let reason = with_causes(error);
        tracing::warn!(file = %self.files[file].shown, %reason, "a file could not be read to its end");
        let name = self.files[file].shown.clone();
        self.state.lock().await.broken.push(BrokenFile { name, reason });
    }

    /// Makes all that is settled durable: first what is kept, then the line that counts it.
    async fn commit(&self, state: &mut State) -> Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        if let Some(mut kept) = state.kept.take() {
            let flush = move || {
                let flushed = kept.flush();
                (kept, flushed)
            };
            let (kept, flushed) = spawn_blocking(flush).await.map_err(Error::internal)?;
            state.progress.outputs = kept.durable();
            state.kept = Some(kept);
            flushed.map_err(|error| unkept(journal, error))?;
        }
        journal.commit(&state.progress).await?;
        state.committed = Instant::now();
        Ok(())
    }

    /// The verdict.
    pub(crate) async fn conclude(
        self,
        ended: Result<()>,
        table: &TableSchema,
        writes: WriteStats,
        began: Instant,
    ) -> Result<ImportReport> {
        let mut state = self.state.lock().await;
        let counts = state.progress.counts;
        let reason = self.reason.lock().ok().and_then(|mut reason| reason.take());
        let has_ended = state.progress.files.iter().all(|file| file.ended);
        let has_enough = self.max_rows.is_some_and(|most| counts.read >= most);
        let complete = state.broken.is_empty() && (has_ended || has_enough) && reason.is_none();
        state.progress.complete = complete;
        let committed = self.commit(&mut state).await;
        let kept = state.progress.outputs.iter().map(|(name, _)| name);
        let folder = self.journal.as_ref().map(|journal| journal.folder().to_owned());
        let kept = kept.filter_map(|name| Some(folder.as_ref()?.join(name))).collect();
        let mut report = ImportReport {
            import_id: self.start.import_id,
            counts,
            before: self.before,
            attempts: state.progress.attempts,
            writes,
            files: self.files.len(),
            files_skipped: 0,
            broken: std::mem::take(&mut state.broken),
            examples: std::mem::take(&mut state.examples),
            timestamp: self.start.timestamp,
            journal: folder,
            kept,
            elapsed: began.elapsed(),
            dry_run: self.journal.is_none(),
            complete,
        };
        drop(state);
        self.observer.tell(&self.progress(counts));
        let name = table.name();
        let said = said(&counts);
        let is_late = matches!(reason, Some(Stop::TooLate));
        let (too_many, error) = match reason {
            Some(Stop::Error(error)) => (false, Some(error)),
            Some(Stop::TooMany) => (true, None),
            Some(Stop::TooLate) => (false, None),
            None => (self.max_errors.is_exceeded(counts.bad, counts.read, true), None),
        };
        if let Some(error) = ended.err().or(committed.err()).or(error) {
            if error.kind() == ErrorKind::Request && counts.read == 0 && report.attempts == 1 {
                // Nothing was begun, so nothing is there to go on with.
                if let Some(journal) = self.journal {
                    journal.discard();
                }
                return Err(error);
            }
            let message = format!("the import into {name} was ended by an error: {said}");
            return Err(Error::import(error.kind(), message, report, Some(error)));
        }
        if !counts.is_balanced() {
            return Err(Error::internal(format!("records are not accounted for: {said}")));
        }
        if too_many {
            return Err(Error::import(
                ErrorKind::Incomplete,
                self.too_many(name, &said),
                report,
                None,
            ));
        }
        if let Some(BrokenFile { name: file, reason }) = report.broken.first() {
            let more = match report.broken.len() {
                1 => String::new(),
                several => format!("; and {} more files", several - 1),
            };
            let message = format!(
                "not everything was imported into {name}: {file} could not be read to its end: \
                 {reason}{more}; {said}"
            );
            return Err(Error::import(ErrorKind::Incomplete, message, report, None));
        }
        if is_late {
            let message = format!("the import into {name} had not ended at its deadline: {said}");
            return Err(Error::import(ErrorKind::Deadline, message, report, None));
        }
        if !complete {
            let message = format!("the import into {name} was interrupted: {said}");
            return Err(Error::import(ErrorKind::Interrupted, message, report, None));
        }
        if let (false, 0, 0, Some(journal)) =
            (self.is_named, counts.bad, counts.unknown, self.journal)
        {
            // Nothing is left to be done with it.
            journal.discard();
            report.journal = None;
        }
        Ok(report)
    }

    fn too_many(&self, table: &topology::TableName, said: &str) -> String {
        let most = match self.max_errors {
            MaxErrors::Count(most) => format!("{most}"),
            MaxErrors::Percent(most) => format!("{most} %"),
        };
        format!(
            "the import into {table} was stopped: more than {most} records are bad; {said}; mend the \
             input, map its fields, or allow more errors"
        )
    }

    /// Whether so many records were read as were asked for.
    pub(crate) async fn has_enough(&self) -> bool {
        let Some(most) = self.max_rows else { return false };
        let state = self.state.lock().await;
        state.progress.files.iter().map(|done| done.settled.len()).sum::<u64>() >= most
    }
}

fn said(counts: &Counts) -> String {
    let Counts { read, written, bad, filtered, unknown } = counts;
    let mut text = format!("of {read} records read, {written} were written, {bad} are bad");
    if *filtered > 0 {
        text.push_str(&format!(", {filtered} were left out"));
    }
    if *unknown > 0 {
        text.push_str(&format!(", {unknown} may be written or not"));
    }
    text
}

fn unkept(journal: &Journal, error: std::io::Error) -> Error {
    let folder = journal.folder().display();
    Error::destination(format!("bad records cannot be kept in {folder}")).with_source(error)
}

/// A name for a file's kept records: numbered, so that all are different.
fn kept_name(index: usize, shown: &str) -> String {
    let base = shown.rsplit('/').next().unwrap_or_default();
    let stem = base.split('.').find(|part| !part.is_empty()).unwrap_or("records");
    let safe = |c: char| if c.is_alphanumeric() || "_-".contains(c) { c } else { '-' };
    format!("{:04}-{}", index + 1, stem.chars().map(safe).collect::<String>())
}
