//! A lane: writes one file at a time. As many lanes as files are to be written at the same time share
//! the pages of a run.
//!
//! One unit of the lane takes new ranges. When it has enough, the next one does, and the old one is
//! finished once its last range has ended; so that no file has to wait for a range that began later,
//! and what is done is written down all along.

use std::sync::Arc;

use executor::Page;
use tokio::sync::mpsc;

use super::journal::UnitRecord;
use super::unit::{Output, Unit};
use crate::error::{Error, Result};

/// What a lane has done.
#[derive(Debug, Default)]
pub(crate) struct LaneResult {
    /// What is in the result.
    pub(crate) units: Vec<UnitRecord>,
    /// Why it could not go on.
    pub(crate) failure: Option<Error>,
}

/// Writes pages until there are no more. Units that are whole then are finished, others removed.
pub(crate) async fn write(output: Arc<Output>, mut pages: mpsc::Receiver<Page>) -> LaneResult {
    let mut lane = Lane { output, units: Vec::new(), taking: None, ranges: (0, 0) };
    let mut result = LaneResult::default();
    while let Some(page) = pages.recv().await {
        match lane.append(&page).await {
            Ok(done) => result.units.extend(done),
            Err(error) => {
                result.failure = Some(error);
                break;
            }
        }
    }
    drop(pages);
    lane.end(&mut result).await;
    result
}

struct Lane {
    output: Arc<Output>,
    /// Units whose ranges have not all ended, the one that takes new ranges apart.
    units: Vec<Unit>,
    taking: Option<Unit>,
    /// Ranges that have ended, and the bytes of a range on average.
    ranges: (u64, u64),
}

impl Lane {
    async fn append(&mut self, page: &Page) -> Result<Option<UnitRecord>> {
        let range = page.range();
        self.ranges.0 += u64::from(page.is_last());
        let known = self.units.iter().position(|unit| unit.has(&range));
        if let Some(at) = known {
            self.units[at].append(page).await?;
            if !self.units[at].is_whole() {
                return Ok(None);
            }
            return Ok(Some(self.units.swap_remove(at).commit().await?));
        }
        let mut unit = match self.taking.take() {
            Some(unit) => unit,
            None => Unit::new(&self.output)?,
        };
        let appended = unit.append(page).await;
        self.ranges.1 = self.ranges.1.max(unit.range_bytes(self.ranges.0));
        if appended.is_ok() && unit.is_full(self.ranges.1) {
            if unit.is_whole() {
                return Ok(Some(unit.commit().await?));
            }
            self.units.push(unit);
        } else {
            self.taking = Some(unit);
        }
        appended.map(|()| None)
    }

    /// What is whole stays, what is not disappears.
    async fn end(mut self, result: &mut LaneResult) {
        let limited = self.output.limit.is_reached();
        self.units.extend(self.taking.take());
        for unit in self.units {
            if unit.is_whole() || (limited && unit.is_sound()) {
                match unit.commit().await {
                    Ok(done) => result.units.push(done),
                    Err(error) => {
                        result.failure.get_or_insert(error);
                    }
                }
            } else {
                unit.abort().await;
            }
        }
    }
}
