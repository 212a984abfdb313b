//! The job: from what is asked for to the manifest.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chrono::{SecondsFormat, Utc};
use executor::{Page, Scan, ScanOptions, Stats};
use formats::{Location, PartitionBy, StreamWriter};
use futures::StreamExt;
use scylla::client::session::Session;
use tokenring::{RangeSet, TokenRange};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use topology::{RingSnapshot, ScanPlan, TableSchema};
use uuid::Uuid;

use super::destination::{Destination, Standing, remove_journal, remove_strangers};
use super::journal::{Journal, Start, UnitRecord};
use super::lane::{self, LaneResult};
use super::layout::Layout;
use super::manifest::{ColumnRecord, FileRecord, Manifest, RingRecord, VERSION};
use super::options::{Existing, ExportOptions};
use super::settings::{IcebergRecord, Settings, is_null};
use super::unit::{Output, write_empty};
use crate::error::{Error, Result};
use crate::limit::RowLimit;
use crate::selection::Selection;

/// Smaller batches cost more than they are good for.
const SMALLEST_BATCH: usize = 16 << 10;
/// Pages that wait for a lane, besides the one it works on.
const WAITING: usize = 2;

/// A finished export.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportReport {
    /// What it consists of, all runs taken together.
    pub manifest: Manifest,
    /// The figures of this run; those of nothing where everything was done before.
    pub stats: Stats,
    /// Rows that runs before this one had written.
    pub rows_before: u64,
}

/// What an export would do.
#[derive(Clone, Debug)]
pub struct ExportPlan {
    /// What would be read; `None` where everything is done already.
    pub plan: Option<Arc<ScanPlan>>,
    /// What decides the content and the form of the files.
    pub settings: Settings,
    /// Rows that runs before this one have written.
    pub rows_before: u64,
}

/// What an export is about.
pub(crate) struct Export {
    pub(crate) session: Arc<Session>,
    pub(crate) table: Arc<TableSchema>,
    pub(crate) ring: RingSnapshot,
    pub(crate) asked: RangeSet,
    pub(crate) selection: Arc<Selection>,
    pub(crate) location: Location,
    pub(crate) options: ExportOptions,
    /// Where the files are for an Iceberg table: which, and how it wants them.
    pub(crate) iceberg: Option<(IcebergRecord, lakehouse::Layout)>,
}

/// An export that has looked at its destination, and has changed nothing yet.
pub(crate) struct Job {
    export: Export,
    destination: Destination,
    standing: Standing,
    settings: Settings,
    layout: Layout,
}

impl Export {
    /// Looks at the destination, and refuses what cannot be done.
    pub(crate) async fn prepare(mut self) -> Result<Job> {
        let settings = self.settings();
        let table = self.iceberg.take().map(|(_, layout)| layout);
        let options = &self.options;
        for (what, number) in [
            ("files at a time", options.files as u64),
            ("bytes of a file", options.max_file_bytes),
            ("rows of a file", options.max_file_rows),
        ] {
            if number == 0 {
                return Err(Error::request(format!("the number of {what} must be at least 1")));
            }
        }
        let schema = &self.selection.schema;
        let layout = match (table, options.partition_by.as_slice()) {
            (Some(table), _) => Layout::Table(table),
            (None, []) => Layout::Whole(Arc::clone(schema)),
            (None, columns) => Layout::Folders(PartitionBy::new(schema, columns)?),
        };
        // What no writer would take is refused here, before anything is written.
        drop(StreamWriter::new(std::io::sink(), Arc::clone(layout.schema()), &options.file)?);
        let mut destination = Destination::inspect(&self.location, options.existing).await?;
        let standing = destination.standing(options.existing, &settings)?;
        Ok(Job { export: self, destination, standing, settings, layout })
    }

    fn settings(&self) -> Settings {
        let (options, batches) = (&self.options, &self.options.batches);
        Settings {
            table: self.table.name().to_string(),
            table_id: self.table.id(),
            query: self.selection.query.cql().to_owned(),
            condition: self.selection.condition.as_ref().map(ToString::to_string),
            allow_filtering: self.selection.allow_filtering,
            columns: ColumnRecord::of(&self.selection.schema, &self.table),
            token_ranges: self.asked.clone(),
            written_after: batches.written.after,
            written_before: batches.written.before,
            limit: batches.limit,
            empty_as_null: is_null(batches.decode.empty),
            file: options.file.clone(),
            file_name: options.file_name.clone(),
            partition_by: options.partition_by.clone(),
            iceberg: self.iceberg.as_ref().map(|(record, _)| record.clone()),
        }
    }
}

impl Job {
    /// What the export is about.
    pub(crate) fn export(&self) -> &Export {
        &self.export
    }

    /// What is still to be read; nothing where all is done.
    pub(crate) fn remaining(&self) -> RangeSet {
        match &self.standing {
            Standing::New => self.export.asked.clone(),
            Standing::Complete(_) => RangeSet::new(),
            Standing::Begun(past) => self.export.asked.difference(&past.done),
        }
    }

    /// What the runs before this one have written.
    fn rows_before(&self) -> u64 {
        match &self.standing {
            Standing::New => 0,
            Standing::Begun(past) => past.units.iter().map(|unit| unit.rows).sum(),
            Standing::Complete(manifest) => manifest.rows,
        }
    }

    /// Shows what would be done.
    pub(crate) fn show(self, plan: Option<Arc<ScanPlan>>) -> ExportPlan {
        ExportPlan { plan, rows_before: self.rows_before(), settings: self.settings }
    }

    /// Does it.
    pub(crate) async fn run(
        self,
        plan: Option<Arc<ScanPlan>>,
        scan: ScanOptions,
    ) -> Result<ExportReport> {
        let rows_before = self.rows_before();
        let export = self.export;
        let table = export.table.name();
        let past = match self.standing {
            Standing::Complete(manifest) => {
                // A run may have ended just before it did this.
                remove_journal(&export.location).await?;
                let stats = Stats { complete: true, ..Stats::default() };
                return Ok(ExportReport { manifest: *manifest, stats, rows_before });
            }
            Standing::New => {
                if export.options.existing == Existing::Overwrite {
                    self.destination.clear(table, &self.settings).await?;
                }
                None
            }
            Standing::Begun(past) => Some(*past),
        };
        let now = now();
        let attempt = match &past {
            Some(past) => past.next_attempt(&export.location)?,
            None => 1,
        };
        let start = Start {
            version: VERSION,
            export_id: past.as_ref().map_or_else(Uuid::new_v4, |past| past.first.export_id),
            run_id: Uuid::new_v4(),
            attempt,
            started: past.as_ref().map_or_else(|| now, |past| past.first.started.clone()),
            settings: self.settings,
            ddl: ddl(&export).await,
            ring: RingRecord::new(&export.ring),
        };
        // Whoever has begun the attempt is alone with what is there.
        let journal = Journal::begin(&export.location, &start).await?;
        if !self.destination.is_as_seen(past.as_ref(), &journal.first()).await? {
            return Err(journal.withdraw().await);
        }
        if let Some(past) = &past {
            self.destination.remove_leftovers(table, &start.settings, past).await?;
        }
        let mut options = export.options.clone();
        // A file ends after a batch: so batches of small files are small.
        let most = usize::try_from(options.max_file_bytes / 4).unwrap_or(usize::MAX);
        options.batches.batch_bytes = options.batches.batch_bytes.min(most.max(SMALLEST_BATCH));
        let output = Arc::new(Output {
            table: table.clone(),
            location: export.location.clone(),
            options,
            selection: Arc::clone(&export.selection),
            layout: self.layout,
            limit: RowLimit::new(export.options.batches.limit, scan.cancel.clone()),
            journal,
            attempt,
            files: AtomicU64::new(1),
        });
        let mut units = past.map_or_else(Vec::new, |past| past.units);
        let stats = match plan {
            None => Stats { complete: true, ..Stats::default() },
            Some(plan) => {
                let query = export.selection.query.clone();
                let session = Arc::clone(&export.session);
                let pages = executor::scan(session, plan, query, scan);
                let (stats, done) = write(pages, &output).await?;
                units.extend(done);
                stats
            }
        };
        let is_whole = matches!(output.layout, Layout::Whole(_));
        if is_whole && units.iter().all(|unit| unit.files.is_empty()) {
            units.push(write_empty(&output).await?);
        }
        let manifest =
            conclude(start, &export.asked, &output, units, rows_before + stats.rows).await?;
        Ok(ExportReport { manifest, stats, rows_before })
    }
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The statements that make the table again; none where the cluster does not tell.
async fn ddl(export: &Export) -> Vec<String> {
    match export.table.read_ddl(&export.session).await {
        Ok(statements) => statements,
        Err(error) => {
            tracing::warn!(%error, "the manifest will not have the table's CQL");
            Vec::new()
        }
    }
}

/// Writes the pages of a run, and gives what is in the result. A run that fails gives its error; what
/// it has finished is in the journal.
async fn write(mut pages: Scan, output: &Arc<Output>) -> Result<(Stats, Vec<UnitRecord>)> {
    let lanes: Vec<(mpsc::Sender<Page>, AbortOnDropHandle<LaneResult>)> = (0..output.options.files)
        .map(|_| {
            let (sender, receiver) = mpsc::channel(WAITING);
            let lane = lane::write(Arc::clone(output), receiver);
            (sender, AbortOnDropHandle::new(tokio::spawn(lane)))
        })
        .collect();
    let (senders, handles): (Vec<_>, Vec<_>) = lanes.into_iter().unzip();
    let failure = distribute(&mut pages, senders).await;
    let mut stats = pages.stats();
    let mut units = Vec::new();
    let mut first = None;
    for handle in handles {
        let result = handle.await.map_err(Error::internal)?;
        units.extend(result.units);
        first = first.or(result.failure);
    }
    match first.or(failure.filter(|_| !output.limit.is_reached()).map(Error::Run)) {
        Some(error) => Err(error),
        None => {
            stats.complete |= output.limit.is_reached();
            Ok((stats, units))
        }
    }
}

/// Gives each range to a lane: the one with the fewest ranges that have not ended, and of these the one
/// with the fewest rows. Ends early when a lane has failed; that lane knows why.
async fn distribute(pages: &mut Scan, lanes: Vec<mpsc::Sender<Page>>) -> Option<executor::Error> {
    let mut of_range: HashMap<TokenRange, usize> = HashMap::new();
    let mut load: Vec<(usize, u64)> = vec![(0, 0); lanes.len()];
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) => return Some(error),
        };
        let lane = match of_range.get(&page.range()) {
            Some(lane) => *lane,
            None => {
                let lane = (0..lanes.len()).min_by_key(|lane| load[*lane]).unwrap_or(0);
                of_range.insert(page.range(), lane);
                load[lane].0 += 1;
                lane
            }
        };
        load[lane].1 += page.row_count() as u64;
        if page.is_last() {
            of_range.remove(&page.range());
            load[lane].0 -= 1;
        }
        if lanes[lane].send(page).await.is_err() {
            return None;
        }
    }
    None
}

/// Proves that everything is there once, and writes the manifest.
async fn conclude(
    start: Start,
    asked: &RangeSet,
    output: &Output,
    units: Vec<UnitRecord>,
    read: u64,
) -> Result<Manifest> {
    let settings = &start.settings;
    if settings.limit.is_none() {
        let done = units.iter().flat_map(|unit| unit.token_ranges.iter());
        asked.is_exact_partition(done).map_err(|error| {
            Error::internal(format!("the files do not hold what was asked for: {error}"))
        })?;
    }
    let mut files: Vec<FileRecord> = units.into_iter().flat_map(|unit| unit.files).collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let rows = files.iter().map(|file| file.rows).sum();
    let all_rows =
        settings.limit.is_none() && settings.written_after.or(settings.written_before).is_none();
    if all_rows && rows != read {
        return Err(Error::internal(format!("{read} rows were read, and {rows} written")));
    }
    output.journal.check_latest().await?;
    remove_strangers(&output.location, &output.table, settings, &files).await?;
    let manifest = Manifest {
        version: VERSION,
        written_by: concat!("cassandra-bulk ", env!("CARGO_PKG_VERSION")).to_owned(),
        export_id: start.export_id,
        started: start.started,
        finished: now(),
        attempts: start.attempt,
        settings: start.settings,
        ddl: start.ddl,
        ring: start.ring,
        rows,
        bytes: files.iter().map(|file| file.bytes).sum(),
        files,
    };
    manifest.write(&output.location).await?;
    remove_journal(&output.location).await?;
    Ok(manifest)
}
