//! An array of JSON objects.
//!
//! Each element is found by `serde_json` before it is converted, so one of wrong types is a bad record and
//! no more. After one that is no JSON nobody knows where the next one begins, and the file ends there.

use std::io;

use super::element::{LongValue, ends_early, is_space, not_json, pass_value};
use super::rows::JsonRows;
use crate::blocking::ChunkSink;
use crate::error::{Error, Result};
use crate::records::{Pending, Place, RecordOptions, Refusal, too_long};
use crate::window::{Window, line_ends};

/// Reads the records of one file.
pub(crate) fn read(window: Window, options: RecordOptions, sink: &ChunkSink) -> Result<()> {
    let pending = Pending::new(options);
    let rows = JsonRows::new(&pending)?;
    let mut array = Array { window, rows, pending, line: 1, counted: 0 };
    let read = array.elements(sink).map_err(|broken| match broken {
        Broken::File(why) => {
            let what = format!("after {} objects: {why}", array.pending.next());
            Error::of_data(what, why)
        }
        Broken::Other(error) => error,
    });
    // What was read before an error is good.
    array.send(sink)?;
    read
}

struct Array {
    window: Window,
    rows: JsonRows,
    pending: Pending,
    /// The line of the byte at `counted`.
    line: u64,
    counted: usize,
}

/// Why reading stops.
enum Broken {
    /// The file is no array of JSON values, or can't be read.
    File(io::Error),
    Other(Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Broken::File(error)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Broken::Other(error)
    }
}

impl Array {
    fn elements(&mut self, sink: &ChunkSink) -> Result<(), Broken> {
        self.window.pass_byte_order_mark()?;
        if self.next_byte()? != Some(b'[') {
            return Err(not_json("it is no array of objects").into());
        }
        self.window.pass(1);
        if self.next_byte()? == Some(b']') {
            self.window.pass(1);
            return self.end();
        }
        while !self.pending.is_done() {
            self.element()?;
            if self.pending.is_full(self.window.at()) {
                self.send(sink)?;
            }
            let byte = self.next_byte()?;
            self.window.pass(1);
            match byte {
                Some(b',') => {}
                Some(b']') => return self.end(),
                Some(_) => return Err(not_json("expected `,` or `]`").into()),
                None => return Err(ends_early().into()),
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Broken> {
        match self.next_byte()? {
            None => Ok(()),
            Some(_) => Err(not_json("there is more after the end of the array").into()),
        }
    }

    /// Passes white space; the byte that is next, if there is one.
    fn next_byte(&mut self) -> io::Result<Option<u8>> {
        loop {
            let start = self.window.at();
            let space = self.window.rest().iter().take_while(|byte| is_space(**byte)).count();
            self.window.pass(space);
            if let Some(byte) = self.window.rest().first() {
                return Ok(Some(*byte));
            }
            // However much there is, it is not kept.
            self.line_here();
            self.window.forget(start);
            self.counted = start;
            if !self.window.fill()? {
                return Ok(None);
            }
        }
    }

    fn element(&mut self) -> Result<(), Broken> {
        if self.next_byte()?.is_none() {
            return Err(ends_early().into());
        }
        let (start, line) = (self.window.at(), self.line_here());
        let most = self.pending.options.max_record_bytes;
        let long = pass_value(&mut self.window, most)?;
        if let Some(LongValue { lines, .. }) = &long {
            self.line += lines;
            self.counted = self.window.at();
        }
        let Some(ordinal) = self.pending.begin() else { return Ok(()) };
        match long {
            Some(LongValue { head, .. }) => {
                self.pending.bad(ordinal, line, Refusal::new(too_long(most)), &head, true);
            }
            None => {
                let place = Place { line, start, end: self.window.at() };
                self.rows.append(ordinal, place, self.window.passed(start), &mut self.pending);
            }
        }
        Ok(())
    }

    /// The line of the next byte.
    fn line_here(&mut self) -> u64 {
        self.line += line_ends(self.window.passed(self.counted));
        self.counted = self.window.at();
        self.line
    }

    fn send(&mut self, sink: &ChunkSink) -> Result<()> {
        self.line_here();
        self.counted = 0;
        self.rows.send(&mut self.pending, self.window.take(), sink)
    }
}
