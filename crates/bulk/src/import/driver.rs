//! The job: sources in, records settled, nothing lost in between.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use chrono::{SecondsFormat, Utc};
use executor::{WriteSemantics, Writer};
use scylla::client::session::Session;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use topology::{RingSnapshot, TableSchema};

use super::binding::BinderOptions;
use super::file::load;
use super::input::{Given, Source, Sources, resolve};
use super::journal::{Begun, Journal, PinRecord, Progress, Settings, Start};
use super::ledger::{Ledger, Stop};
use super::mapping::Mapping;
use super::options::ImportOptions;
use super::report::{ImportReport, ProgressObserver};
use super::statements::{has_counters, has_list};
use crate::error::{Error, Result};
use crate::export::ColumnRecord;

/// Chunks that are bound and being written. One would leave the cluster idle while the next is bound.
const CHUNKS: usize = 3;
/// Each run's retries have so many microseconds for themselves, where a replay must be later.
const ATTEMPT_MICROS: i64 = 1000;

/// What all files of an import share.
pub(crate) struct Run {
    pub(crate) table: Arc<TableSchema>,
    pub(crate) mapping: Mapping,
    pub(crate) options: ImportOptions,
    /// Files prepare their statements here, so that those of the same fields do so once.
    pub(crate) writer: Mutex<Writer>,
    pub(crate) ledger: Ledger,
    /// Cancelled when nothing more is to be begun.
    pub(crate) stop: CancellationToken,
    pub(crate) chunks: Arc<Semaphore>,
    pub(crate) binding: BinderOptions,
    /// Whether replays change something.
    pub(crate) counters: bool,
}

/// Runs an import.
pub(crate) async fn run(
    session: Arc<Session>,
    table: Arc<TableSchema>,
    ring: RingSnapshot,
    from: Vec<Given>,
    mut options: ImportOptions,
    observer: ProgressObserver,
) -> Result<ImportReport> {
    let began = Instant::now();
    check(&options)?;
    // Columns that were chosen are all that is meant to come.
    let chooses =
        |given: &Given| matches!(given, Given::Table(from) if !from.read.columns.is_empty());
    options.allow_missing |= from.iter().any(chooses);
    let mapping = Mapping::new(&table, &options)?;
    let pinned = match &options.journal {
        Some(folder) if options.resume => Journal::pins(folder).await?,
        _ => Vec::new(),
    };
    let Sources { all: sources, pins, skipped } = resolve(from, &options.format, &pinned).await?;
    let is_once = sources.iter().any(|source| source.bytes().is_none());
    if options.resume && is_once {
        return Err(Error::request(
            "an import from standard input or from batches cannot be resumed: what was read is gone; \
             import it anew, which changes nothing that is written already",
        ));
    }
    let now = Utc::now();
    let start = Start::new(
        now.to_rfc3339_opts(SecondsFormat::Millis, true),
        options.timestamp.unwrap_or_else(|| now.timestamp_micros()),
        settings(&table, &sources, pins, &options)?,
    );
    let begun = if options.dry_run {
        Begun { journal: None, start, progress: Progress::new(sources.len()) }
    } else {
        let folder = match &options.journal {
            Some(folder) => folder.clone(),
            None => default_folder(&table, &start),
        };
        Journal::open(&folder, options.resume, start).await?
    };
    let counters = has_counters(&table);
    let semantics = match (counters, has_list(&table)) {
        (true, _) => WriteSemantics::Counters,
        (false, true) => WriteSemantics::Lists,
        (false, false) => WriteSemantics::Idempotent,
    };
    // Where an earlier run may have written the same, this one must be later than all its retries.
    let later = match semantics {
        WriteSemantics::Lists => {
            i64::from(begun.progress.attempts.saturating_sub(1)) * ATTEMPT_MICROS
        }
        _ => 0,
    };
    let stop = options.write.cancel.child_token();
    let mut write = options.write.clone();
    let timestamp = begun.start.timestamp.saturating_add(later);
    (write.timestamp, write.semantics) = (timestamp, semantics);
    write.cancel = stop.clone();
    let writer = match Writer::new(session, ring, Arc::clone(&table), write) {
        Ok(writer) => writer,
        Err(error) => {
            begun.discard_new();
            return Err(error.into());
        }
    };
    let ledger = Ledger::new(begun, &sources, &options, observer, stop.clone(), counters)?;
    let binding = BinderOptions { nulls: options.nulls, ttl: options.ttl, timestamp, later };
    let run = Arc::new(Run {
        writer: Mutex::new(writer),
        table,
        mapping,
        chunks: Arc::new(Semaphore::new(CHUNKS)),
        ledger,
        stop,
        binding,
        counters,
        options,
    });
    let ended = watched(&run, sources).await;
    // All files have ended, and nobody else has it.
    let run =
        Arc::into_inner(run).ok_or_else(|| Error::internal("a file is still being loaded"))?;
    let stats = run.writer.into_inner().stats();
    let report = run.ledger.conclude(ended, &run.table, stats, began).await?;
    Ok(ImportReport { files_skipped: skipped, ..report })
}

/// Loads all, unless the table changes or the deadline is over meanwhile.
async fn watched(run: &Arc<Run>, sources: Vec<Source>) -> Result<()> {
    let writer = run.writer.lock().await.clone();
    let deadline = async {
        match run.options.deadline {
            Some(moment) => tokio::time::sleep_until(moment.into()).await,
            None => std::future::pending().await,
        }
    };
    let mut loading = std::pin::pin!(load_all(run, sources));
    let ended = tokio::select! {
        ended = &mut loading => ended,
        changed = writer.watch() => {
            run.ledger.stop(Stop::Error(changed.into()));
            loading.await
        }
        () = deadline => {
            run.ledger.stop(Stop::TooLate);
            loading.await
        }
    };
    // Records may have been refused for it, too; it is what there is to say of them.
    if !run.options.dry_run
        && let Err(changed) = writer.confirm().await
    {
        run.ledger.stop(Stop::Error(changed.into()));
    }
    ended
}

/// Files one after the other, a few at a time.
async fn load_all(run: &Arc<Run>, sources: Vec<Source>) -> Result<()> {
    // Where records are counted over all files, the order of files matters.
    let in_order = run.options.skip_rows > 0 || run.options.max_rows.is_some();
    let at_once = if in_order { 1 } else { run.options.files };
    let mut files = JoinSet::new();
    let mut sources = sources.into_iter().enumerate();
    loop {
        while files.len() < at_once
            && !run.stop.is_cancelled()
            && let Some((index, source)) = sources.next()
        {
            if !run.ledger.is_ended(index) && !run.ledger.has_enough().await {
                let run = Arc::clone(run);
                files.spawn(async move { load(&run, index, source).await });
            }
        }
        let Some(ended) = files.join_next().await else { return Ok(()) };
        if let Err(error) = ended.map_err(Error::internal)? {
            // What the other files have begun is ended, and written down.
            run.ledger.stop(Stop::Error(error));
        }
    }
}

fn check(options: &ImportOptions) -> Result<()> {
    for (what, number) in [
        ("files at a time", options.files),
        ("bytes of the window", options.window_bytes),
        ("rows of a batch", options.write.batch_rows),
        ("bytes of a batch", options.write.batch_bytes),
        ("batches in flight", options.write.in_flight),
    ] {
        if number == 0 {
            return Err(Error::request(format!("the number of {what} must be at least 1")));
        }
    }
    if options.ttl.is_some_and(|ttl| ttl < 0) {
        return Err(Error::request("the time to live must not be negative"));
    }
    Ok(())
}

fn settings(
    table: &TableSchema,
    sources: &[Source],
    pins: Vec<PinRecord>,
    options: &ImportOptions,
) -> Result<Settings> {
    let columns = table.columns().iter().map(|column| (column.name.as_str(), &column.typ));
    let schema = cql_arrow::schema(columns, &cql_arrow::MappingOptions::default())?;
    Ok(Settings {
        table: table.name().to_string(),
        table_id: table.id(),
        table_columns: ColumnRecord::of(&schema, table),
        files: sources.iter().map(Source::record).collect(),
        pins,
        text: options.text.clone(),
        columns: options.columns.clone(),
        map: options.map.clone(),
        skip: options.skip.clone(),
        set: options.set.clone(),
        allow_extra: options.allow_extra,
        allow_missing: options.allow_missing,
        null_as_null: Settings::is_null(options.nulls),
        skip_rows: options.skip_rows,
        max_rows: options.max_rows,
        ttl: options.ttl,
        timestamp: options.timestamp,
    })
}

/// A new folder in the current one.
fn default_folder(table: &TableSchema, start: &Start) -> PathBuf {
    let safe = |name: &str| -> String {
        name.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).collect()
    };
    let (keyspace, table) = (safe(table.name().keyspace()), safe(table.name().table()));
    let id = start.import_id.simple().to_string();
    PathBuf::from(format!("import-{keyspace}.{table}-{}", &id[..8]))
}
