//! What can go wrong with a file, or with the store it is in.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use object_store::client::{HttpError, HttpErrorKind};

/// The result of anything done with files.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A URL, a name, or an option that can't be followed.
    Request,
    /// Missing or refused credentials, or missing permissions.
    Denied,
    /// The file, the folder, or the bucket is not there.
    NotFound,
    /// A file is there already that was to be made.
    Exists,
    /// The disk or the quota is full.
    Full,
    /// The store failed in another way.
    Store,
    /// A file is not what it should be, or a value can't be written to it.
    Data,
}

/// What went wrong, with the file or the URL it went wrong with.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    retryable: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), retryable: false, source: None }
    }

    pub(crate) fn request(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Request, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::NotFound, message)
    }

    pub(crate) fn data(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Data, message)
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Something that could not be done, for a cause whose kind is found in `source`.
    ///
    /// `what` is a clause, as "s3://bucket/a.csv could not be read".
    pub(crate) fn of(
        what: impl fmt::Display,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Error::classified(what, source, ErrorKind::Store)
    }

    /// What failed outside of this crate while it gave the batches that are read or written here; `what`
    /// names them. Its kind is that of a store's or a disk's error in `source`, if there is one.
    pub fn external(
        what: impl fmt::Display,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Error::of_data(format_args!("{what} could not be read"), source)
    }

    /// The same for what is done with a file's content: a cause that is no store's is the content's.
    pub(crate) fn of_data(
        what: impl fmt::Display,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Error::classified(what, source, ErrorKind::Data)
    }

    fn classified(
        what: impl fmt::Display,
        source: impl StdError + Send + Sync + 'static,
        otherwise: ErrorKind,
    ) -> Self {
        let (kind, retryable) = classify(&source).unwrap_or((otherwise, false));
        let remedy = match kind {
            ErrorKind::Full => ": there is no space left; free some, or choose another folder",
            ErrorKind::Denied => ": it is not allowed; check the credentials and permissions",
            ErrorKind::NotFound => ": it is not there",
            _ => "",
        };
        Error { retryable, ..Error::new(kind, format!("{what}{remedy}")) }.with_source(source)
    }

    /// The same, told of the file it was about.
    pub(crate) fn about(mut self, file: impl fmt::Display) -> Self {
        self.message = format!("{file}: {}", self.message);
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same may succeed later without a change: the store did not answer, or failed by
    /// itself. The requests have been retried before this is told.
    pub fn retryable(&self) -> bool {
        self.retryable
    }

    /// Whether whoever read what was written has gone away, as `head` does.
    pub fn is_broken_pipe(&self) -> bool {
        let is = |cause: &(dyn StdError + 'static)| {
            cause
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
        };
        causes(self).any(is)
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

/// An error and its causes, also those that an `io::Error` holds without calling them its source.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

/// The address of the metadata of cloud machines, asked for credentials where there are no others.
const METADATA_ADDRESS: &str = "169.254.169.254";

/// The kind of the deepest cause that says anything, and whether it may pass. That a store failed says
/// less than any other kind.
fn classify(error: &(dyn StdError + 'static)) -> Option<(ErrorKind, bool)> {
    let known = causes(error).filter_map(|cause| {
        if let Some(error) = cause.downcast_ref::<Error>() {
            Some((error.kind, error.retryable))
        } else if let Some(error) = cause.downcast_ref::<object_store::Error>() {
            of_store(error)
        } else if let Some(error) = cause.downcast_ref::<HttpError>() {
            Some((ErrorKind::Store, error.kind() != HttpErrorKind::Decode))
        } else {
            cause.downcast_ref::<io::Error>().and_then(of_io)
        }
    });
    known.reduce(|above, below| match (above.0, below.0) {
        (ErrorKind::Store, _) => below,
        (_, ErrorKind::Store) => above,
        _ => below,
    })
}

fn of_store(error: &object_store::Error) -> Option<(ErrorKind, bool)> {
    use object_store::Error as E;
    Some(match error {
        E::NotFound { .. } => (ErrorKind::NotFound, false),
        E::AlreadyExists { .. } => (ErrorKind::Exists, false),
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => (ErrorKind::Denied, false),
        E::InvalidPath { .. } | E::UnknownConfigurationKey { .. } => (ErrorKind::Request, false),
        // A local disk's errors hold an `io::Error`, which says more.
        E::Generic { store: "LocalFileSystem", .. } => (ErrorKind::Store, false),
        E::Generic { source, .. } => of_answer(&source.to_string()),
        _ => return None,
    })
}

/// What a server has answered. Some requests, as listing, have no kinds of their own in the store's
/// client, and the status stands in the text only.
fn of_answer(text: &str) -> (ErrorKind, bool) {
    if text.contains(METADATA_ADDRESS) {
        return (ErrorKind::Denied, false);
    }
    let status = text.split_once("status code: ").and_then(|(_, rest)| rest.get(..3));
    match status.and_then(|status| status.parse::<u16>().ok()) {
        Some(401 | 403) => (ErrorKind::Denied, false),
        Some(404) => (ErrorKind::NotFound, false),
        Some(408 | 429) | None => (ErrorKind::Store, true),
        Some(status) => (ErrorKind::Store, status >= 500),
    }
}

fn of_io(error: &io::Error) -> Option<(ErrorKind, bool)> {
    use io::ErrorKind as K;
    Some(match error.kind() {
        K::StorageFull | K::QuotaExceeded => (ErrorKind::Full, false),
        K::PermissionDenied | K::ReadOnlyFilesystem => (ErrorKind::Denied, false),
        K::AlreadyExists => (ErrorKind::Exists, false),
        K::NotFound | K::NotADirectory => (ErrorKind::NotFound, false),
        K::InvalidData | K::UnexpectedEof => (ErrorKind::Data, false),
        K::TimedOut | K::ConnectionReset | K::ConnectionAborted | K::ConnectionRefused => {
            (ErrorKind::Store, true)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(source: impl StdError + Send + Sync + 'static, store: &'static str) -> Error {
        Error::of("a", object_store::Error::Generic { store, source: Box::new(source) })
    }

    #[test]
    fn the_deepest_cause_decides() {
        let full = generic(io::Error::from(io::ErrorKind::StorageFull), "LocalFileSystem");
        assert_eq!((full.kind(), full.retryable()), (ErrorKind::Full, false));
        let quota = Error::of("a", io::Error::other(io::Error::from_raw_os_error(122)));
        assert_eq!(quota.kind(), ErrorKind::Full);
        let reset = generic(HttpError::new(HttpErrorKind::Connect, fmt::Error), "S3");
        assert_eq!((reset.kind(), reset.retryable()), (ErrorKind::Store, true));
        let denied = object_store::Error::PermissionDenied {
            path: "a".into(),
            source: "403 Forbidden".into(),
        };
        assert_eq!(Error::of("a", io::Error::other(denied)).kind(), ErrorKind::Denied);
        let odd = generic(io::Error::other("odd"), "LocalFileSystem");
        assert_eq!((odd.kind(), odd.retryable()), (ErrorKind::Store, false));
    }

    #[test]
    fn what_a_server_answers_decides() {
        let answers = [
            ("403 Forbidden: <Code>AccessDenied", ErrorKind::Denied, false),
            ("404 Not Found: <Code>NoSuchBucket", ErrorKind::NotFound, false),
            ("400 Bad Request: <Code>ExpiredToken", ErrorKind::Store, false),
            ("503 Slow Down: ", ErrorKind::Store, true),
            ("429 Too Many: ", ErrorKind::Store, true),
        ];
        for (answer, kind, retryable) in answers {
            let text = format!("Error performing list request: status code: {answer}");
            let error = generic(io::Error::other(text), "S3");
            assert_eq!((error.kind(), error.retryable()), (kind, retryable), "{answer}");
        }
        let no_credentials = HttpError::new(HttpErrorKind::Connect, fmt::Error);
        let text = format!("PUT http://{METADATA_ADDRESS}/latest: {no_credentials}");
        assert_eq!(generic(io::Error::other(text), "S3").kind(), ErrorKind::Denied);
    }

    #[test]
    fn a_closed_pipe_is_recognised_however_deep() {
        let pipe = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(Error::of("a", pipe()).is_broken_pipe());
        let deep = Error::of("a", parquet::errors::ParquetError::External(Box::new(pipe())));
        assert!(deep.is_broken_pipe());
        assert!(!Error::of("a", io::Error::other("else")).is_broken_pipe());
    }
}
