//! `export` into an Iceberg table.

use std::io::Write;

use bulk::{BulkOptions, ExportOptions, IcebergTableName, IcebergTarget};

use crate::again::again;
use crate::args::Output;
use crate::exit::Failure;
use crate::export::may_go_on;
use crate::export_args::{After, Export};
use crate::running::Running;
use crate::{connect, iceberg_output};

impl Export {
    /// What has to do with Iceberg cannot be done to files.
    pub(crate) fn refuse_iceberg(&self) -> Result<(), Failure> {
        let last = (self.rows.written_after == Some(After::Last)).then_some("--written-after last");
        match self.iceberg.given().or(self.catalog.given()).or(last) {
            Some(name) => Err(Failure::usage(format!(
                "{name} goes with an Iceberg table; name it as iceberg:NAMESPACE.TABLE"
            ))),
            None => Ok(()),
        }
    }

    pub(crate) async fn run_iceberg(
        &self,
        table: &IcebergTableName,
        mut how: ExportOptions,
        running: &Running,
    ) -> Result<(), Failure> {
        // A name that tells rows of a table apart is the run's; --resume is about runs here.
        how.existing = match self.files.overwrite {
            true => bulk::Existing::Overwrite,
            false => bulk::Existing::Refuse,
        };
        let args = &self.iceberg;
        let partition_by = &self.files.partition_by;
        let to = IcebergTarget {
            mode: args.mode.map(Into::into).unwrap_or_default(),
            // The commas were cut at where they separate columns; some separate arguments.
            partition_by: (!partition_by.is_empty()).then(|| partition_by.join(",")),
            sort_by: args.sort_by.clone(),
            properties: args.table_property.iter().cloned().collect(),
            format_version: args.format_version,
            run_id: args.run_id.clone(),
            resume: self.files.resume,
            since_last: self.rows.written_after == Some(After::Last),
            lag: args.written_lag,
            ..IcebergTarget::new(self.catalog.options()?, table.clone())
        };
        if self.files.dry_run {
            return self.show_iceberg(&to, &how).await;
        }
        let operator = connect::connect(&self.common).await?;
        let (progress, options) = self.run.options(&self.common, running);
        let options = self.narrow(options);
        let (keyspace, name) = (self.table.keyspace(), self.table.table());
        let result = operator.export_to_iceberg(keyspace, name, &options, &to, &how).await;
        drop(progress);
        match result {
            Ok(report) => {
                let document = iceberg_output::json(&report);
                running.keep(&document);
                match self.common.shown.output {
                    Output::Json => writeln!(std::io::stdout(), "{document}")?,
                    Output::Text => {
                        if let Some(export) = report.export.as_ref()
                            && export.stats.ranges_total > 0
                        {
                            self.run.conclude(&export.stats);
                        }
                        if !self.run.conduct.quiet {
                            writeln!(std::io::stderr(), "{}", iceberg_output::text(&report))?;
                        }
                    }
                }
                if let Some(warning) = &report.warning {
                    writeln!(std::io::stderr(), "warning: {warning}")?;
                }
                Ok(())
            }
            Err(error) => {
                self.conclude_failed_iceberg(&error, &how, running)?;
                Err(error.into())
            }
        }
    }

    async fn show_iceberg(&self, to: &IcebergTarget, how: &ExportOptions) -> Result<(), Failure> {
        let operator = connect::connect(&self.common).await?;
        let options = self.narrow(self.run.split.apply(BulkOptions::default()));
        let (keyspace, name) = (self.table.keyspace(), self.table.table());
        let plan = operator.plan_export_to_iceberg(keyspace, name, &options, to, how).await?;
        let text = match self.common.shown.output {
            Output::Text => iceberg_output::plan(&plan, &to.table),
            Output::Json => iceberg_output::plan_json(&plan).to_string(),
        };
        Ok(writeln!(std::io::stdout(), "{text}")?)
    }

    /// Says how to go on: what the run has written is found by its id.
    fn conclude_failed_iceberg(
        &self,
        error: &bulk::Error,
        how: &ExportOptions,
        running: &Running,
    ) -> Result<(), Failure> {
        self.tell_figures(error, running)?;
        if let Some(run) = error.run_id()
            && may_go_on(error, how)
        {
            let more = match self.iceberg.run_id {
                Some(_) => ["", ""],
                None => ["--run-id", run],
            };
            again("what is whole is kept; go on with", &more, &["--resume"]);
        }
        Ok(())
    }
}
