//! Which keys a JSON object must and may have.

use crate::error::{Error, ErrorKind, Result};

/// Which keys the objects of a [`JsonRowsBuilder`](crate::JsonRowsBuilder) must and may have. By default, exactly
/// one for each column.
///
/// ```
/// use std::sync::Arc;
/// use cql_arrow::{FieldPolicy, JsonRowsBuilder, MappingOptions, TextOptions, schema};
/// use scylla::frame::response::result::{ColumnType, NativeType};
/// let int = ColumnType::Native(NativeType::Int);
/// let schema = schema([("id", &int), ("n", &int)], &MappingOptions::default())?;
/// let fields = FieldPolicy {
///     optional: vec![false, true],
///     ignored: vec!["_comment".to_owned()],
///     ..FieldPolicy::default()
/// };
/// let mut rows =
///     JsonRowsBuilder::with_options(Arc::new(schema), &TextOptions::default(), fields)?;
/// rows.append(r#"{"id": 1, "_comment": ["any", "thing"]}"#)?;
/// let error = rows.append(r#"{"n": 1}"#).unwrap_err();
/// assert_eq!(error.to_string(), r#"column "id": the object lacks "id""#);
/// assert!(rows.append(r#"{"id": 1, "on": 1}"#).is_err());
/// # Ok::<(), cql_arrow::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPolicy {
    /// Whether keys that are no column's are passed over, with whatever value. They are an error otherwise.
    pub allow_extra: bool,
    /// Whether a column without a key is null. It is an error otherwise.
    pub allow_missing: bool,
    /// For each column of the schema, whether it may be without a key all the same. Empty: none may.
    pub optional: Vec<bool>,
    /// Keys that are passed over in any case. None of them can be a column.
    pub ignored: Vec<String>,
}

impl FieldPolicy {
    /// For each column of a schema, whether objects must have it.
    pub(super) fn required(&self, columns: usize) -> Result<Vec<bool>> {
        if self.optional.is_empty() || self.allow_missing {
            return Ok(vec![!self.allow_missing; columns]);
        }
        if self.optional.len() == columns {
            return Ok(self.optional.iter().map(|optional| !optional).collect());
        }
        Err(Error::new(
            ErrorKind::Schema,
            format!(
                "it is said of {} columns whether they are optional, where the schema has {columns}",
                self.optional.len()
            ),
        ))
    }
}
