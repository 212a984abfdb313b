//! An import as a library user writes it down.

use std::time::Instant;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use executor::Pace;
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use super::driver;
use super::input::Given;
use super::options::{ImportOptions, MaxErrors};
use super::report::{ImportProgress, ImportReport, ProgressObserver};
use crate::error::Result;
use crate::iceberg::IcebergSource;
use crate::operator::Operator;

/// An import into a table, which [`Operator::import`] begins.
///
/// ```no_run
/// # async fn example(operator: bulk::Operator) -> Result<(), bulk::Error> {
/// let report = operator
///     .import("shop", "orders")
///     .from("/data/orders/*.csv.gz")
///     .map("order_no", "id")
///     .skip("remarks")
///     .set("country", "DE")
///     .run()
///     .await?;
/// println!("{} written, {} bad", report.counts.written, report.counts.bad);
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is imported before it runs"]
pub struct Import {
    operator: Operator,
    keyspace: String,
    table: String,
    from: Vec<Given>,
    options: ImportOptions,
    observer: ProgressObserver,
}

impl Import {
    pub(crate) fn new(operator: Operator, keyspace: &str, table: &str) -> Self {
        let (keyspace, table) = (keyspace.to_owned(), table.to_owned());
        let (options, observer) = (ImportOptions::default(), ProgressObserver::default());
        Import { operator, keyspace, table, from: Vec::new(), options, observer }
    }

    /// Adds a source: a path or URL of a file or folder, a pattern of such (`*`, `?`, `**`, `{a,b}`), the
    /// folder of an export, whose manifest is followed, or `-` for standard input.
    pub fn from(mut self, place: impl Into<String>) -> Self {
        self.from.push(Given::Place(place.into()));
        self
    }

    /// Adds an Iceberg table: the rows of one snapshot, which is pinned when the import begins, and is read
    /// again by a run that goes on with it.
    pub fn from_iceberg(mut self, table: IcebergSource) -> Self {
        self.from.push(Given::Table(Box::new(table)));
        self
    }

    /// Adds batches of any Arrow schema, whose fields are matched by name as those of a file are. `name`
    /// stands for them where bad records are told of.
    ///
    /// ```no_run
    /// # async fn example(
    /// #     operator: bulk::Operator,
    /// #     batches: Vec<arrow_array::RecordBatch>,
    /// # ) -> Result<(), bulk::Error> {
    /// let schema = batches[0].schema();
    /// let batches = futures::stream::iter(batches).map(Ok);
    /// # use futures::StreamExt;
    /// operator.import("shop", "orders").from_batches("orders", schema, batches).run().await?;
    /// # Ok(()) }
    /// ```
    pub fn from_batches(
        mut self,
        name: impl Into<String>,
        schema: SchemaRef,
        batches: impl Stream<Item = formats::Result<RecordBatch>> + Send + 'static,
    ) -> Self {
        self.from.push(Given::Batches(name.into(), schema, batches.boxed()));
        self
    }

    /// The column that a field is for, where their names differ; for files without names, a field's
    /// place, from 0.
    pub fn map(mut self, field: impl Into<String>, column: impl Into<String>) -> Self {
        self.options.map.push((field.into(), column.into()));
        self
    }

    /// Passes a field over.
    pub fn skip(mut self, field: impl Into<String>) -> Self {
        self.options.skip.push(field.into());
        self
    }

    /// Gives a column the same value in all records, from its text.
    pub fn set(mut self, column: impl Into<String>, text: impl Into<String>) -> Self {
        self.options.set.push((column.into(), text.into()));
        self
    }

    /// How many records may be bad before the import stops.
    pub fn max_errors(mut self, most: MaxErrors) -> Self {
        self.options.max_errors = most;
        self
    }

    /// Ends the import early when it is cancelled: what has begun is ended and written down.
    pub fn cancel(mut self, token: CancellationToken) -> Self {
        self.options.write.cancel = token;
        self
    }

    /// How fast it may go; it can be changed while it goes.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.options.write.pace = pace;
        self
    }

    /// When it is to have ended: from then on it stops, and can be gone on with.
    pub fn deadline(mut self, moment: Instant) -> Self {
        self.options.deadline = Some(moment);
        self
    }

    /// A callback that is told how far the import is. It should be quick.
    pub fn progress(mut self, callback: impl Fn(&ImportProgress) + Send + Sync + 'static) -> Self {
        self.observer = ProgressObserver::new(callback);
        self
    }

    /// Everything about the import. Replaces what was set before, but sources and the callback.
    pub fn options(mut self, options: ImportOptions) -> Self {
        self.options = options;
        self
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request) for names and options that do not go together;
    /// [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete) where too many records are bad, or a file
    /// cannot be read to its end. Once writing has begun, the error has the report of what was written:
    /// [`Error::import_report`](crate::Error::import_report). An import with some bad records is no error.
    pub async fn run(self) -> Result<ImportReport> {
        let (table, ring) = self.operator.read(&self.keyspace, &self.table).await?;
        let session = self.operator.session().clone();
        driver::run(session, table, ring, self.from, self.options, self.observer).await
    }
}
