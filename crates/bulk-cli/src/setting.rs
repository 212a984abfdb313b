//! A setting: what it is called in each place, and where its value comes from.

use std::fmt;
use std::path::PathBuf;

/// The beginning of the name of every variable that is a setting.
pub(crate) const PREFIX: &str = "CASSANDRA_BULK_";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An argument.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// A line of the configuration file, counted from 1.
    Config { path: PathBuf, line: usize },
    /// A file of cqlsh.
    Cqlsh(PathBuf),
    /// Whoever sits at the terminal is asked.
    Prompt,
    /// Nobody set it.
    Default,
}

impl Origin {
    /// The kind, for programs.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Origin::Flag(_) => "flag",
            Origin::Variable(_) => "variable",
            Origin::Config { .. } => "config",
            Origin::Cqlsh(_) => "cqlsh",
            Origin::Prompt => "prompt",
            Origin::Default => "default",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(name) => write!(f, "{name}"),
            Origin::Variable(name) => write!(f, "variable {name}"),
            Origin::Config { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Cqlsh(path) => write!(f, "{}", path.display()),
            Origin::Prompt => write!(f, "prompt"),
            Origin::Default => write!(f, "default"),
        }
    }
}

/// A value that stands in for an argument that is not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The id of the argument.
    pub(crate) id: &'static str,
    /// As it would be written on the command line; a list has commas in between.
    pub(crate) value: String,
    /// Who says so.
    pub(crate) origin: Origin,
}

/// What a key of the configuration file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value.
    One,
    /// One value, or a list of them.
    Many,
    /// A path; a relative one is seen from the folder of the file.
    Path,
    /// Yes or no, where the argument says the opposite.
    Opposite,
}

/// A setting that the configuration file and the environment may hold.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name in the file, with its table.
    pub(crate) name: &'static str,
    /// The id of its argument; in capitals and after [`PREFIX`], its variable.
    pub(crate) id: &'static str,
    /// What it holds.
    pub(crate) shape: Shape,
}

impl Key {
    const fn new(name: &'static str, id: &'static str, shape: Shape) -> Key {
        Key { name, id, shape }
    }
}

/// All of them. Arguments that say what is done to a table are not among them: those belong to a run, not to
/// a place where many runs would take them from.
pub(crate) const KEYS: [Key; 25] = [
    Key::new("hosts", "host", Shape::Many),
    Key::new("port", "port", Shape::One),
    Key::new("user", "user", Shape::One),
    Key::new("local_dc", "local_dc", Shape::One),
    Key::new("consistency", "consistency", Shape::One),
    Key::new("connect_timeout", "connect_timeout", Shape::One),
    Key::new("request_timeout", "request_timeout", Shape::One),
    Key::new("compress_frames", "compress_frames", Shape::One),
    Key::new("output", "output", Shape::One),
    Key::new("log_file", "log_file", Shape::Path),
    Key::new("tls.enabled", "tls", Shape::One),
    Key::new("tls.ca", "tls_ca", Shape::Path),
    Key::new("tls.cert", "tls_cert", Shape::Path),
    Key::new("tls.key", "tls_key", Shape::Path),
    Key::new("tls.verify_hostname", "tls_no_hostname_check", Shape::Opposite),
    Key::new("tls.verify", "tls_no_verify", Shape::Opposite),
    Key::new("run.splits", "splits", Shape::One),
    Key::new("run.parallelism", "parallelism", Shape::One),
    Key::new("run.max_retry_time", "max_retry_time", Shape::One),
    Key::new("run.deadline", "deadline", Shape::One),
    Key::new("run.rows_per_second", "rows_per_second", Shape::One),
    Key::new("run.bytes_per_second", "bytes_per_second", Shape::One),
    Key::new("run.max_per_node", "max_per_node", Shape::One),
    Key::new("run.metrics", "metrics", Shape::One),
    Key::new("run.quiet", "quiet", Shape::One),
];

/// The variable of an argument.
pub(crate) fn variable(id: &str) -> String {
    format!("{PREFIX}{}", id.to_ascii_uppercase())
}
