//! `export`: rows into files, or to standard output.

use std::io::Write;

use bulk::{
    BulkOptions, ErrorKind, ExportOptions, ExportReport, Location, Operator, Stats, StreamWriter,
};

use crate::again::again;
use crate::args::Output;
use crate::exit::Failure;
use crate::export_args::Export;
use crate::file_options::refused;
use crate::place::Place;
use crate::running::Running;
use crate::{connect, output};

impl Export {
    pub(crate) async fn run(&self, running: &Running) -> Result<(), Failure> {
        // What is wrong with the arguments is said before a node is asked.
        let how = self.export_options()?;
        let folder = match self.destination() {
            None => {
                self.refuse_files()?;
                self.refuse_iceberg()?;
                return self.stream(&how, running).await;
            }
            Some(Place::Iceberg(table)) => return self.run_iceberg(table, how, running).await,
            Some(Place::Files(folder)) => folder,
        };
        self.refuse_iceberg()?;
        let location = Location::parse(folder).map_err(refused)?;
        if self.files.dry_run {
            self.show(&location, &how).await
        } else {
            self.write(&location, &how, running).await
        }
    }

    pub(crate) fn narrow(&self, mut options: BulkOptions) -> BulkOptions {
        options = self.rows.narrow.apply(options.page_size(self.page_size));
        if let Some(columns) = &self.rows.columns {
            options = options.columns(columns);
        }
        if let Some(columns) = &self.rows.writetime {
            options = options.writetime(columns.clone());
        }
        if let Some(columns) = &self.rows.ttl {
            options = options.ttl(columns.clone());
        }
        options
    }

    /// What has to do with files cannot be done to a stream.
    fn refuse_files(&self) -> Result<(), Failure> {
        let files = &self.files;
        for (given, name) in [
            (files.resume, "--resume"),
            (files.overwrite, "--overwrite"),
            (files.dry_run, "--dry-run"),
            (files.at_once.is_some(), "--files"),
            (files.max_file_rows.is_some(), "--max-file-rows"),
            (files.max_file_size.is_some(), "--max-file-size"),
            (files.file_name.is_some(), "--file-name"),
            (!files.partition_by.is_empty(), "--partition-by"),
        ] {
            if given {
                return Err(Failure::usage(format!(
                    "{name} goes with files; name a folder to write them to"
                )));
            }
        }
        Ok(())
    }

    async fn show(&self, location: &Location, how: &ExportOptions) -> Result<(), Failure> {
        let operator = connect::connect(&self.common).await?;
        let options = self.narrow(self.run.split.apply(BulkOptions::default()));
        let (keyspace, table) = (self.table.keyspace(), self.table.table());
        let plan = operator.plan_export(keyspace, table, &options, location, how).await?;
        let text = match self.common.shown.output {
            Output::Text => output::export_plan(&plan, &location),
            Output::Json => output::export_plan_json(&plan).to_string(),
        };
        Ok(writeln!(std::io::stdout(), "{text}")?)
    }

    async fn write(
        &self,
        location: &Location,
        how: &ExportOptions,
        running: &Running,
    ) -> Result<(), Failure> {
        let operator = connect::connect(&self.common).await?;
        let (progress, options) = self.run.options(&self.common, running);
        let options = self.narrow(options);
        let (keyspace, table) = (self.table.keyspace(), self.table.table());
        let result = operator.export(keyspace, table, &options, location, how).await;
        drop(progress);
        match &result {
            Ok(report) => self.conclude(report, location, running)?,
            Err(error) => self.conclude_failed(error, how, running)?,
        }
        result.map(drop).map_err(Failure::from)
    }

    fn conclude(
        &self,
        report: &ExportReport,
        location: &Location,
        running: &Running,
    ) -> Result<(), Failure> {
        let document = output::export(report, location);
        running.keep(&document);
        match self.common.shown.output {
            Output::Json => writeln!(std::io::stdout(), "{document}")?,
            Output::Text => {
                if report.stats.ranges_total > 0 {
                    self.run.conclude(&report.stats);
                }
                if !self.run.conduct.quiet {
                    writeln!(std::io::stderr(), "{}", output::exported(report, location))?;
                }
            }
        }
        Ok(())
    }

    /// Says how to go on, where something is there to go on from.
    fn conclude_failed(
        &self,
        error: &bulk::Error,
        how: &ExportOptions,
        running: &Running,
    ) -> Result<(), Failure> {
        self.tell_figures(error, running)?;
        if may_go_on(error, how) {
            let resume = if self.files.resume { "" } else { "--resume" };
            again("what is whole stays; go on with", &[resume], &["--overwrite"]);
        }
        Ok(())
    }

    /// What was done before a run failed.
    pub(crate) fn tell_figures(
        &self,
        error: &bulk::Error,
        running: &Running,
    ) -> Result<(), Failure> {
        if error.stats().is_some() {
            let document = output::failure(error);
            running.keep(&document);
            if self.common.shown.output == Output::Json {
                writeln!(std::io::stdout(), "{document}")?;
            }
        }
        self.run.conclude_failed(&self.common, error);
        Ok(())
    }

    async fn stream(&self, how: &ExportOptions, running: &Running) -> Result<(), Failure> {
        let operator = connect::connect(&self.common).await?;
        let (progress, options) = self.run.options(&self.common, running);
        let result = self.write_stream(&operator, &self.narrow(options), how).await;
        drop(progress);
        let document = match &result {
            Ok(stats) => Some(output::stats(stats)),
            Err(Failure::Job(error)) => error.stats().map(|_| output::failure(error)),
            Err(_) => None,
        };
        if let Some(document) = document {
            running.keep(&document);
            // Rows are on standard output: what is said about them goes to standard error.
            if self.common.shown.output == Output::Json {
                writeln!(std::io::stderr(), "{document}")?;
            }
        }
        match (&result, self.common.shown.output) {
            (Ok(stats), Output::Text) => self.run.conclude(stats),
            (Err(Failure::Job(error)), _) => self.run.conclude_failed(&self.common, error),
            _ => {}
        }
        result.map(drop)
    }

    /// Writes every row to standard output. What was read is written, also when the run fails.
    async fn write_stream(
        &self,
        operator: &Operator,
        options: &BulkOptions,
        how: &ExportOptions,
    ) -> Result<Stats, Failure> {
        let (keyspace, table) = (self.table.keyspace(), self.table.table());
        let mut batches = operator.export_batches(keyspace, table, options, &how.batches).await?;
        let schema = batches.schema().clone();
        let mut out = StreamWriter::new(std::io::stdout(), schema, &how.file).map_err(refused)?;
        loop {
            match batches.next_batch().await {
                Ok(Some(batch)) => out.write(&batch).map_err(refused)?,
                Ok(None) => break,
                Err(error) => {
                    out.flush().map_err(refused)?;
                    return Err(error.into());
                }
            }
        }
        out.finish().map_err(refused)?;
        Ok(batches.stats())
    }
}

/// Whether what a failed export has written is there to go on with.
pub(crate) fn may_go_on(error: &bulk::Error, how: &ExportOptions) -> bool {
    how.batches.limit.is_none()
        && matches!(
            error.kind(),
            ErrorKind::Incomplete
                | ErrorKind::Interrupted
                | ErrorKind::Deadline
                | ErrorKind::Destination
                | ErrorKind::Value
        )
}
