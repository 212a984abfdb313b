//! Whether the files of an export are what its manifest says, and the table still is what they are.

use std::collections::HashSet;
use std::fmt;

use executor::{Condition, Stats};
use formats::{Entry, Location};
use futures::{StreamExt, TryStreamExt, stream};
use topology::TableName;

use crate::error::{Error, Result};
use crate::export::{FileRecord, MANIFEST, Manifest};
use crate::operator::Operator;
use crate::options::BulkOptions;

/// Files that are summed up at the same time.
const AT_ONCE: usize = 4;

/// Something that is not as the manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// A file is not there.
    Missing {
        /// The file.
        file: String,
    },
    /// A file has another size.
    Size {
        /// The file.
        file: String,
        /// Bytes by the manifest.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A file has the right size, and another content.
    Content {
        /// The file.
        file: String,
    },
    /// A file is there that the manifest does not list; who reads the whole folder reads it too.
    Unlisted {
        /// The file.
        file: String,
    },
    /// The table has another number of rows now.
    Rows {
        /// Rows of the files.
        expected: u64,
        /// Rows of the table.
        found: u64,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Missing { file } => write!(f, "{file} is missing"),
            Difference::Size { file, expected, found } => {
                write!(f, "{file} has {found} bytes; the manifest says {expected}")
            }
            Difference::Content { file } => {
                write!(f, "{file} has another content: its SHA-256 is not that of the manifest")
            }
            Difference::Unlisted { file } => write!(f, "{file} is not in the manifest"),
            Difference::Rows { expected, found } => {
                write!(f, "the table has {found} rows now; the files have {expected}")
            }
        }
    }
}

/// What verifying has found.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyReport {
    /// The manifest.
    pub manifest: Manifest,
    /// What is not as it says; nothing where all is well.
    pub differences: Vec<Difference>,
    /// The figures of the count, where the table was counted.
    pub stats: Option<Stats>,
}

/// Reads every file of an export, and compares sizes and checksums with the manifest.
///
/// # Errors
///
/// [`ErrorKind::Request`](crate::ErrorKind::Request) where there is no manifest, so no finished export.
///
/// ```no_run
/// # async fn example() -> Result<(), bulk::Error> {
/// let report = bulk::verify(&bulk::Location::parse("/data/orders")?).await?;
/// for difference in &report.differences {
///     println!("{difference}");
/// }
/// # Ok(()) }
/// ```
pub async fn verify(location: &Location) -> Result<VerifyReport> {
    let Some(manifest) = Manifest::read(location).await? else {
        return Err(Error::request(format!(
            "{location} has no {MANIFEST}: there is no export, or it has not ended; go on with it by \
             export --resume"
        )));
    };
    let there = location.list().await?;
    let checks = manifest.files.iter().map(|file| check(location, &there, file));
    let found: Vec<Option<Difference>> =
        stream::iter(checks).buffered(AT_ONCE).try_collect().await?;
    let listed: HashSet<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    let is_data = |name: &str| !name.starts_with("_bulk/");
    let unlisted = there
        .iter()
        .filter(|entry| is_data(&entry.name) && !listed.contains(entry.name.as_str()))
        .map(|entry| Difference::Unlisted { file: entry.name.clone() });
    let differences = found.into_iter().flatten().chain(unlisted).collect();
    Ok(VerifyReport { manifest, differences, stats: None })
}

async fn check(
    location: &Location,
    there: &[Entry],
    file: &FileRecord,
) -> Result<Option<Difference>> {
    let name = file.name.clone();
    // The list is sorted by name.
    let Ok(at) = there.binary_search_by(|entry| entry.name.cmp(&name)) else {
        return Ok(Some(Difference::Missing { file: name }));
    };
    if there[at].bytes != file.bytes {
        let found = there[at].bytes;
        return Ok(Some(Difference::Size { file: name, expected: file.bytes, found }));
    }
    let sum = location.checksum(&name).await?;
    let same = (sum.bytes, &sum.sha256) == (file.bytes, &file.sha256);
    Ok((!same).then_some(Difference::Content { file: name }))
}

impl Operator {
    /// As [`verify`], and counts what was exported in the table as it is now.
    ///
    /// # Errors
    ///
    /// As [`verify`] and [`count_by_token_ranges`](Self::count_by_token_ranges);
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for an export of rows that counting cannot
    /// choose: by write time, or up to a limit.
    pub async fn verify(&self, location: &Location, options: &BulkOptions) -> Result<VerifyReport> {
        let mut report = verify(location).await?;
        let settings = &report.manifest.settings;
        for (is_set, what) in [
            (settings.limit.is_some(), "has a limit of rows"),
            (settings.written_after.is_some(), "has rows of a time of writing only"),
            (settings.written_before.is_some(), "has rows of a time of writing only"),
        ] {
            if is_set {
                return Err(Error::request(format!(
                    "the export in {location} {what}, so it cannot be compared with the table by \
                     counting; verify it without --live"
                )));
            }
        }
        let table: TableName = settings.table.parse()?;
        let mut options = options.clone().token_ranges(settings.token_ranges.clone());
        if let Some(condition) = &settings.condition {
            let damaged = |error| Error::request("the manifest is damaged").with_source(error);
            let condition: Condition = condition.parse().map_err(damaged)?;
            options = options.filter(condition).allow_filtering(settings.allow_filtering);
        }
        let (keyspace, table) = (table.keyspace(), table.table());
        let count = self.count_by_token_ranges_with_stats(keyspace, table, &options).await?;
        let (expected, found) = (report.manifest.rows, count.rows);
        if expected != found {
            report.differences.push(Difference::Rows { expected, found });
        }
        report.stats = Some(count.stats);
        Ok(report)
    }
}
