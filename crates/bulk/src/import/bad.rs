//! Records that could not be written, kept as they were: to be mended, and loaded again.
//!
//! For each source there is a file of the records' own text, in the form of the source, and beside it
//! one of JSON lines that say what was wrong with each. Names that begin with `_` are passed over by
//! an import of the folder.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// So many bytes wait, about.
const BUFFER: usize = 1 << 20;

/// Why a record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kept {
    /// It cannot be written.
    Bad,
    /// It is not known whether it was.
    Unknown,
}

impl Kept {
    fn folder(self) -> &'static str {
        match self {
            Kept::Bad => "bad",
            Kept::Unknown => "unknown",
        }
    }
}

/// A record that is kept.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KeptRecord<'a> {
    pub(crate) source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u64>,
    /// Its place in the source, from 1.
    pub(crate) record: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<&'a str>,
    pub(crate) reason: &'a str,
    /// Whether `text` is only the beginning, which is then in no file of records.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) truncated: bool,
    #[serde(serialize_with = "lossy")]
    pub(crate) text: &'a [u8],
}

fn lossy<S: serde::Serializer>(text: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(text))
}

/// What the kept records of a source look like.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// The file's name.
    pub(crate) name: String,
    /// What stands in the first line.
    pub(crate) header: Option<Vec<u8>>,
}

/// The files of kept records of a run.
#[derive(Debug)]
pub(crate) struct KeptRecords {
    folder: PathBuf,
    files: BTreeMap<String, Output>,
    waiting: usize,
}

#[derive(Debug, Default)]
struct Output {
    /// Bytes that are durable.
    bytes: u64,
    waiting: Vec<u8>,
}

impl KeptRecords {
    /// Goes on with files of so many good bytes; what was written beyond these is removed.
    pub(crate) fn open(folder: &Path, there: &[(String, u64)]) -> io::Result<Self> {
        let output = |(name, bytes): &(String, u64)| {
            (name.clone(), Output { bytes: *bytes, waiting: Vec::new() })
        };
        let kept = KeptRecords {
            folder: folder.to_owned(),
            files: there.iter().map(output).collect(),
            waiting: 0,
        };
        for subfolder in [Kept::Bad.folder(), Kept::Unknown.folder()] {
            let entries = match fs::read_dir(folder.join(subfolder)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                let name = format!("{subfolder}/{}", entry.file_name().to_string_lossy());
                match kept.files.get(&name) {
                    Some(output) => {
                        OpenOptions::new().write(true).open(entry.path())?.set_len(output.bytes)?
                    }
                    None => fs::remove_file(entry.path())?,
                }
            }
        }
        Ok(kept)
    }

    /// Keeps a record; it is durable after the next [`KeptRecords::flush`], which is due when this is true.
    pub(crate) fn keep(
        &mut self,
        kept: Kept,
        form: &Form,
        record: &KeptRecord<'_>,
    ) -> io::Result<bool> {
        let folder = kept.folder();
        let name = format!("{folder}/{}", form.name);
        let output = self.files.entry(name).or_default();
        let mut waiting = 0;
        if !record.truncated {
            let before = output.waiting.len();
            if let (Some(header), 0, 0) = (&form.header, output.bytes, before) {
                output.waiting.extend_from_slice(header);
                output.waiting.push(b'\n');
            }
            output.waiting.extend_from_slice(record.text);
            output.waiting.push(b'\n');
            waiting += output.waiting.len() - before;
        }
        let reasons =
            self.files.entry(format!("{folder}/_{}.reasons.jsonl", form.name)).or_default();
        let before = reasons.waiting.len();
        serde_json::to_writer(&mut reasons.waiting, record)?;
        reasons.waiting.push(b'\n');
        self.waiting += waiting + reasons.waiting.len() - before;
        Ok(self.waiting >= BUFFER)
    }

    /// Makes all that is kept durable.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.waiting == 0 {
            return Ok(());
        }
        let mut folders = Vec::new();
        for (name, output) in &mut self.files {
            if output.waiting.is_empty() {
                continue;
            }
            let path = self.folder.join(name);
            let folder = path.parent().unwrap_or(&self.folder).to_owned();
            fs::create_dir_all(&folder)?;
            let mut file =
                OpenOptions::new().create(true).write(true).truncate(false).open(&path)?;
            // An earlier try may have written a part.
            file.set_len(output.bytes)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(&output.waiting)?;
            file.sync_all()?;
            output.bytes += output.waiting.len() as u64;
            output.waiting.clear();
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        for folder in folders.iter().chain([&self.folder]) {
            File::open(folder)?.sync_all()?;
        }
        self.waiting = 0;
        Ok(())
    }

    /// The files, with the bytes that are durable.
    pub(crate) fn durable(&self) -> Vec<(String, u64)> {
        let written = self.files.iter().filter(|(_, output)| output.bytes > 0);
        written.map(|(name, output)| (name.clone(), output.bytes)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &[u8], truncated: bool) -> KeptRecord<'_> {
        let reason = "\"x\" is no int";
        KeptRecord {
            source: "a.csv",
            line: Some(3),
            record: 2,
            column: Some("n"),
            reason,
            truncated,
            text,
        }
    }

    #[test]
    fn a_record_is_kept_as_it_was_and_what_is_not_durable_goes() {
        let folder = tempfile::tempdir().unwrap();
        let form = Form { name: "0001-a.csv".to_owned(), header: Some(b"id,n".to_vec()) };
        let mut kept = KeptRecords::open(folder.path(), &[]).unwrap();
        kept.keep(Kept::Bad, &form, &record(b"1,x", false)).unwrap();
        kept.keep(Kept::Bad, &form, &record(b"2,\xff", false)).unwrap();
        kept.keep(Kept::Bad, &form, &record(b"3,too long", true)).unwrap();
        kept.flush().unwrap();
        let durable = kept.durable();
        let path = folder.path().join("bad/0001-a.csv");
        assert_eq!(fs::read(&path).unwrap(), b"id,n\n1,x\n2,\xff\n");
        let reasons = fs::read_to_string(folder.path().join("bad/_0001-a.csv.reasons.jsonl"));
        let reasons: Vec<serde_json::Value> =
            reasons.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(reasons.len(), 3);
        assert_eq!(reasons[0]["reason"], "\"x\" is no int");
        assert_eq!((&reasons[0]["line"], &reasons[0]["record"]), (&3.into(), &2.into()));
        assert_eq!(reasons[2]["truncated"], true);

        kept.keep(Kept::Bad, &form, &record(b"4,y", false)).unwrap();
        kept.keep(Kept::Unknown, &form, &record(b"5,1", false)).unwrap();
        kept.flush().unwrap();
        assert!(folder.path().join("unknown/0001-a.csv").exists());
        let again = KeptRecords::open(folder.path(), &durable).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"id,n\n1,x\n2,\xff\n");
        assert!(!folder.path().join("unknown/0001-a.csv").exists());
        assert_eq!(again.durable(), durable);
    }
}
