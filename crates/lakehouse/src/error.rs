//! What can go wrong with a catalog, a table, or its files.

use std::error::Error as StdError;
use std::fmt;

/// The result of anything done with a table.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A name, an option, or a filter that can't be followed.
    Request,
    /// A catalog, namespace, table, or snapshot that is not there.
    NotFound,
    /// Missing or refused credentials, or missing permissions.
    Denied,
    /// The table is not such that what was asked could be done with it: its schema or its partitions.
    Mismatch,
    /// Something of Iceberg that this release can't do, and refuses rather than does wrongly.
    Unsupported,
    /// Others have changed the table, again and again, while a commit was tried.
    Conflict,
    /// A commit may have been done or not, and that could not be found out.
    Unknown,
    /// The catalog or the warehouse failed or did not answer.
    Unavailable,
    /// A value that the table can't hold.
    Value,
    /// Metadata or a file is not what it should be.
    Data,
    /// A fault of this program.
    Internal,
}

/// What went wrong, with the catalog, the table or the file it went wrong with.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), source: None }
    }

    pub(crate) fn request(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Request, message)
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Something that could not be done, `what` being a clause, as "the table a.b could not be loaded",
    /// for a cause whose kind is found in `source`.
    pub(crate) fn of(what: impl fmt::Display, source: iceberg::Error) -> Self {
        let file = causes(&source).find_map(|cause| cause.downcast_ref::<formats::Error>());
        let kind = match (file, source.kind()) {
            (Some(file), _) => kind_of_file(file),
            (_, iceberg::ErrorKind::NamespaceNotFound | iceberg::ErrorKind::TableNotFound) => {
                ErrorKind::NotFound
            }
            (_, iceberg::ErrorKind::TableAlreadyExists)
            | (_, iceberg::ErrorKind::NamespaceAlreadyExists) => ErrorKind::Mismatch,
            (_, iceberg::ErrorKind::CatalogCommitConflicts) => ErrorKind::Conflict,
            (_, iceberg::ErrorKind::FeatureUnsupported) => ErrorKind::Unsupported,
            (_, iceberg::ErrorKind::DataInvalid) => ErrorKind::Data,
            _ => ErrorKind::Unavailable,
        };
        Error::new(kind, what.to_string()).with_source(Cause(source))
    }

    /// The same for what could not be written: there it is the bucket that is missing.
    pub(crate) fn of_write(what: impl fmt::Display, source: iceberg::Error) -> Self {
        let file = causes(&source).find_map(|cause| cause.downcast_ref::<formats::Error>());
        let missing = file.is_some_and(|file| file.kind() == formats::ErrorKind::NotFound);
        let error = Error::of(what, source);
        match missing {
            true => Error { kind: ErrorKind::NotFound, ..error },
            false => error,
        }
    }

    /// The same for a cause that is a file's or its store's.
    pub(crate) fn of_file(what: impl fmt::Display, source: formats::Error) -> Self {
        Error::new(kind_of_file(&source), what.to_string()).with_source(source)
    }

    /// The same, with the file or other object that it is about named first.
    pub(crate) fn about(mut self, object: impl fmt::Display) -> Self {
        self.message = format!("{object}: {}", self.message);
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same may succeed later without a change.
    pub fn retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Conflict | ErrorKind::Unknown | ErrorKind::Unavailable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// What a failure with a file means for the table it is of.
fn kind_of_file(error: &formats::Error) -> ErrorKind {
    match error.kind() {
        formats::ErrorKind::Request => ErrorKind::Request,
        formats::ErrorKind::Denied => ErrorKind::Denied,
        // Whoever names it says that it is there.
        formats::ErrorKind::NotFound | formats::ErrorKind::Data => ErrorKind::Data,
        _ => ErrorKind::Unavailable,
    }
}

/// An error of `iceberg`, which shows its causes itself: here they are told once, one after the other.
#[derive(Debug)]
struct Cause(iceberg::Error);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source()?;
        match source.downcast_ref::<formats::Error>() {
            // Its text is the message.
            Some(file) => file.source(),
            None => Some(source),
        }
    }
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Stores;

    #[tokio::test]
    async fn each_cause_is_told_once_and_a_missing_file_is_bad_data() {
        let input = Stores::default().file_io().new_input("/none/there/v1.json").unwrap();
        let error = Error::of("the table a.b could not be loaded", input.read().await.unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Data);
        let told: Vec<String> = causes(&error).map(ToString::to_string).collect();
        assert_eq!(told[1], "/none/there/v1.json could not be read: it is not there");
        assert_eq!(told.iter().filter(|text| text.contains("could not be read")).count(), 1);
    }

    #[tokio::test]
    async fn what_is_missing_where_something_is_written_is_the_bucket() {
        let input = Stores::default().file_io().new_input("/none/there/v1.json").unwrap();
        let source = input.read().await.unwrap_err();
        assert_eq!(Error::of_write("it failed", source).kind(), ErrorKind::NotFound);
        let source = iceberg::Error::new(iceberg::ErrorKind::DataInvalid, "so");
        assert_eq!(Error::of_write("it failed", source).kind(), ErrorKind::Data);
    }

    #[test]
    fn kinds_of_iceberg_have_kinds_here() {
        for (theirs, ours, retryable) in [
            (iceberg::ErrorKind::TableNotFound, ErrorKind::NotFound, false),
            (iceberg::ErrorKind::CatalogCommitConflicts, ErrorKind::Conflict, true),
            (iceberg::ErrorKind::DataInvalid, ErrorKind::Data, false),
            (iceberg::ErrorKind::TableAlreadyExists, ErrorKind::Mismatch, false),
            (iceberg::ErrorKind::Unexpected, ErrorKind::Unavailable, true),
        ] {
            let error = Error::of("it failed", iceberg::Error::new(theirs, "so"));
            assert_eq!((error.kind(), error.retryable()), (ours, retryable));
        }
    }
}
