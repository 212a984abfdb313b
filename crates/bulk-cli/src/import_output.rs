//! How an import tells what it has done.

use bulk::{ImportProgress, ImportReport};
use indicatif::HumanCount;
use serde_json::{Value, json};

/// What an import has done, for people.
pub(crate) fn for_people(report: &ImportReport) -> String {
    let counts = &report.counts;
    let would = if report.dry_run { "would be " } else { "" };
    let mut text = format!(
        "{} records read: {} {would}written, {} bad",
        HumanCount(counts.read),
        HumanCount(counts.written),
        HumanCount(counts.bad),
    );
    for (count, what) in [(counts.filtered, "left out"), (counts.unknown, "may be written or not")]
    {
        if count > 0 {
            text.push_str(&format!(", {} {what}", HumanCount(count)));
        }
    }
    let seconds = report.elapsed.as_secs_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturating")]
    let rate = (report.this_run().read as f64 / seconds.max(1e-3)) as u64;
    text.push_str(&format!("; {seconds:.1} s, {} rows/s", HumanCount(rate)));
    if report.files_skipped > 0 {
        let files = HumanCount(report.files_skipped);
        text.push_str(&format!("\n{files} files have no such rows, and were not read"));
    }
    if report.before.read > 0 {
        text.push_str(&format!(
            "\n{} of them were settled by earlier runs; what those had sent besides was written again, \
             at the same write time",
            HumanCount(report.before.read)
        ));
    }
    if report.writes.replays > 0 {
        text.push_str(&format!(
            "\n{} records were sent more than once, after faults",
            HumanCount(report.writes.replays)
        ));
    }
    for example in &report.examples {
        text.push_str(&format!("\n  {example}"));
    }
    let told = report.examples.len() as u64;
    let kept = report.this_run().bad + report.this_run().unknown;
    if kept > told {
        text.push_str(&format!("\n  and {} more", HumanCount(kept - told)));
    }
    let records = report.kept.iter().filter(|path| {
        path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('_'))
    });
    let records: Vec<String> = records.map(|path| format!("  {}", path.display())).collect();
    if !records.is_empty() {
        text.push_str(&format!(
            "\nthese records are kept, with reasons beside them; mend them, and load them as the rest \
             was:\n{}",
            records.join("\n")
        ));
    }
    text
}

/// What an import has done, for programs.
pub(crate) fn for_programs(report: &ImportReport) -> Value {
    let path = |path: &std::path::PathBuf| path.display().to_string();
    let broken = report.broken.iter().map(|file| json!({"file": file.name, "reason": file.reason}));
    let writes = &report.writes;
    json!({
        "complete": report.complete,
        "dry_run": report.dry_run,
        "import_id": report.import_id.to_string(),
        "timestamp": report.timestamp,
        "attempts": report.attempts,
        "counts": report.counts,
        "before": report.before,
        "files": report.files,
        "files_skipped": report.files_skipped,
        "broken": broken.collect::<Value>(),
        "examples": report.examples,
        "journal": report.journal.as_ref().map(path),
        "kept": report.kept.iter().map(path).collect::<Value>(),
        "seconds": report.elapsed.as_secs_f64(),
        "writes": {
            "records": writes.records,
            "batches": writes.batches,
            "statements": writes.statements,
            "bytes": writes.bytes,
            "retries": writes.retries,
            "replays": writes.replays,
            "misrouted": writes.misrouted,
        },
    })
}

/// How far an import is, for programs.
pub(crate) fn progress(progress: &ImportProgress) -> Value {
    json!({
        "counts": progress.counts,
        "settled": progress.settled,
        "bytes_read": progress.bytes_read,
        "bytes_total": progress.bytes_total,
        "rows_per_second": progress.rows_per_second(),
        "seconds": progress.elapsed.as_secs_f64(),
    })
}
