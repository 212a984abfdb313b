//! What a job has left, compared with what was there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use futures::TryStreamExt as _;
use integration_tests::{Cells, Ended, Engine, ddl, exactly, files_in, python};
use serde_json::{Value, json};

use crate::input::{self, COUNTERS, number};
use crate::job::Job;
use crate::report::{Difference, ensure_same};
use crate::round::Round;
use crate::site::KEYSPACE;
use crate::table::of_all_replicas;

impl Round<'_> {
    /// Compares what a complete run has left.
    pub(crate) async fn compare(&mut self, ended: &Ended, place: &str) -> Result<()> {
        match self.choice.job {
            Job::Count => {
                let said: Value = serde_json::from_str(&ended.stdout)?;
                ensure_rows(&said["rows"], self.choice.rows.into())
            }
            Job::Import | Job::ImportFromStore => {
                self.counts(ended)?;
                self.is_same().await
            }
            Job::ImportOfBadRecords => {
                self.counts(ended)?;
                self.are_kept_once()?;
                self.is_same().await
            }
            Job::ImportOfCounters => self.adds_up(ended).await,
            Job::Export | Job::ExportToFullDisk | Job::ExportToStore => self.read_back(place).await,
        }
    }

    /// Whether all records were read, and written but for the bad ones.
    fn counts(&self, ended: &Ended) -> Result<()> {
        let said: Value = serde_json::from_str(&ended.stdout)?;
        let (rows, bad) = (i64::from(self.choice.rows), i64::try_from(self.bad)?);
        let expected =
            json!({"read": rows + bad, "written": rows, "bad": bad, "filtered": 0, "unknown": 0});
        ensure_same(said["counts"] == expected, || format!("{} of {expected}", said["counts"]))
    }

    /// Whether each bad record is kept, once, with a reason.
    fn are_kept_once(&self) -> Result<()> {
        let (kept, reasons) = input::kept_bad(&self.journal())?;
        let expected: BTreeMap<String, u64> =
            (0..self.bad).map(|number| (number.to_string(), 1)).collect();
        ensure_same(kept == expected && reasons == self.bad, || {
            let odd: Vec<_> = kept.iter().filter(|(_, times)| **times != 1).take(5).collect();
            format!("{} bad, {} kept, {reasons} reasons; not once: {odd:?}", self.bad, kept.len())
        })
    }

    /// Reads an export back: by an import with nothing in its way, and by a reader that is not ours.
    async fn read_back(&mut self, place: &str) -> Result<()> {
        self.read_back += 1;
        let local = self.local(place).await?;
        if self.read_back > 1 {
            ddl(&self.site.session, &format!("TRUNCATE {KEYSPACE}.{}", self.back)).await?;
        }
        let journal = self.folder.join(format!("back-{}", self.read_back));
        let import = self.import(&local.display().to_string(), &journal, false);
        let ended = self.program.whole(&import, &[0]).await.context("read back")?;
        self.counts(&ended)?;
        self.is_same().await?;
        self.others_read(&local).await.context("read by others")
    }

    /// The exported files on this machine.
    async fn local(&self, place: &str) -> Result<PathBuf> {
        let Some(store) = self.site.opened_store().filter(|_| self.choice.job.has_store()) else {
            return Ok(place.into());
        };
        let local = self.folder.join(format!("store-{}", self.read_back));
        fs::create_dir_all(&local)?;
        store.download(&self.prefix(), &local).await?;
        Ok(local)
    }

    /// Whether the table that the program has filled is the other one, cell by cell. A row that is in
    /// files twice shows in the number of records read.
    async fn is_same(&self) -> Result<()> {
        let session = &self.site.session;
        let expected = self.expected().await?;
        let found = self.shape.cells(session, &self.back).await?;
        exactly(found, expected).map_err(|error| Difference(format!("{error:#}")).into())
    }

    async fn expected(&self) -> Result<Vec<Cells>> {
        let expected = self.shape.cells(&self.site.session, &self.from).await?;
        let (rows, count) = (expected.len(), self.choice.rows);
        ensure!(i32::try_from(rows) == Ok(count), "{rows} of {count} rows were loaded");
        Ok(expected)
    }

    /// Whether others find each row once in the files, by its key and text. Passed over where there is
    /// no Python.
    async fn others_read(&self, folder: &Path) -> Result<()> {
        let Some(python) = python().await? else { return Ok(()) };
        let format = self.choice.format;
        let engine =
            if matches!(format, "json" | "jsonl") { Engine::Json } else { Engine::Pyarrow };
        let files = files_in(folder, &format!(".{format}"))?;
        let read = python.read(engine, format, &files, json!({})).await?;
        let place = |name| read.names().iter().position(|column| *column == name);
        let [a, b, t] = ["a", "b", "t"].map(place);
        let places = [a, b, t].into_iter().collect::<Option<Vec<_>>>();
        let places = places.with_context(|| format!("no a, b and t in {:?}", read.names()))?;
        let key = |row: &Value| Value::from_iter(places.iter().map(|place| row[*place].clone()));
        let found = read.rows.iter().map(|row| key(row).to_string());
        let expected = self.expected().await?;
        let expected = expected.iter().map(|row| shown(row).map(|row| row.to_string()));
        let expected = expected.collect::<Result<Vec<_>>>()?;
        exactly(found, expected).map_err(|error| Difference(format!("{error:#}")).into())
    }

    /// Whether each counter is what was written, and that with what is unknown at the most.
    async fn adds_up(&self, ended: &Ended) -> Result<()> {
        let said: Value = serde_json::from_str(&ended.stdout)?;
        let counts = &said["counts"];
        let (written, unknown) = (number(counts, "written")?, number(counts, "unknown")?);
        let records = i64::from(self.choice.rows);
        ensure_rows(&counts["read"], records)?;
        ensure_rows(&json!(written + unknown), records)?;
        let is_honest = (unknown == 0) == (ended.code == Some(0));
        ensure_same(is_honest, || format!("code {:?}, {unknown} unknown", ended.code))?;
        let kept = input::kept_unknown(&self.journal())?;
        ensure_rows(&json!(kept.values().sum::<i64>()), unknown)?;
        let cql = format!("SELECT id, CAST(n AS bigint) FROM {KEYSPACE}.{}", self.back);
        let rows = self.site.session.query_iter(of_all_replicas(cql), &[]).await?;
        let found: BTreeMap<i32, i64> =
            rows.rows_stream::<(i32, i64)>()?.try_collect::<Vec<_>>().await?.into_iter().collect();
        for id in 0..COUNTERS {
            let all = (0..self.choice.rows).filter(|record| record % COUNTERS == id).count();
            let (all, of) =
                (i64::try_from(all)?, |of: &BTreeMap<i32, i64>| of.get(&id).copied().unwrap_or(0));
            let (cell, unknown) = (of(&found), of(&kept));
            ensure_same((all - unknown..=all).contains(&cell), || {
                format!("counter {id} is {cell}; of {all} records {unknown} are unknown")
            })?;
        }
        Ok(())
    }
}

/// The key and the text of a row, as `integration_tests` shows the cells of files.
fn shown(row: &Cells) -> Result<Value> {
    let [Some(a), Some(b), t, ..] = &row.0[..] else { anyhow::bail!("a row without a key") };
    let number = |bytes: &[u8]| Ok::<_, anyhow::Error>(i32::from_be_bytes(bytes.try_into()?));
    let text = t.as_ref().map(|text| std::str::from_utf8(text)).transpose()?;
    Ok(json!([number(a)?.to_string(), number(b)?.to_string(), text]))
}

fn ensure_rows(found: &Value, rows: i64) -> Result<()> {
    ensure_same(found.as_i64() == Some(rows), || format!("{found} rows instead of {rows}"))
}
