//! The arguments that describe a dialect of CSV, written or read.

use bulk::{CsvOptions, Escape};
use clap::Args as ClapArgs;
use encoding_rs::Encoding;

use crate::exit::Failure;

/// A dialect of CSV.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "CSV")]
pub(crate) struct Csv {
    /// What stands between fields; \t for a tab [default: ,].
    #[arg(long, value_name = "CHAR", value_parser = character)]
    delimiter: Option<u8>,
    /// What stands around fields that need it [default: "].
    #[arg(long, value_name = "CHAR", value_parser = character)]
    quote: Option<u8>,
    /// What stands before a quote in a field [default: a quote].
    #[arg(long, value_name = "CHAR", value_parser = character)]
    escape: Option<u8>,
    /// There is no first line with the names of the columns.
    #[arg(long)]
    no_header: bool,
    /// What stands for null; text that is the same is quoted [default: nothing].
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
    /// The encoding, by its name on the web, such as latin1 [default: utf-8].
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
}

impl Csv {
    /// The name of an argument that is given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let all = [
            (self.delimiter.is_some(), "--delimiter"),
            (self.quote.is_some(), "--quote"),
            (self.escape.is_some(), "--escape"),
            (self.no_header, "--no-header"),
            (self.null.is_some(), "--null"),
            (self.encoding.is_some(), "--encoding"),
        ];
        all.into_iter().find(|(is_given, _)| *is_given).map(|(_, name)| name)
    }

    /// The dialect.
    pub(crate) fn options(&self) -> Result<CsvOptions, Failure> {
        let mut options = CsvOptions { header: !self.no_header, ..CsvOptions::default() };
        options.delimiter = self.delimiter.unwrap_or(options.delimiter);
        options.quote = self.quote.unwrap_or(options.quote);
        if let Some(escape) = self.escape.filter(|escape| *escape != options.quote) {
            options.escape = Escape::Byte(escape);
        }
        if let Some(null) = &self.null {
            options.null.clone_from(null);
        }
        if let Some(label) = &self.encoding {
            options.encoding = Encoding::for_label(label.as_bytes()).ok_or_else(|| {
                Failure::usage(format!("there is no encoding {label:?}; try utf-8 or latin1"))
            })?;
        }
        Ok(options)
    }
}

fn character(text: &str) -> Result<u8, String> {
    match (text, text.as_bytes()) {
        ("\\t", _) => Ok(b'\t'),
        (_, [one]) => Ok(*one),
        _ => Err("must be one ASCII character, or \\t".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_is_one_byte() {
        assert_eq!(character("\\t"), Ok(b'\t'));
        assert_eq!(character(";"), Ok(b';'));
        assert!(character("ä").is_err() && character("").is_err() && character("ab").is_err());
    }
}
