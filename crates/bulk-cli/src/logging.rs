//! Where the log goes, and how much of it.

use std::fs::File;
use std::io::IsTerminal;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::args::Shown;
use crate::exit::Failure;

/// Sets the log up. The driver is held quieter than the rest: what it logs as an error is told again,
/// in full, by whoever acts on it.
pub(crate) fn start(shown: &Shown) -> Result<(), Failure> {
    let by_verbosity = match shown.verbose {
        0 => "warn,scylla=off",
        1 => "info,scylla=warn",
        2 => "debug,scylla=info",
        _ => "trace",
    };
    let filter = match std::env::var(EnvFilter::DEFAULT_ENV) {
        Ok(text) => EnvFilter::try_new(text)
            .map_err(|error| Failure::usage(format!("RUST_LOG is not a log filter: {error}")))?,
        Err(_) => EnvFilter::new(by_verbosity),
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    match &shown.log_file {
        None => log.with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr).init(),
        Some(path) => {
            let file = File::options().create(true).append(true).open(path).map_err(|error| {
                Failure::usage(format!("log file '{}' cannot be opened: {error}", path.display()))
            })?;
            log.with_ansi(false).with_writer(Mutex::new(file)).init();
        }
    }
    Ok(())
}
