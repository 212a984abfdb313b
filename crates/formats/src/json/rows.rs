//! JSON objects as rows.

use cql_arrow::{FieldPolicy, JsonRowsBuilder};

use crate::blocking::ChunkSink;
use crate::error::{Error, Result};
use crate::records::{Pending, Place, Refusal};

/// The rows of a chunk, from whichever file of objects.
pub(super) struct JsonRows {
    builder: JsonRowsBuilder,
}

impl JsonRows {
    pub(super) fn new(pending: &Pending) -> Result<Self> {
        let options = &pending.options;
        let policy = FieldPolicy {
            allow_extra: options.allow_extra,
            allow_missing: options.allow_missing,
            optional: options.optional.clone(),
            ignored: options.ignored.clone(),
        };
        let schema = pending.nullable_schema();
        let builder = JsonRowsBuilder::with_options(schema, &options.text, policy)
            .map_err(|source| Error::request("JSON has no such column").with_source(source))?;
        Ok(JsonRows { builder })
    }

    /// Appends a record.
    pub(super) fn append(
        &mut self,
        ordinal: u64,
        place: Place,
        object: &[u8],
        pending: &mut Pending,
    ) {
        let appended = match std::str::from_utf8(object) {
            Ok(object) => self.builder.append(object).map_err(Refusal::from),
            Err(_) => Err(Refusal::new("it is not UTF-8")),
        };
        match appended {
            Ok(()) => {
                pending.row(ordinal, place);
                pending.lacks(ordinal, self.builder.missing());
            }
            Err(mut refusal) => {
                refusal.reason = without_place(&refusal.reason);
                pending.bad(ordinal, place.line, refusal, object, false);
            }
        }
    }

    /// Hands the chunk over, if there is any of it.
    pub(super) fn send(
        &mut self,
        pending: &mut Pending,
        bytes: Vec<u8>,
        sink: &ChunkSink,
    ) -> Result<()> {
        if pending.is_empty() {
            return Ok(());
        }
        let rows = self.builder.finish();
        let rows =
            rows.map_err(|source| Error::data("its values make no batch").with_source(source))?;
        sink.send(pending.finish_text(rows.columns().to_vec(), bytes)?)
    }
}

/// What `serde_json` says, but for the place in the object. Its lines are not those of the file.
fn without_place(reason: &str) -> String {
    let place = reason.rfind(" at line ").filter(|place| {
        let place = reason[*place..].strip_prefix(" at line ").unwrap_or_default();
        let numbers = place.split(" column ");
        numbers.clone().count() == 2
            && numbers.into_iter().all(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    reason[..place.unwrap_or(reason.len())].to_owned()
}
