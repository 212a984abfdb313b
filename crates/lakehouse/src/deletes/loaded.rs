//! What is deleted of a data file, with the files of deletes that have been read.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{BooleanArray, RecordBatch};
use tokio::sync::OnceCell;

use super::equality::{self, Equality};
use super::file::DeleteFile;
use super::positions::{self, Positions};
use crate::catalog::Table;
use crate::error::Result;
use crate::read::{Stored, Wanted};

/// Files of deletes that have been read, each once.
#[derive(Default)]
pub(crate) struct Deletes {
    files: Mutex<HashMap<String, Arc<OnceCell<Content>>>>,
}

#[derive(Clone)]
enum Content {
    Positions(Arc<Positions>),
    Equality(Arc<Equality>),
}

/// What is deleted of one data file.
pub(crate) struct LoadedDeletes {
    positions: Arc<[u64]>,
    equality: Vec<Arc<Equality>>,
}

impl Deletes {
    /// Reads what has not been read of the deletes that apply to a data file.
    pub(crate) async fn load(
        &self,
        table: &Table,
        wanted: &[Wanted],
        data: &Stored,
        files: &[Arc<DeleteFile>],
    ) -> Result<LoadedDeletes> {
        let mut of_file: Vec<Arc<[u64]>> = Vec::new();
        let mut equality = Vec::new();
        for file in files {
            match self.content(table, wanted, file).await? {
                Content::Positions(positions) => of_file.extend(positions.get(&data.path).cloned()),
                Content::Equality(values) => equality.push(values),
            }
        }
        let positions = match of_file.as_slice() {
            [one] => Arc::clone(one),
            several => {
                let mut all = several.concat();
                all.sort_unstable();
                all.dedup();
                all.into()
            }
        };
        // Those of the same columns follow each other, so that rows are encoded once for them.
        equality.sort_by(|a: &Arc<Equality>, b| a.ids().cmp(b.ids()));
        Ok(LoadedDeletes { positions, equality })
    }

    async fn content(
        &self,
        table: &Table,
        wanted: &[Wanted],
        file: &DeleteFile,
    ) -> Result<Content> {
        let cell = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(files.entry(file.path().to_owned()).or_default())
        };
        let content = cell.get_or_try_init(|| async {
            Ok(match file.equality_ids() {
                [] => Content::Positions(Arc::new(positions::load(table, file).await?)),
                _ => Content::Equality(Arc::new(Equality::load(table, file, wanted).await?)),
            })
        });
        content.await.cloned()
    }
}

impl LoadedDeletes {
    /// The positions that are deleted in the file, ascending.
    pub(crate) fn positions(&self) -> Arc<[u64]> {
        Arc::clone(&self.positions)
    }

    /// The rows of a batch that no values delete; `None` if there is nothing to look for.
    pub(crate) fn kept(
        &self,
        batch: &RecordBatch,
        wanted: &[Wanted],
    ) -> Result<Option<BooleanArray>> {
        if self.equality.is_empty() {
            return Ok(None);
        }
        let mut kept = vec![true; batch.num_rows()];
        for same in self.equality.chunk_by(|a, b| a.ids() == b.ids()) {
            let [first, ..] = same else { continue };
            let rows = equality::rows(first.ids(), batch, wanted)?;
            for (row, kept) in rows.iter().zip(&mut kept) {
                *kept &= !same.iter().any(|values| values.deletes(row.as_ref()));
            }
        }
        Ok(Some(kept.into()))
    }
}

impl fmt::Debug for Deletes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deletes").finish_non_exhaustive()
    }
}
