//! What can be wrong with a type or a value.

use std::error::Error as StdError;
use std::fmt;

/// The result of a conversion.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A CQL type, or a choice of mapping, that there is no Arrow type for.
    Unsupported,
    /// An Arrow schema that no CQL type goes with.
    Schema,
    /// A value that its type does not have, or that its Arrow type cannot hold.
    Value,
}

/// What is wrong with a type or a value. It never passes by itself: the same input fails again.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    column: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), column: None, source: None }
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same, with the column's name, unless a column is named already.
    pub(crate) fn of_column(mut self, column: &str) -> Self {
        self.column.get_or_insert_with(|| column.to_owned());
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What is wrong, without the column.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The column it is about, where one is known.
    pub fn column(&self) -> Option<&str> {
        self.column.as_deref()
    }

    /// Whether the same conversion may succeed later: never.
    pub fn retryable(&self) -> bool {
        false
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "column {column:?}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
