//! Which Iceberg table rows go to, and what becomes of those it has.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use formats::Format;
use lakehouse::{CatalogKind, CatalogOptions, TableName};

use crate::error::{Error, Result};
use crate::export::{Existing, ExportOptions};

/// The longest id of a run.
const MAX_ID: usize = 64;

/// What becomes of the rows that a table has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IcebergMode {
    /// There are none: the table is made, and must not be there.
    #[default]
    Create,
    /// They stay. A table that is not there is made.
    Append,
    /// They go, in the snapshot in which the new ones come: whoever reads sees the ones or the others. A
    /// table that is not there is made.
    Replace,
}

impl IcebergMode {
    pub(crate) fn commit(self) -> lakehouse::Mode {
        match self {
            IcebergMode::Create | IcebergMode::Append => lakehouse::Mode::Append,
            IcebergMode::Replace => lakehouse::Mode::Replace,
        }
    }
}

impl fmt::Display for IcebergMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IcebergMode::Create => "create",
            IcebergMode::Append => "append",
            IcebergMode::Replace => "replace",
        })
    }
}

/// The Iceberg table that rows go to.
///
/// ```
/// use bulk::{CatalogKind, CatalogOptions, IcebergMode, IcebergTarget};
/// let catalog = CatalogOptions::new(CatalogKind::Sql).with("warehouse", "/data/warehouse");
/// let mut orders = IcebergTarget::new(catalog, "shop.orders".parse()?);
/// orders.mode = IcebergMode::Append;
/// orders.partition_by = Some("day(created),bucket(16,id)".to_owned());
/// # Ok::<(), lakehouse::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IcebergTarget {
    /// Where the table's catalog is.
    pub catalog: CatalogOptions,
    /// The table's name in it.
    pub table: TableName,
    /// What becomes of the rows that it has.
    pub mode: IcebergMode,
    /// The partition spec of a table that is made: `day(ts),bucket(16,id)`.
    pub partition_by: Option<String>,
    /// The sort order of a table that is made: `ts desc`. Kept as metadata: files are not sorted.
    pub sort_by: Option<String>,
    /// Properties of a table that is made.
    pub properties: BTreeMap<String, String>,
    /// The version of Iceberg's format of a table that is made: 1, 2 or 3; 2 if none is given.
    pub format_version: Option<u8>,
    /// The id of the run: of those with the same id, one is done, and once. Letters, digits, `.`, `_` and
    /// `-`. A new one if none is given.
    pub run_id: Option<String>,
    /// Whether the run of this source that has not ended is gone on with, where no id is given.
    pub resume: bool,
    /// Whether only rows are taken that were written since the last run: after the mark that it has left
    /// in the table's properties, and until `lag` ago, which becomes the next mark. All rows until then,
    /// where there is no mark.
    ///
    /// A row that was updated comes as a new row; one that was deleted does not come. Rows that have only
    /// a key have no write time that could be asked for, and come each time.
    pub since_last: bool,
    /// How long a write may take from its write time until every reader sees it. What is younger when a
    /// run begins is left to the next.
    pub lag: Duration,
}

impl IcebergTarget {
    /// A table, made if it is not there, of all rows.
    pub fn new(catalog: CatalogOptions, table: TableName) -> Self {
        IcebergTarget {
            catalog,
            table,
            mode: IcebergMode::default(),
            partition_by: None,
            sort_by: None,
            properties: BTreeMap::new(),
            format_version: None,
            run_id: None,
            resume: false,
            since_last: false,
            lag: Duration::from_secs(10),
        }
    }

    /// Refuses what does not go together.
    pub(crate) fn check(&self, how: &ExportOptions) -> Result<()> {
        let is_id = |id: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            (1..=MAX_ID).contains(&id.len()) && id.chars().all(known) && !id.starts_with('.')
        };
        if let Some(id) = self.run_id.as_deref().filter(|id| !is_id(id)) {
            return Err(Error::request(format!(
                "{id:?} can't be the id of a run: give up to {MAX_ID} letters, digits, '.', '_' or '-', \
                 beginning with none of the last"
            )));
        }
        if self.catalog.kind() == CatalogKind::Memory && self.resume {
            return Err(Error::request(
                "a catalog in memory has no run that could be gone on with",
            ));
        }
        for (refused, why) in [
            (!matches!(how.file.format, Format::Parquet(_)), "its files are Parquet"),
            (how.existing == Existing::Overwrite, "rows are replaced by the mode replace"),
            (!how.partition_by.is_empty(), "it has a partition spec instead of Hive's folders"),
            (how.batches.limit.is_some() && self.resume, "a run with a limit can't be resumed"),
            (
                self.since_last && self.mode == IcebergMode::Replace,
                "what was written since the last run does not replace the rest",
            ),
            (
                self.since_last && how.batches.written.after.is_some(),
                "what was written since the last run has a beginning",
            ),
        ] {
            if refused {
                return Err(Error::request(format!(
                    "the options do not suit the Iceberg table {}: {why}",
                    self.table
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> IcebergTarget {
        let catalog = CatalogOptions::new(CatalogKind::Sql);
        IcebergTarget::new(catalog, "a.b".parse().unwrap())
    }

    #[test]
    fn ids_of_runs_are_names_of_folders() {
        let how = ExportOptions::default();
        for (id, good) in [
            ("2024-02-29", true),
            ("night_7.a", true),
            ("", false),
            ("a/b", false),
            ("..", false),
            (".a", false),
            ("a b", false),
            (&"x".repeat(65), false),
        ] {
            let to = IcebergTarget { run_id: Some(id.to_owned()), ..target() };
            assert_eq!(to.check(&how).is_ok(), good, "{id:?}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let mut csv = ExportOptions::default();
        csv.file.format = Format::JsonLines;
        assert!(target().check(&csv).is_err());
        let incremental = IcebergTarget { since_last: true, ..target() };
        assert!(incremental.check(&ExportOptions::default()).is_ok());
        let replacing = IcebergTarget { mode: IcebergMode::Replace, ..incremental };
        let error = replacing.check(&ExportOptions::default()).unwrap_err();
        assert!(error.to_string().contains("does not replace"), "{error}");
    }
}
