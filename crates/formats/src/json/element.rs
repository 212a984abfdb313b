//! JSON values in a file, passed one at a time.

use std::io::{self, Read};

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use crate::window::{Window, cut, line_ends};

/// A value that is too long. It has been dropped.
pub(super) struct LongValue {
    /// How it begins.
    pub(super) head: Vec<u8>,
    /// The ends of lines in it.
    pub(super) lines: u64,
}

/// Passes the next value, whatever it is. One that is longer than `most` is gone afterwards.
pub(super) fn pass_value(window: &mut Window, most: usize) -> io::Result<Option<LongValue>> {
    let mut ahead = 1 << 10;
    loop {
        let mut values = Deserializer::from_slice(window.rest()).into_iter::<IgnoredAny>();
        let value = values.next();
        let (length, rest) = (values.byte_offset(), window.rest().len());
        match value {
            // A number may go on after what has been read.
            Some(Ok(IgnoredAny)) if length < rest || window.rest_is_last()? => {
                if length > most {
                    let text = &window.rest()[..length];
                    let long = LongValue { head: cut(text), lines: line_ends(text) };
                    let start = window.at();
                    window.pass(length);
                    window.forget(start);
                    return Ok(Some(long));
                }
                window.pass(length);
                return Ok(None);
            }
            Some(Err(error)) if !error.is_eof() && !is_number_cut(window)? => {
                return Err(not_json(error));
            }
            _ if rest > most => return pass_long_value(window).map(Some),
            // Twice as much each time, since it is read from its start again.
            _ => {
                ahead = (2 * rest).max(ahead);
                window.fill_to(ahead)?;
                if window.rest().len() == rest {
                    return Err(ends_early());
                }
            }
        }
    }
}

/// Whether what has been read may end within a number. To the parser, a number that ends after its sign or
/// its `e` is an invalid one, and not one that goes on.
fn is_number_cut(window: &mut Window) -> io::Result<bool> {
    Ok(matches!(window.rest(), [.., b'-' | b'+' | b'.' | b'e' | b'E']) && !window.rest_is_last()?)
}

/// Passes a value that need not fit in memory.
fn pass_long_value(window: &mut Window) -> io::Result<LongValue> {
    let head = cut(window.rest());
    let start = window.at();
    let mut passing = Passing { window, start, passed: 0, lines: 0 };
    let mut values = Deserializer::from_reader(&mut passing).into_iter::<IgnoredAny>();
    let value = values.next();
    let length = values.byte_offset();
    drop(values);
    match value {
        Some(Ok(IgnoredAny)) => {}
        Some(Err(error)) if error.is_io() => return Err(error.into()),
        Some(Err(error)) if error.is_eof() => return Err(ends_early()),
        Some(Err(error)) => return Err(not_json(error)),
        None => return Err(ends_early()),
    }
    let Passing { window, passed, lines, .. } = passing;
    // After a number it has looked at the next byte.
    window.back(passed - length);
    let lines = lines + line_ends(window.passed(start));
    window.forget(start);
    Ok(LongValue { head, lines })
}

/// The bytes of the window, each passed as it is read.
struct Passing<'w> {
    window: &'w mut Window,
    /// Nothing after this place is kept, but for the last bytes.
    start: usize,
    passed: usize,
    lines: u64,
}

impl Read for Passing<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.window.rest().is_empty() {
            self.lines += line_ends(self.window.passed(self.start));
            self.window.forget(self.start);
            if !self.window.fill()? {
                return Ok(0);
            }
        }
        let count = out.len().min(self.window.rest().len());
        out[..count].copy_from_slice(&self.window.rest()[..count]);
        self.window.pass(count);
        self.passed += count;
        Ok(count)
    }
}

pub(super) fn not_json(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

pub(super) fn ends_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends within the array")
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that comes byte by byte.
    struct Slowly(std::vec::IntoIter<u8>);

    impl Read for Slowly {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some(byte) = self.0.next() else { return Ok(0) };
            out[0] = byte;
            Ok(1)
        }
    }

    fn window(text: String) -> Window {
        Window::new(Box::new(Slowly(text.into_bytes().into_iter())))
    }

    #[test]
    fn a_number_may_be_cut_anywhere_by_what_has_been_read() {
        for padding in 990..1024 {
            let element = format!(r#"{{"p":"{}","n":[-1.5e+37,-2E-9,0.25]}}"#, "x".repeat(padding));
            let mut window = window(format!("{element},"));
            assert!(pass_value(&mut window, 1 << 20).is_ok(), "{padding}");
            assert_eq!(window.passed(0), element.as_bytes());
        }
    }

    #[test]
    fn what_is_no_number_is_refused_wherever_it_ends() {
        for text in ["-", "[-", "[1e", "[-,1]", "[1.]", "[1e+]"] {
            assert!(pass_value(&mut window(text.to_owned()), 1 << 20).is_err(), "{text}");
        }
    }
}
