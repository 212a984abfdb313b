//! A page of rows, with where it is from.

use scylla::deserialize::result::TypedRowIterator;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::RowsError;
use scylla::response::query_result::QueryRowsResult;
use tokenring::TokenRange;
use uuid::Uuid;

/// A page of rows of one range.
///
/// The pages of a range come in order, the last one marked; pages of different ranges come mixed. A
/// range whose last page has come is wholly delivered, and will not come again.
#[derive(Debug)]
pub struct Page {
    pub(crate) split: usize,
    pub(crate) range: TokenRange,
    pub(crate) node: Uuid,
    pub(crate) last: bool,
    pub(crate) tally: u64,
    pub(crate) result: QueryRowsResult,
}

impl Page {
    /// The index of its split in the plan.
    pub fn split(&self) -> usize {
        self.split
    }

    /// The range it is of.
    pub fn range(&self) -> TokenRange {
        self.range
    }

    /// Whether its range ends with it.
    pub fn is_last(&self) -> bool {
        self.last
    }

    /// The host id of the node that served it.
    pub fn node(&self) -> Uuid {
        self.node
    }

    /// Table rows it stands for: its own, or those it counts.
    pub fn tally(&self) -> u64 {
        self.tally
    }

    /// Rows in it. A page may be empty and not the last: rows deleted on the way are skipped so.
    pub fn row_count(&self) -> usize {
        self.result.rows_num()
    }

    /// Its rows, decoded one by one.
    ///
    /// # Errors
    ///
    /// Where `R` does not fit the columns of the query.
    pub fn rows<'page, R: DeserializeRow<'page, 'page>>(
        &'page self,
    ) -> Result<TypedRowIterator<'page, 'page, R>, RowsError> {
        self.result.rows()
    }

    /// The raw result, with its column specifications.
    pub fn result(&self) -> &QueryRowsResult {
        &self.result
    }
}
