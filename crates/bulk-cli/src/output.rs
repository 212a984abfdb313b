//! Results as people and as programs read them.

use bulk::{
    CountReport, EstimateSource, ExportPlan, ExportReport, LargestPartitions, Location, Node,
    ScanPlan, Stats, TokenRange, VerifyReport,
};
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{BinaryBytes, HumanCount};
use serde_json::{Value, json};

use crate::progress::rate;

/// Numbers in a table stand to the right.
pub(crate) fn table(
    header: &[&str],
    right: &[usize],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec()).add_rows(rows);
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn share(ranges: &[TokenRange]) -> f64 {
    ranges.iter().map(|range| range.fraction()).sum::<f64>() * 100.0
}

fn names<'a>(nodes: impl Iterator<Item = &'a Node>) -> String {
    nodes.map(Node::to_string).collect::<Vec<_>>().join(" ")
}

fn about(figure: Option<u64>) -> String {
    figure.map_or_else(|| "?".to_owned(), |rows| HumanCount(rows).to_string())
}

fn bytes(figure: Option<u64>) -> String {
    figure.map_or_else(|| "?".to_owned(), |bytes| BinaryBytes(bytes).to_string())
}

fn source(source: EstimateSource) -> &'static str {
    match source {
        EstimateSource::SizeEstimates => "system.size_estimates",
        EstimateSource::DiskUsage => "system_views.disk_usage",
        EstimateSource::Sample => "sample",
        _ => "unknown",
    }
}

/// The figures of a run, in a line.
pub(crate) fn summary(stats: &Stats) -> String {
    let mut text = format!(
        "{} in {:.2} s, {} ranges in {} splits",
        rate(stats),
        stats.elapsed.as_secs_f64(),
        HumanCount(stats.ranges_done),
        HumanCount(stats.splits_total),
    );
    for (count, what) in [
        (stats.retries, "retries"),
        (stats.resplits, "re-splits"),
        (stats.replans, "re-plans"),
        (stats.misrouted, "misrouted pages"),
        (stats.errors, "ranges failed"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {} {what}", HumanCount(count)));
        }
    }
    if !stats.complete {
        text.push_str(&format!("; INCOMPLETE: {:.3} % of the tokens are done", stats.percent()));
    }
    text
}

/// The figures of a run, for programs.
pub(crate) fn stats(stats: &Stats) -> Value {
    json!({
        "complete": stats.complete,
        "rows": stats.rows,
        "rows_per_second": stats.rows_per_second(),
        "pages": stats.pages,
        "bytes": stats.bytes,
        "ranges_done": stats.ranges_done,
        "ranges_total": stats.ranges_total,
        "splits_done": stats.splits_done,
        "splits_total": stats.splits_total,
        "percent": stats.percent(),
        "retries": stats.retries,
        "resplits": stats.resplits,
        "replans": stats.replans,
        "misrouted": stats.misrouted,
        "errors": stats.errors,
        "seconds": stats.elapsed.as_secs_f64(),
    })
}

/// A failed job, for programs: what is there, what is missing, and why.
pub(crate) fn failure(error: &bulk::Error) -> Value {
    let mut document = json!({ "complete": false, "error": bulk::with_causes(error) });
    if let (Some(figures), bulk::Error::Run(run)) = (error.stats(), error) {
        document["stats"] = stats(figures);
        document["missing"] = run.missing().iter().map(range).collect();
        document["failures"] = run
            .failures()
            .iter()
            .map(|failure| {
                json!({
                    "range": range(failure.range),
                    "node": failure.node.to_string(),
                    "attempts": failure.attempts,
                    "rows_delivered": failure.rows_delivered,
                    "reason": failure.error.to_string(),
                })
            })
            .collect();
    }
    document
}

/// Tokens are 64 bits wide: as JSON numbers, some readers would round them.
fn range(range: TokenRange) -> Value {
    json!({ "start": range.start().to_string(), "end": range.end().to_string() })
}

/// A count by token range.
pub(crate) fn by_range(report: &CountReport) -> String {
    let rows = report.ranges.iter().map(|count| {
        let start = count.range.start().to_string();
        vec![start, count.range.end().to_string(), HumanCount(count.rows).to_string()]
    });
    table(&["START (exclusive)", "END (inclusive)", "ROWS"], &[0, 1, 2], rows)
}

/// A count by node.
pub(crate) fn by_node(report: &CountReport) -> String {
    let rows = report.by_node().into_iter().map(|(node, rows)| {
        let place = |name: &Option<String>| name.clone().unwrap_or_else(|| "?".to_owned());
        let share = if report.rows == 0 { 0.0 } else { rows as f64 * 100.0 / report.rows as f64 };
        vec![
            node.to_string(),
            place(&node.datacenter),
            place(&node.rack),
            HumanCount(rows).to_string(),
            format!("{share:.2}"),
        ]
    });
    table(&["NODE", "DATACENTER", "RACK", "ROWS", "% OF TABLE"], &[3, 4], rows)
}

/// The largest partitions.
pub(crate) fn by_partition(found: &LargestPartitions) -> String {
    let rows = found.top.iter().map(|partition| {
        let share = partition.rows as f64 * 100.0 / found.stats.rows as f64;
        let key = partition.key.clone();
        vec![HumanCount(partition.rows).to_string(), format!("{share:.2}"), key]
    });
    table(&["ROWS", "% OF TABLE", "PARTITION"], &[0, 1], rows)
}

/// A count for programs, with the breakdowns that were asked for.
pub(crate) fn count(report: &CountReport, by_range: bool, by_node: bool) -> Value {
    let mut document = json!({
        "table": table_name(&report.plan),
        "rows": report.rows,
        "stats": stats(&report.stats),
    });
    if by_range {
        let each = report.ranges.iter().map(|count| {
            let mut entry = range(count.range);
            entry["rows"] = count.rows.into();
            entry
        });
        document["ranges"] = each.collect();
    }
    if by_node {
        let each = report.by_node().into_iter().map(|(held_by, rows)| {
            let mut entry = node(held_by);
            entry["rows"] = rows.into();
            entry
        });
        document["nodes"] = each.collect();
    }
    document
}

/// The largest partitions for programs.
pub(crate) fn partitions(name: &str, found: &LargestPartitions) -> Value {
    json!({
        "table": name,
        "rows": found.stats.rows,
        "partitions": found.partitions,
        "stats": stats(&found.stats),
        "largest": found.top.iter().map(|partition| {
            let key: Value = serde_json::from_str(&partition.key).unwrap_or_default();
            json!({ "key": key, "rows": partition.rows })
        }).collect::<Value>(),
    })
}

fn node(node: &Node) -> Value {
    json!({
        "host_id": node.host_id.to_string(),
        "address": node.address.to_string(),
        "datacenter": node.datacenter,
        "rack": node.rack,
    })
}

fn table_name(plan: &ScanPlan) -> String {
    plan.table.name().to_string()
}

/// A plan for people.
pub(crate) fn plan(plan: &ScanPlan) -> String {
    let known = &plan.estimates;
    let mut text = format!(
        "{}: {} splits of {} ranges, {}, over {} nodes\n\
         about {} rows, {} partitions, {} (source: {})\n",
        table_name(plan),
        HumanCount(plan.splits.len() as u64),
        HumanCount(plan.range_count() as u64),
        match plan.parallelism {
            Some(count) => format!("{count} at a time"),
            None => "as many at a time as each node takes".to_owned(),
        },
        plan.nodes.len(),
        about(known.rows),
        about(known.partitions),
        bytes(known.bytes),
        source(known.source),
    );
    if !plan.replicas_known {
        text.push_str(
            "the keyspace has tablets, and the driver does not show all their replicas yet: \
             any node is asked for those\n",
        );
    }
    text.push('\n');
    let rows = plan.splits.iter().enumerate().map(|(index, split)| {
        let first = split.ranges.first().map(TokenRange::to_string).unwrap_or_default();
        let more = split.ranges.len().saturating_sub(1);
        let ranges = if more == 0 { first } else { format!("{first} and {more} more") };
        vec![
            index.to_string(),
            ranges,
            format!("{:.2}", share(&split.ranges)),
            about(split.rows),
            bytes(split.bytes),
            names(plan.coordinators(&split.replicas)),
        ]
    });
    let header = ["SPLIT", "TOKEN RANGES", "% OF RING", "~ROWS", "~SIZE", "READ FROM"];
    text.push_str(&table(&header, &[0, 2, 3, 4], rows));
    text
}

/// A plan for programs.
pub(crate) fn plan_json(plan: &ScanPlan) -> Value {
    let splits = plan.splits.iter().map(|split| {
        json!({
            "ranges": split.ranges.iter().copied().map(range).collect::<Value>(),
            "percent_of_ring": share(&split.ranges),
            "replicas": split.replicas.hosts().iter().map(|host| host.to_string()).collect::<Value>(),
            "estimated_rows": split.rows,
            "estimated_bytes": split.bytes,
        })
    });
    json!({
        "table": table_name(plan),
        "parallelism": plan.parallelism,
        "nodes": plan.nodes.iter().map(node).collect::<Value>(),
        "estimates": {
            "source": source(plan.estimates.source),
            "rows": plan.estimates.rows,
            "partitions": plan.estimates.partitions,
            "bytes": plan.estimates.bytes,
        },
        "replicas_known": plan.replicas_known,
        "splits": splits.collect::<Value>(),
    })
}

/// What an export would do, for people.
pub(crate) fn export_plan(shown: &ExportPlan, location: &dyn std::fmt::Display) -> String {
    let settings = &shown.settings;
    let mut text = format!(
        "would write to {location}, as {}\nwould ask of each range: {}\n",
        settings.file.suffix(),
        settings.query,
    );
    for column in &settings.columns {
        text.push_str(&format!("  {} {} ({})\n", column.name, column.cql_type, column.arrow_type));
    }
    if shown.rows_before > 0 {
        let rows = HumanCount(shown.rows_before);
        text.push_str(&format!("{rows} rows are there already\n"));
    }
    match &shown.plan {
        Some(read) => text.push_str(&plan(read)),
        None => text.push_str("nothing is left to do"),
    }
    text
}

/// What an export would do, for programs.
pub(crate) fn export_plan_json(shown: &ExportPlan) -> Value {
    json!({
        "settings": shown.settings,
        "rows_before": shown.rows_before,
        "plan": shown.plan.as_deref().map(plan_json),
    })
}

/// What an export has written, in a line.
pub(crate) fn exported(report: &ExportReport, location: &Location) -> String {
    let manifest = &report.manifest;
    let mut text = format!(
        "{} rows in {} files, {}, in {location}",
        HumanCount(manifest.rows),
        HumanCount(manifest.files.len() as u64),
        BinaryBytes(manifest.bytes),
    );
    if report.rows_before > 0 {
        text.push_str(&format!("; {} rows were there before", HumanCount(report.rows_before)));
    }
    text
}

/// What an export has written, for programs.
pub(crate) fn export(report: &ExportReport, location: &Location) -> Value {
    let manifest = &report.manifest;
    json!({
        "complete": true,
        "destination": location.to_string(),
        "manifest": bulk::MANIFEST,
        "rows": manifest.rows,
        "bytes": manifest.bytes,
        "files": manifest.files.len(),
        "rows_before": report.rows_before,
        "stats": stats(&report.stats),
    })
}

/// What verifying has found, for people.
pub(crate) fn verified(report: &VerifyReport) -> String {
    let manifest = &report.manifest;
    let mut lines: Vec<String> =
        report.differences.iter().map(|difference| difference.to_string()).collect();
    if lines.is_empty() {
        let counted = if report.stats.is_some() { ", and so has the table" } else { "" };
        lines.push(format!(
            "{}: {} files with {} rows are as the manifest says{counted}",
            manifest.settings.table,
            HumanCount(manifest.files.len() as u64),
            HumanCount(manifest.rows),
        ));
    }
    lines.join("\n")
}

/// What verifying has found, for programs.
pub(crate) fn verified_json(report: &VerifyReport) -> Value {
    json!({
        "table": report.manifest.settings.table,
        "files": report.manifest.files.len(),
        "rows": report.manifest.rows,
        "differences": report.differences.iter().map(ToString::to_string).collect::<Value>(),
        "counted": report.stats.as_ref().map(stats),
    })
}
