//! Iceberg tables, for people and for programs.

use bulk::{IcebergPlan, IcebergReport, IcebergTableName, Snapshot};
use indicatif::{BinaryBytes, HumanCount};
use serde_json::{Value, json};

use crate::output;

/// What an export into a table has done.
pub(crate) fn text(report: &IcebergReport) -> String {
    let (run, table, snapshot) = (&report.run_id, &report.table, report.snapshot.id);
    let Some(export) = &report.export else {
        return format!("the run {run} was done before: snapshot {snapshot} of {table}");
    };
    let manifest = &export.manifest;
    let mut text = format!(
        "{} rows in {} files, {}, in snapshot {snapshot} of {table}, {}; run {run}",
        HumanCount(manifest.rows),
        HumanCount(manifest.files.len() as u64),
        BinaryBytes(manifest.bytes),
        report.catalog,
    );
    if export.rows_before > 0 {
        text.push_str(&format!("; {} rows were there before", HumanCount(export.rows_before)));
    }
    text
}

/// The same for programs.
pub(crate) fn json(report: &IcebergReport) -> Value {
    let export = report.export.as_ref();
    json!({
        "complete": true,
        "table": report.table.to_string(),
        "catalog": report.catalog,
        "created": report.created,
        "run_id": report.run_id,
        "done_before": export.is_none(),
        "snapshot": snapshot(&report.snapshot),
        "rows": export.map(|export| export.manifest.rows),
        "bytes": export.map(|export| export.manifest.bytes),
        "files": export.map(|export| export.manifest.files.len()),
        "rows_before": export.map(|export| export.rows_before),
        "written_until": report.written_until,
        "warning": report.warning,
        "stats": export.map(|export| output::stats(&export.stats)),
    })
}

/// What an export into a table would do.
pub(crate) fn plan(plan: &IcebergPlan, table: &IcebergTableName) -> String {
    let made = if plan.creates { ", which would be made" } else { "" };
    let text = output::export_plan(&plan.export, &format_args!("the Iceberg table {table}{made}"));
    match &plan.run_id {
        Some(run) => format!("would go on with the run {run}\n{text}"),
        None => text,
    }
}

/// The same for programs.
pub(crate) fn plan_json(plan: &IcebergPlan) -> Value {
    let mut json = output::export_plan_json(&plan.export);
    json["creates"] = plan.creates.into();
    json["run_id"] = plan.run_id.clone().into();
    json
}

/// The snapshots of a table, for people.
pub(crate) fn snapshots(snapshots: &[Snapshot]) -> String {
    if snapshots.is_empty() {
        return "no snapshots".to_owned();
    }
    let header = ["snapshot", "committed", "operation", "rows", "in all", "run", "token ranges"];
    let rows = snapshots.iter().map(|snapshot| {
        let of = |name: &str| snapshot.summary.get(name).cloned().unwrap_or_default();
        let current = if snapshot.is_current { " *" } else { "" };
        vec![
            format!("{}{current}", snapshot.id),
            snapshot.committed_at.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            snapshot.operation.clone(),
            of("added-records"),
            of("total-records"),
            snapshot.run_id.clone().unwrap_or_default(),
            of("cassandra-bulk.token-ranges"),
        ]
    });
    output::table(&header, &[3, 4], rows)
}

/// A snapshot, for programs.
pub(crate) fn snapshot(snapshot: &Snapshot) -> Value {
    json!({
        "id": snapshot.id,
        "parent": snapshot.parent,
        "committed_at": snapshot.committed_at.to_rfc3339(),
        "operation": snapshot.operation,
        "run_id": snapshot.run_id,
        "schema_id": snapshot.schema_id,
        "current": snapshot.is_current,
        "summary": snapshot.summary,
    })
}
