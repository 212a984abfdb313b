//! One file: read in chunks, bound, written, settled.

use std::sync::Arc;

use arrow_array::RecordBatch;
use executor::{Mutations, Outcome, Writer};
use formats::{BadRecord, Chunk, Format, Positions, RecordOptions, Records, SourceFile};
use tokio::task::{JoinSet, spawn_blocking};
use topology::Fault;

use super::bad::{Form, Kept};
use super::binding::{Binder, Refusal};
use super::driver::Run;
use super::input::{Origin, Source};
use super::ledger::{Settled, Stop};
use super::mapping::Shape;
use crate::error::{Error, Result};

/// Records of counters that are written down, and then sent, at once.
const COUNTERS_AT_ONCE: usize = 1000;

/// Loads a file. What is wrong with the file itself is told by the ledger; other files go on.
pub(crate) async fn load(run: &Arc<Run>, index: usize, mut source: Source) -> Result<()> {
    match read(run, index, &mut source).await {
        Err(error @ Error::Files(_)) => {
            run.ledger.break_off(index, &error).await;
            Ok(())
        }
        other => other,
    }
}

async fn read(run: &Arc<Run>, index: usize, source: &mut Source) -> Result<()> {
    let file_read = match &source.origin {
        Origin::File(file) => Some(file.clone()),
        Origin::Task(..) | Origin::Once(_) => None,
    };
    let opened = formats::open(source.input()?, source.guess.clone()).await?;
    let is_json = matches!(opened.options.format, Format::JsonLines | Format::JsonArray);
    let shape = match opened.fields.as_deref() {
        names if is_json => Shape::Objects(names.unwrap_or_default()),
        Some(names) => Shape::Named(names),
        None => Shape::Positional,
    };
    let named = |error: Error| error.about(&source.shown);
    let fields = run.mapping.of_file(shape, source.partition()).map_err(named)?;
    let (binder, writer) = {
        let mut writer = run.writer.lock().await;
        let binder = Binder::new(&run.table, &fields, &mut writer, &run.binding).await;
        (binder.map_err(named)?, writer.clone())
    };
    let (left_out, limit) = run.ledger.window(index).await;
    let done = run.ledger.done(index);
    // Records that an earlier run may have sent or not: each is either settled, or nobody knows.
    let unknown = done.sending.clone();
    let mut options = RecordOptions::new(opened.options.clone(), Arc::clone(&fields.schema));
    options.optional = fields.optional.clone();
    options.allow_extra = run.options.allow_extra;
    options.allow_missing = run.options.allow_missing;
    options.ignored = fields.ignored.clone();
    options.text = run.options.text.clone();
    options.skip = done.settled.union(&left_out);
    options.limit = limit;
    options.chunk_bytes = run.options.window_bytes;
    if run.counters {
        // After a crash nobody knows of what was in flight: so that is to be little.
        options.chunk_rows = COUNTERS_AT_ONCE;
    }
    let extension = if matches!(options.file.format, Format::Csv(_)) { "csv" } else { "jsonl" };
    let records = opened.records(options)?;
    let form = Form {
        name: format!("{}.{extension}", run.ledger.kept_name(index)),
        header: records.header().map(<[u8]>::to_vec),
    };
    let settled = done.settled.clone();
    let (bytes, row_bytes) = (source.bytes(), source.row_bytes());
    let file = Arc::new(Reading { index, form, bytes, row_bytes, settled, left_out, unknown });
    let mut writes = JoinSet::new();
    let read = chunks(run, records, &file, &writer, binder, &mut writes).await;
    // Whatever became of reading: what was begun is ended, and told.
    let written = join(&mut writes).await;
    let has_ended = read?;
    written?;
    if has_ended {
        match is_unchanged(&file_read).await? {
            true => run.ledger.end(index).await,
            false => {
                let why =
                    "it has changed while it was read: what was written is of both; import it anew";
                run.ledger.break_off(index, &Error::request(why)).await;
            }
        }
    }
    Ok(())
}

/// What is known of a file while it is read.
struct Reading {
    index: usize,
    form: Form,
    bytes: Option<u64>,
    /// Bytes of a row, where nothing else tells how far the reading is.
    row_bytes: Option<u64>,
    /// What runs before this one have settled.
    settled: Positions,
    left_out: Positions,
    /// What they may have sent, where sending it again would count it twice.
    unknown: Positions,
}

/// Reads all chunks, and begins to write each; whether the file's end was reached.
async fn chunks(
    run: &Arc<Run>,
    mut records: Records,
    file: &Arc<Reading>,
    writer: &Writer,
    mut binder: Binder,
    writes: &mut JoinSet<Result<()>>,
) -> Result<bool> {
    let mut seen = 0;
    let mut tell = |read: u64| {
        run.ledger.add_bytes(read.saturating_sub(seen));
        seen = seen.max(read);
    };
    loop {
        // So many chunks are bound and unwritten at the most; reading waits here.
        let permit = tokio::select! {
            () = run.stop.cancelled() => return Ok(false),
            permit = Arc::clone(&run.chunks).acquire_owned() => permit.map_err(Error::internal)?,
        };
        let Some(chunk) = records.next_chunk().await? else {
            tell(file.bytes.unwrap_or_default());
            return Ok(true);
        };
        tell(match file.row_bytes {
            Some(row_bytes) => chunk.records.end.saturating_mul(row_bytes),
            None => records.bytes_read(),
        });
        if run.counters {
            let all = Positions::from(chunk.records.clone());
            run.ledger.begin(file.index, &all).await?;
        }
        let (mutations, known) = (writer.mutations(), Arc::clone(file));
        let binding = move || {
            let bound = bind(&mut binder, chunk, mutations, &known.unknown);
            (binder, bound)
        };
        let (own, bound) = spawn_blocking(binding).await.map_err(Error::internal)?;
        binder = own;
        let (bound, run, file, writer) =
            (bound?, Arc::clone(run), Arc::clone(file), writer.clone());
        writes.spawn(async move {
            let written = write(&run, &file, &writer, bound).await;
            drop(permit);
            written
        });
        while let Some(ended) = writes.try_join_next() {
            ended.map_err(Error::internal)??;
        }
    }
}

async fn join(writes: &mut JoinSet<Result<()>>) -> Result<()> {
    let mut first = Ok(());
    while let Some(ended) = writes.join_next().await {
        first = first.and(ended.map_err(Error::internal).flatten());
    }
    first
}

/// A chunk whose good records are bound.
struct Bound {
    chunk: Chunk,
    mutations: Mutations,
    refused: Vec<(usize, Refusal)>,
    /// Rows that are not sent, since they may have been.
    unknown: Vec<usize>,
}

fn bind(
    binder: &mut Binder,
    mut chunk: Chunk,
    mut mutations: Mutations,
    unknown: &Positions,
) -> Result<Bound> {
    let may_be_there = |row: &usize| unknown.contains(chunk.ordinals[*row]);
    let held: Vec<usize> = match unknown.is_empty() {
        true => Vec::new(),
        false => (0..chunk.ordinals.len()).filter(may_be_there).collect(),
    };
    let refused = binder.bind(&chunk, &held, &mut mutations)?;
    // From here on only their bytes and their text are needed.
    chunk.rows = RecordBatch::new_empty(chunk.rows.schema());
    Ok(Bound { chunk, mutations, refused, unknown: held })
}

async fn write(run: &Run, file: &Reading, writer: &Writer, bound: Bound) -> Result<()> {
    let Bound { mut chunk, mutations, refused, unknown } = bound;
    let mut settled = Settled::default();
    let unreadable = std::mem::take(&mut chunk.bad).into_iter();
    settled.refused.extend(unreadable.map(|record| (Kept::Bad, record)));
    let refuse = |kept: Kept, row: usize, column: Option<String>, reason: String| {
        let (ordinal, line) = (chunk.ordinals[row], chunk.line(row));
        let text = chunk.text(row).into_owned();
        (kept, BadRecord { ordinal, line, column, reason, text, truncated: false })
    };
    for (row, Refusal { column, reason }) in refused {
        settled.refused.push(refuse(Kept::Bad, row, column, reason));
    }
    for row in unknown {
        let reason =
            "an earlier run was about to add it, and did not say whether it has".to_owned();
        settled.refused.push(refuse(Kept::Unknown, row, None, reason));
    }
    if run.options.dry_run {
        settled.written = mutations.records() as u64;
    } else {
        let report = writer.write(mutations).await?;
        if let Some(reason) = report.stalled {
            run.ledger.stop(Stop::Error(Error::incomplete(format!(
                "the cluster takes no writes any more: {reason}"
            ))));
        }
        for (record, outcome) in report.outcomes {
            let row = record as usize;
            match outcome {
                Outcome::Written => settled.written += 1,
                Outcome::Failed { fault: Fault::Invalid, reason } => {
                    let reason = format!("the cluster refuses it: {reason}");
                    settled.refused.push(refuse(Kept::Bad, row, None, reason));
                }
                Outcome::Failed { reason, .. } => {
                    let reason = format!("it could not be written: {reason}");
                    settled.refused.push(refuse(Kept::Bad, row, None, reason));
                }
                Outcome::Unknown { reason } => {
                    settled.refused.push(refuse(Kept::Unknown, row, None, reason));
                }
                Outcome::NotSent => {
                    let ordinal = chunk.ordinals[row];
                    settled.unsent.insert(ordinal..ordinal + 1);
                }
            }
        }
    }
    let new = Positions::from(chunk.records.clone()).difference(&file.settled);
    settled.filtered = new.len() - new.difference(&file.left_out).len();
    settled.positions = new.difference(&settled.unsent);
    // Those that cannot be bound are found after those that cannot be read.
    settled.refused.sort_by_key(|(_, record)| record.ordinal);
    run.ledger.settle(file.index, &file.form, settled).await
}

/// Whether a file is still what it was when the import began.
async fn is_unchanged(file: &Option<SourceFile>) -> Result<bool> {
    let Some(file) = file else { return Ok(true) };
    let now = file.location.head(&file.name).await?;
    Ok(now.version == file.version && now.bytes == file.bytes)
}
