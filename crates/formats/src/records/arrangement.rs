//! Which field of a file becomes which column.

use super::options::RecordOptions;
use crate::error::{Error, Result};

/// What becomes of each field of a file that has the same fields in all records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrangement {
    /// For each field, in the file's order, its column; `None` for those that are passed over.
    pub(crate) fields: Vec<Option<usize>>,
    /// The columns that no field is for.
    pub(crate) missing: Vec<usize>,
}

impl Arrangement {
    /// By names. `what` is what has them, as "its header".
    pub(crate) fn by_name<'n>(
        names: impl IntoIterator<Item = &'n str>,
        options: &RecordOptions,
        what: &str,
    ) -> Result<Self> {
        let columns = options.schema.fields();
        let mut fields = Vec::new();
        for name in names {
            let column = match columns.iter().position(|field| field.name() == name) {
                _ if options.ignored.iter().any(|ignored| ignored == name) => None,
                None if options.allow_extra => None,
                None => {
                    return Err(Error::data(format!(
                        "{what} has the column {name:?}, which is not asked for"
                    )));
                }
                column if fields.contains(&column) => {
                    return Err(Error::data(format!("{what} has the column {name:?} twice")));
                }
                column => column,
            };
            fields.push(column);
        }
        let missing = |column: &usize| !fields.contains(&Some(*column));
        let missing: Vec<usize> = (0..columns.len()).filter(missing).collect();
        if let Some(column) = missing.iter().find(|column| !options.may_lack(**column)) {
            let name = columns[*column].name();
            return Err(Error::data(format!("{what} lacks the column {name:?}")));
        }
        Ok(Arrangement { fields, missing })
    }

    /// By position, but for the positions that are ignored.
    pub(crate) fn by_position(options: &RecordOptions) -> Result<Self> {
        let columns = options.schema.fields().len();
        let mut ignored = Vec::new();
        for position in &options.ignored {
            let number = position.parse::<usize>().map_err(|_| {
                Error::request(format!(
                    "there is no field {position:?} to pass over: without a header, fields have no \
                     names; give a position, from 0"
                ))
            })?;
            if !ignored.contains(&number) {
                ignored.push(number);
            }
        }
        let count = columns + ignored.len();
        if let Some(position) = ignored.iter().find(|position| **position >= count) {
            return Err(Error::request(format!(
                "there is no field {position} to pass over: with {columns} columns, there are {count} \
                 fields, from 0"
            )));
        }
        let mut column = 0..columns;
        let fields = (0..count).map(|field| match ignored.contains(&field) {
            true => None,
            false => column.next(),
        });
        Ok(Arrangement { fields: fields.collect(), missing: Vec::new() })
    }
}
