//! One JSON object a line.

use super::rows::JsonRows;
use crate::blocking::ChunkSink;
use crate::error::{Error, Result};
use crate::records::{Pending, Place, RecordOptions, Refusal, too_long};
use crate::window::{Line, Window};

/// Reads the records of one file. Blank lines are none.
pub(crate) fn read(mut window: Window, options: RecordOptions, sink: &ChunkSink) -> Result<()> {
    let mut pending = Pending::new(options);
    let mut rows = JsonRows::new(&pending)?;
    let unreadable = |number: u64, error| {
        Error::of_data(format_args!("line {number}: the file can't be read on"), error)
    };
    window.pass_byte_order_mark().map_err(|error| unreadable(1, error))?;
    let mut read = Ok(());
    let mut number = 0;
    while !pending.is_done() {
        number += 1;
        match window.line(pending.options.max_record_bytes) {
            Ok(Some(line)) => record(&window, &line, number, &mut rows, &mut pending),
            Ok(None) => break,
            Err(error) => {
                read = Err(unreadable(number, error));
                break;
            }
        }
        if pending.is_full(window.at()) {
            rows.send(&mut pending, window.take(), sink)?;
        }
    }
    // What was read before an error is good.
    rows.send(&mut pending, window.take(), sink)?;
    read
}

fn record(window: &Window, line: &Line, number: u64, rows: &mut JsonRows, pending: &mut Pending) {
    if let Some(head) = &line.head {
        if let Some(ordinal) = pending.begin() {
            let reason = too_long(pending.options.max_record_bytes);
            pending.bad(ordinal, number, Refusal::new(reason), head, true);
        }
        return;
    }
    let text = &window.passed(line.start)[..line.end - line.start];
    if text.trim_ascii().is_empty() {
        return;
    }
    let end = line.end - usize::from(text.ends_with(b"\r"));
    if let Some(ordinal) = pending.begin() {
        let place = Place { line: number, start: line.start, end };
        rows.append(ordinal, place, &text[..end - line.start], pending);
    }
}
