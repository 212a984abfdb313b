//! Names of metadata files.

use std::str::FromStr as _;

use iceberg::MetadataLocation;
use iceberg::spec::TableMetadata;
use uuid::Uuid;

use crate::error::{Error, Result};

/// Where a table's next metadata goes, after the file that has the current one: the next version,
/// and a name that nobody else has.
///
/// `MetadataLocation` reads only names as it writes them, and only in the folder `metadata`.
/// Others' names may have another form (`v3.metadata.json`, `00003-abc.metadata.json.gz`); their
/// number is what counts.
pub(super) fn next(current: Option<&str>, metadata: &TableMetadata) -> Result<MetadataLocation> {
    let version = current.and_then(version).map_or(0, |version| version.saturating_add(1));
    let folder = metadata.location().trim_end_matches('/');
    let path = format!("{folder}/metadata/{version:05}-{}.metadata.json", Uuid::new_v4());
    let location = MetadataLocation::from_str(&path).map_err(|source| {
        Error::of(format_args!("{path} can't be the path of a table's metadata"), source)
    })?;
    Ok(location.with_new_metadata(metadata))
}

fn version(path: &str) -> Option<i32> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_prefix('v').unwrap_or(name);
    let end = name.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(name.len());
    name.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_names_have_versions_too() {
        for (path, expected) in [
            (
                "file:///a/metadata/00000-2cd22b57-5127-4198-92ba-e4e67c79821b.metadata.json",
                Some(0),
            ),
            ("/a/metadata/00012-2cd22b57-5127-4198-92ba-e4e67c79821b.gz.metadata.json", Some(12)),
            ("s3://b/other/00003-abc.metadata.json.gz", Some(3)),
            ("s3://b/a/metadata/v7.metadata.json", Some(7)),
            ("2147483647-x.metadata.json", Some(i32::MAX)),
            ("99999999999-x.metadata.json", None),
            ("s3://b/a/metadata/last.metadata.json", None),
            ("", None),
        ] {
            assert_eq!(version(path), expected, "{path}");
        }
    }
}
