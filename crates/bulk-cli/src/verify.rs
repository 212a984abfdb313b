//! `verify`: whether an export is what its manifest says.

use std::io::Write;

use bulk::Location;

use crate::args::{Output, Verify};
use crate::exit::Failure;
use crate::file_options::refused;
use crate::running::Running;
use crate::{connect, output};

impl Verify {
    /// The folder of the export.
    pub(crate) fn place(&self) -> Result<Location, Failure> {
        Location::parse(&self.dest).map_err(refused)
    }

    pub(crate) async fn run(&self, location: &Location, running: &Running) -> Result<(), Failure> {
        let report = if self.live {
            let operator = connect::connect(&self.common).await?;
            let (progress, options) = self.run.options(&self.common, running);
            let report = operator.verify(location, &options).await;
            drop(progress);
            if let Err(error) = &report {
                self.run.conclude_failed(&self.common, error);
                if error.stats().is_some() {
                    running.keep(&output::failure(error));
                }
            }
            report?
        } else {
            bulk::verify(location).await?
        };
        let document = output::verified_json(&report);
        running.keep(&document);
        let text = match self.common.shown.output {
            Output::Text => output::verified(&report),
            Output::Json => document.to_string(),
        };
        writeln!(std::io::stdout(), "{text}")?;
        match report.differences.len() {
            0 => Ok(()),
            count => Err(Failure::Different(count)),
        }
    }
}
