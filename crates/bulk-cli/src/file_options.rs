//! From arguments to how files are written.

use bulk::{
    Compression, DecimalMapping, DecodeOptions, EmptyValues, Existing, ExportOptions, FileOptions,
    Format, MappingOptions, ParquetCompression, ParquetOptions, WriteWindow,
};

use crate::exit::Failure;
use crate::export_args::{After, Export, FormatName};
use crate::place::Place;

/// More files at the same time take more memory, and are seldom faster.
const FILES_AT_ONCE: usize = 4;

impl Export {
    /// Where rows go; nothing for standard output.
    pub(crate) fn destination(&self) -> Option<&Place> {
        let given = self.to.as_ref().or(self.dest.as_ref());
        given.filter(|place| **place != Place::Files("-".to_owned()))
    }

    /// How files are written.
    pub(crate) fn export_options(&self) -> Result<ExportOptions, Failure> {
        let mut options = ExportOptions { file: self.file_options()?, ..ExportOptions::default() };
        let batches = &mut options.batches;
        if let Some((precision, scale)) = self.rows.decimals {
            let decimals = DecimalMapping::Fixed { precision, scale };
            batches.mapping = MappingOptions { decimals };
        }
        if self.rows.empty_as_null {
            batches.decode = DecodeOptions { empty: EmptyValues::Null };
        }
        batches.written = WriteWindow {
            after: match self.rows.written_after {
                Some(After::Moment(moment)) => Some(moment.0),
                Some(After::Last) | None => None,
            },
            before: self.rows.written_before.map(|moment| moment.0),
        };
        batches.limit = self.rows.limit;
        let files = &self.files;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        options.files = files.at_once.map_or(cores.min(FILES_AT_ONCE), usize::from);
        if let Some(size) = files.max_file_size {
            options.max_file_bytes = size.0;
        }
        options.max_file_rows = files.max_file_rows.unwrap_or(u64::MAX);
        if let Some(name) = &files.file_name {
            options.file_name = name.clone();
        }
        if let Some(Place::Files(_)) = self.destination() {
            options.partition_by = files.partition_by.clone();
        }
        options.existing = match (files.resume, files.overwrite) {
            (true, _) => Existing::Resume,
            (_, true) => Existing::Overwrite,
            _ => Existing::Refuse,
        };
        Ok(options)
    }

    fn file_options(&self) -> Result<FileOptions, Failure> {
        let usual = match self.destination() {
            None => FormatName::Jsonl,
            Some(_) => FormatName::Parquet,
        };
        let format = self.files.format.unwrap_or(usual);
        self.refuse_strangers(format)?;
        let level = self.files.compression_level;
        let options = match format {
            FormatName::Parquet => {
                let format = Format::Parquet(self.parquet_options()?);
                FileOptions { format, compression: Compression::None, level: None }
            }
            _ => {
                let compression = match &self.files.compression {
                    None => Compression::None,
                    Some(name) => name.parse().map_err(refused)?,
                };
                let format = format.format(&self.csv.options()?);
                FileOptions { format, compression, level }
            }
        };
        options.check().map_err(refused)?;
        Ok(options)
    }

    /// An option of another format would do nothing: then something else was meant.
    fn refuse_strangers(&self, format: FormatName) -> Result<(), Failure> {
        let parquet = &self.parquet;
        let parquet = [
            (parquet.row_group_size.is_some(), "--row-group-size"),
            (parquet.no_dictionary, "--no-dictionary"),
            (parquet.no_statistics, "--no-statistics"),
            (!parquet.bloom_filter.is_empty(), "--bloom-filter"),
        ];
        if let Some(name) = self.csv.given().filter(|_| format != FormatName::Csv) {
            return Err(Failure::usage(format!("{name} goes with --format csv")));
        }
        let parquet = parquet.into_iter().find(|(is_given, _)| *is_given);
        if let Some((_, name)) = parquet.filter(|_| format != FormatName::Parquet) {
            return Err(Failure::usage(format!("{name} goes with --format parquet")));
        }
        Ok(())
    }

    fn parquet_options(&self) -> Result<ParquetOptions, Failure> {
        let mut options = ParquetOptions {
            level: self.files.compression_level,
            dictionary: !self.parquet.no_dictionary,
            statistics: !self.parquet.no_statistics,
            bloom_filter_columns: self.parquet.bloom_filter.clone(),
            ..ParquetOptions::default()
        };
        if let Some(name) = &self.files.compression {
            options.compression = name.parse::<ParquetCompression>().map_err(refused)?;
        }
        if let Some(size) = self.parquet.row_group_size {
            options.row_group_bytes = usize::try_from(size.0).unwrap_or(usize::MAX);
        }
        Ok(options)
    }
}

/// What the library refuses about options.
pub(crate) fn refused(error: impl Into<bulk::Error>) -> Failure {
    Failure::Job(error.into())
}
