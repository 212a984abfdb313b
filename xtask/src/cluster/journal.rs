//! Reads in a node's log what it thinks of itself and of the others.
//!
//! Asking `nodetool` would start a JVM per question; the log says the same as it happens. A node's
//! log is kept over restarts, hence every question is about the part since a given offset.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::Ipv4Addr;
use std::path::Path;

use super::profile::STORAGE_PORT;

/// What a node has logged since some moment.
#[derive(Debug)]
pub(super) struct Journal(String);

impl Journal {
    /// Reads from an offset on; a log that is not there yet is an empty one.
    pub(super) fn since(path: &Path, offset: u64) -> Self {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        Self(String::from_utf8_lossy(&read().unwrap_or_default()).into_owned())
    }

    /// Whether it has opened its CQL port.
    pub(super) fn is_listening(&self) -> bool {
        self.0.contains("Starting listening for CQL clients")
    }

    /// Whether it has made the first role that anybody can log in with.
    pub(super) fn made_the_first_role(&self) -> bool {
        self.0.contains("Created default superuser role")
    }

    /// Whether the last it said of a peer is that it is up.
    pub(super) fn sees_up(&self, peer: Ipv4Addr) -> bool {
        let up = format!("/{peer}:{STORAGE_PORT} is now UP");
        let down = format!("/{peer}:{STORAGE_PORT} is now DOWN");
        match (self.0.rfind(&up), self.0.rfind(&down)) {
            (Some(up), Some(down)) => up > down,
            (up, _) => up.is_some(),
        }
    }

    /// The last lines, indented, for an error message.
    pub(super) fn tail(&self, lines: usize) -> String {
        let all: Vec<&str> = self.0.lines().collect();
        let from = all.len().saturating_sub(lines);
        all[from..].iter().fold(String::new(), |mut text, line| {
            text.push_str("\n    ");
            text.push_str(line);
            text
        })
    }
}

/// How long a log is now.
pub(super) fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWELVE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 12);

    #[test]
    fn the_last_word_on_a_peer_counts() {
        let up = "INFO  [G] now G.java:1 - InetAddress /127.0.0.12:7000 is now UP\n";
        let down = "INFO  [G] now G.java:1 - InetAddress /127.0.0.12:7000 is now DOWN\n";
        let other = "INFO  [G] now G.java:1 - InetAddress /127.0.0.120:7000 is now UP\n";
        let cases = [
            (String::new(), false),
            (other.to_owned(), false),
            (up.to_owned(), true),
            (format!("{up}{down}"), false),
            (format!("{up}{down}{up}{other}"), true),
        ];
        for (text, expected) in cases {
            assert_eq!(Journal(text.clone()).sees_up(TWELVE), expected, "{text}");
        }
    }

    #[test]
    fn a_tail_is_the_end_and_no_more() {
        let journal = Journal("a\nb\nc\n".to_owned());
        assert_eq!(journal.tail(2), "\n    b\n    c");
        assert_eq!(journal.tail(9), "\n    a\n    b\n    c");
    }

    #[test]
    fn no_log_is_an_empty_log() {
        let journal = Journal::since(Path::new("no/such/log"), 7);
        assert!(!journal.is_listening());
        assert_eq!(journal.tail(5), "");
    }
}
