//! The high-water mark: up to which write time the rows of a source are in a table.
//!
//! It is a property of the table, set by the commit that brings the rows: so there is never one without
//! the other.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use topology::TableName;

use super::target::IcebergTarget;
use crate::error::{Error, Result};
use crate::export::Settings;
use crate::options::BulkOptions;
use crate::selection::WriteWindow;

/// The property of a source.
pub(crate) fn property(source: &TableName) -> String {
    format!("cassandra-bulk.written-until.{source}")
}

/// The mark that the last run of a source has left, in microseconds since 1970.
pub(crate) fn last(
    source: &TableName,
    properties: &HashMap<String, String>,
) -> Result<Option<i64>> {
    let name = property(source);
    let Some(text) = properties.get(&name) else { return Ok(None) };
    text.parse().map(Some).map_err(|error| {
        Error::request(format!(
            "the table's property {name:?} is {text:?}, and should be microseconds since 1970; set it \
             right, or give the time by --written-after"
        ))
        .with_source(error)
    })
}

/// The window of a run that begins now.
pub(crate) fn window(
    to: &IcebergTarget,
    given: WriteWindow,
    last: Option<i64>,
    now: DateTime<Utc>,
) -> WriteWindow {
    if !to.since_last {
        return given;
    }
    WriteWindow { after: last, before: given.before.or_else(|| Some(ago(now, to.lag))) }
}

/// The mark that a run leaves: none where it took only a part of what was written until then.
pub(crate) fn next(
    settings: &Settings,
    options: &BulkOptions,
    last: Option<i64>,
    started: &str,
    lag: Duration,
) -> Option<i64> {
    let partial = settings.condition.is_some()
        || settings.limit.is_some()
        || options.token_ranges.is_some()
        || settings.written_after.is_some_and(|after| last.is_none_or(|last| after > last));
    if partial {
        return None;
    }
    let until = settings.written_before.or_else(|| {
        let started = DateTime::parse_from_rfc3339(started).ok()?;
        Some(ago(started.to_utc(), lag))
    })?;
    // It never goes back: what is before it is there already.
    Some(last.map_or(until, |last| last.max(until)))
}

fn ago(moment: DateTime<Utc>, lag: Duration) -> i64 {
    moment.timestamp_micros().saturating_sub(i64::try_from(lag.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use lakehouse::{CatalogKind, CatalogOptions};

    use super::*;

    fn target(since_last: bool) -> IcebergTarget {
        let catalog = CatalogOptions::new(CatalogKind::Memory);
        IcebergTarget { since_last, ..IcebergTarget::new(catalog, "a.b".parse().unwrap()) }
    }

    fn settings(after: Option<i64>, before: Option<i64>) -> Settings {
        let json = serde_json::json!({
            "table": "ks.t", "query": "", "condition": null, "allow_filtering": false, "columns": [],
            "token_ranges": [], "written_after": after, "written_before": before, "limit": null,
            "empty_as_null": false, "file": {}, "file_name": "{table}-{number}", "partition_by": [],
        });
        serde_json::from_value(json).unwrap()
    }

    const STARTED: &str = "1970-01-01T00:01:00.000Z";
    const LAG: Duration = Duration::from_secs(10);

    #[test]
    fn windows_follow_each_other_without_a_gap() {
        let now = DateTime::from_timestamp_micros(60_000_000).unwrap();
        let to = target(true);
        let first = window(&to, WriteWindow::default(), None, now);
        assert_eq!(first, WriteWindow { after: None, before: Some(50_000_000) });
        let options = BulkOptions::default();
        let mark = next(&settings(first.after, first.before), &options, None, STARTED, LAG);
        let second = window(&to, WriteWindow::default(), mark, now + Duration::from_secs(60));
        assert_eq!(second, WriteWindow { after: Some(50_000_000), before: Some(110_000_000) });
        let given = WriteWindow { after: Some(1), before: None };
        assert_eq!(window(&target(false), given, mark, now), given);
    }

    #[test]
    fn only_a_run_that_took_everything_leaves_a_mark() {
        let (all, options) = (settings(None, None), BulkOptions::default());
        assert_eq!(next(&all, &options, None, STARTED, LAG), Some(50_000_000));
        let some = BulkOptions::default().token_ranges(tokenring::RangeSet::new());
        assert_eq!(next(&all, &some, None, STARTED, LAG), None);
        let limited = Settings { limit: Some(1), ..all.clone() };
        assert_eq!(next(&limited, &options, None, STARTED, LAG), None);
        // a window that begins after the mark leaves a gap
        let gap = settings(Some(20), Some(30));
        assert_eq!(next(&gap, &options, Some(10), STARTED, LAG), None);
        assert_eq!(next(&gap, &options, None, STARTED, LAG), None);
        assert_eq!(next(&gap, &options, Some(20), STARTED, LAG), Some(30));
        // and none goes back
        assert_eq!(next(&settings(None, Some(5)), &options, Some(9), STARTED, LAG), Some(9));
    }

    #[test]
    fn a_mark_that_is_none_is_said() {
        let source = "ks.t".parse().unwrap();
        let of = |text: &str| HashMap::from([(property(&source), text.to_owned())]);
        assert_eq!(last(&source, &of("7")).unwrap(), Some(7));
        assert_eq!(last(&source, &HashMap::new()).unwrap(), None);
        let error = last(&source, &of("yesterday")).unwrap_err().to_string();
        assert!(error.contains("cassandra-bulk.written-until.ks.t"), "{error}");
    }
}
