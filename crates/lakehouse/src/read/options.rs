//! What of a table is read.

use super::pin::Pin;

/// What of a table is read, and in what pieces.
///
/// ```
/// use lakehouse::{Pin, ReadOptions};
/// let options = ReadOptions {
///     pin: Pin::Snapshot(3051729675574597004),
///     columns: vec!["id".to_owned(), "amount".to_owned()],
///     filter: Some("day >= '2024-01-01' AND region IN ('eu', 'us')".to_owned()),
///     ..Default::default()
/// };
/// assert_eq!(options.split_bytes, 128 * 1024 * 1024);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// The snapshot.
    pub pin: Pin,
    /// The columns, in this order; all, if there are none. Columns with fields in them are read whole.
    pub columns: Vec<String>,
    /// Only the rows for which this condition is true, as that of a `WHERE`: `=`, `!=`, `<`, `<=`, `>`, `>=`,
    /// `IN`, `BETWEEN`, `LIKE 'beginning%'`, `IS NULL`, `IS_NAN(column)`, `NOT`, `AND`, `OR`. Literals are of
    /// the columns' types: `'2024-01-01'`, `'2024-01-01T00:00:00Z'`, `X'cafe'`, a uuid as text. NaN is equal to
    /// itself and greater than all numbers, and `-0.0` is `0.0`.
    pub filter: Option<String>,
    /// Files of more bytes are cut into tasks of about as many, at their row groups. A row group is never cut.
    pub split_bytes: u64,
    /// Rows of a batch, at most; if `None`, as many as make about two MiB.
    pub batch_rows: Option<usize>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            pin: Pin::default(),
            columns: Vec::new(),
            filter: None,
            split_bytes: 128 * 1024 * 1024,
            batch_rows: None,
        }
    }
}
