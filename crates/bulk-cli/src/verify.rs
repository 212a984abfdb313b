//! `verify`: whether an export is what its manifest says.

use std::io::Write;

use bulk::Location;

use crate::args::{Output, Verify};
use crate::exit::Failure;
use crate::file_options::refused;
use crate::{connect, output};

impl Verify {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let location = Location::parse(&self.dest).map_err(refused)?;
        let report = if self.live {
            let operator = connect::connect(&self.common).await?;
            let (progress, options) = self.run.options(&self.common);
            let report = operator.verify(&location, &options).await;
            drop(progress);
            if let Err(error) = &report {
                self.run.conclude_failed(&self.common, error);
            }
            report?
        } else {
            bulk::verify(&location).await?
        };
        let text = match self.common.shown.output {
            Output::Text => output::verified(&report),
            Output::Json => output::verified_json(&report).to_string(),
        };
        writeln!(std::io::stdout(), "{text}")?;
        match report.differences.len() {
            0 => Ok(()),
            count => Err(Failure::Different(count)),
        }
    }
}
