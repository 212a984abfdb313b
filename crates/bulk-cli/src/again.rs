//! The line that goes on with what this one has begun, for people to copy.

use std::io::Write;

/// Says on standard error what to type next: the arguments of this program, with some more, and without
/// some.
pub(crate) fn again(what: &str, more: &[&str], without: &[&str]) {
    let arguments = std::env::args().filter(|argument| !without.contains(&argument.as_str()));
    let more = more.iter().filter(|argument| !argument.is_empty()).map(ToString::to_string);
    let line: Vec<String> = arguments.chain(more).collect();
    if let Ok(line) = shlex::try_join(line.iter().map(String::as_str)) {
        // Where standard error is closed, nobody misses it.
        let _ = writeln!(std::io::stderr(), "{what}:\n  {line}");
    }
}
