//! `import`: files into a table.

use std::io::Write;

use bulk::{
    BlobText, Consistency, EpochUnit, ErrorKind, Guess, IcebergSource, IcebergTableName,
    ImportOptions, ImportReport, Nulls, Pin, RetryPolicy, TextOptions, WriteOptions,
};
use chrono::DateTime;

use crate::again::again;
use crate::args::Output;
use crate::exit::Failure;
use crate::export_args::FormatName;
use crate::file_options::refused;
use crate::import_args::{BlobForm, Epoch, Import};
use crate::place::Place;
use crate::progress::Progress;
use crate::running::Running;
use crate::{connect, import_output, signal};

impl Import {
    pub(crate) async fn run(&self, running: &Running) -> Result<(), Failure> {
        // What is wrong with the arguments is said before a node is asked.
        let mut options = self.options()?;
        self.refuse_iceberg()?;
        let operator = connect::connect(&self.common).await?;
        options.write.cancel = signal::cancelled_by_signals();
        options.write.pace = running.pace();
        let (keyspace, table) = (self.table.keyspace(), self.table.table());
        let (progress, callback) = Progress::start_import(self.conduct.quiet);
        let watching = running.import_observer();
        let mut import = operator.import(keyspace, table).options(options).progress(move |now| {
            callback(now);
            watching(now);
        });
        if let Some(deadline) = running.deadline() {
            import = import.deadline(deadline);
        }
        for place in &self.from {
            import = match place {
                Place::Files(place) => import.from(place),
                Place::Iceberg(table) => import.from_iceberg(self.iceberg_source(table)?),
            };
        }
        let result = import.run().await;
        drop(progress);
        match result {
            Ok(report) => {
                self.conclude(&report, running)?;
                match report.counts.bad + report.counts.unknown {
                    0 => Ok(()),
                    several => Err(Failure::Bad(several)),
                }
            }
            Err(error) => {
                if let Some(report) = error.import_report() {
                    self.conclude(report, running)?;
                    self.offer_resume(&error, report);
                }
                Err(error.into())
            }
        }
    }

    pub(crate) fn options(&self) -> Result<ImportOptions, Failure> {
        let (fields, values, records, writes) =
            (&self.fields, &self.values, &self.records, &self.writes);
        let mut options = ImportOptions {
            format: self.guess()?,
            text: self.text_options(),
            columns: fields.columns.clone().filter(|_| !self.is_iceberg()),
            map: fields.map.clone(),
            skip: fields.skip.clone(),
            set: fields.set.clone(),
            allow_extra: fields.allow_extra_fields,
            allow_missing: fields.allow_missing_fields,
            nulls: if values.null_as_null { Nulls::Null } else { Nulls::Unset },
            skip_rows: records.skip_rows,
            max_rows: records.max_rows,
            max_errors: records.max_errors,
            ttl: writes.ttl,
            timestamp: writes.timestamp.map(|moment| moment.0),
            journal: records.journal.clone(),
            resume: records.resume,
            dry_run: records.dry_run,
            files: usize::from(self.form.files),
            ..ImportOptions::default()
        };
        if let Some(size) = writes.window {
            options.window_bytes = usize::try_from(size.0).unwrap_or(usize::MAX);
        }
        let mut write = WriteOptions {
            consistency: Some(self.common.consistency.unwrap_or(Consistency::LocalQuorum)),
            request_timeout: self.common.request_timeout,
            retry: RetryPolicy {
                max_elapsed: self.conduct.max_retry_time,
                ..RetryPolicy::default()
            },
            batch_rows: usize::from(writes.batch_rows),
            in_flight: usize::from(writes.in_flight),
            local_datacenter: self.common.local_dc.clone(),
            ..WriteOptions::default()
        };
        if let Some(size) = writes.batch_size {
            write.batch_bytes = usize::try_from(size.0).unwrap_or(usize::MAX);
        }
        options.write = write;
        Ok(options)
    }

    fn is_iceberg(&self) -> bool {
        self.from.iter().any(|place| matches!(place, Place::Iceberg(_)))
    }

    /// What has to do with Iceberg cannot be done to files.
    fn refuse_iceberg(&self) -> Result<(), Failure> {
        if self.is_iceberg() {
            return match self.from.len() {
                1 => Ok(()),
                _ => Err(Failure::usage("an Iceberg table is imported alone; give one --from")),
            };
        }
        let given = [
            (self.snapshot.snapshot_id.is_some(), "--snapshot-id"),
            (self.snapshot.as_of.is_some(), "--as-of"),
            (self.snapshot.filter.is_some(), "--filter"),
        ];
        let given = given.into_iter().find(|(is_given, _)| *is_given).map(|(_, name)| name);
        match given.or(self.catalog.given()) {
            Some(name) => Err(Failure::usage(format!(
                "{name} goes with an Iceberg table; name it as --from iceberg:NAMESPACE.TABLE"
            ))),
            None => Ok(()),
        }
    }

    fn iceberg_source(&self, table: &IcebergTableName) -> Result<IcebergSource, Failure> {
        let mut source = IcebergSource::new(self.catalog.options()?, table.clone());
        source.read.pin = match (self.snapshot.snapshot_id, self.snapshot.as_of) {
            (Some(id), _) => Pin::Snapshot(id),
            (None, Some(moment)) => {
                let moment = DateTime::from_timestamp_micros(moment.0);
                Pin::AsOf(moment.ok_or_else(|| Failure::usage("--as-of is out of range"))?)
            }
            (None, None) => Pin::Current,
        };
        source.read.columns = self.fields.columns.clone().unwrap_or_default();
        source.read.filter = self.snapshot.filter.clone();
        Ok(source)
    }

    fn guess(&self) -> Result<Guess, Failure> {
        let mut guess = Guess { csv: self.csv.options()?, ..Guess::default() };
        if let Some(format) = self.form.format {
            guess.format = Some(match format {
                FormatName::Csv => bulk::FormatName::Csv,
                FormatName::Jsonl => bulk::FormatName::JsonL,
                FormatName::Json => bulk::FormatName::Json,
                FormatName::Parquet => bulk::FormatName::Parquet,
                FormatName::Arrow => bulk::FormatName::Arrow,
            });
        }
        if let Some(name) = &self.form.compression {
            guess.compression = Some(name.parse().map_err(refused)?);
        }
        if let (Some(name), Some(format)) = (self.csv.given(), self.form.format)
            && format != FormatName::Csv
        {
            return Err(Failure::usage(format!("{name} goes with --format csv")));
        }
        Ok(guess)
    }

    fn text_options(&self) -> TextOptions {
        let values = &self.values;
        let (true_words, false_words) = values.booleans.clone().unwrap_or_default();
        let mut text = TextOptions {
            epoch: match values.epoch {
                Epoch::S => EpochUnit::Seconds,
                Epoch::Ms => EpochUnit::Milliseconds,
                Epoch::Us => EpochUnit::Microseconds,
                Epoch::Ns => EpochUnit::Nanoseconds,
            },
            blob: match values.blob {
                BlobForm::Hex => BlobText::Hex,
                BlobForm::Base64 => BlobText::Base64,
            },
            true_words,
            false_words,
            empty_as_null: values.empty_as_null,
            ..TextOptions::default()
        };
        if let Some(zone) = values.zone {
            text.zone = zone;
        }
        text
    }

    fn conclude(&self, report: &ImportReport, running: &Running) -> Result<(), Failure> {
        let document = import_output::for_programs(report);
        running.keep(&document);
        match self.common.shown.output {
            Output::Json => writeln!(std::io::stdout(), "{document}")?,
            Output::Text
                if !self.conduct.quiet || report.counts.bad + report.counts.unknown > 0 =>
            {
                writeln!(std::io::stderr(), "{}", import_output::for_people(report))?;
            }
            Output::Text => {}
        }
        Ok(())
    }

    /// Says how to go on, where something is there to go on with.
    fn offer_resume(&self, error: &bulk::Error, report: &ImportReport) {
        let Some(journal) = report.journal.as_ref().and_then(|folder| folder.to_str()) else {
            return;
        };
        let may_go_on = matches!(
            error.kind(),
            ErrorKind::Incomplete
                | ErrorKind::Interrupted
                | ErrorKind::Deadline
                | ErrorKind::Destination
                | ErrorKind::Connect
        );
        if !may_go_on || report.dry_run || self.from.contains(&Place::Files("-".to_owned())) {
            return;
        }
        let named = if self.records.journal.is_none() { ["--journal", journal] } else { ["", ""] };
        let resume = if self.records.resume { "" } else { "--resume" };
        again("what is done is written down; go on with", &[named[0], named[1], resume], &[]);
    }
}
