//! Commits of runs: all files of a run become the table's in one step, and that happens at most once.
//!
//! # Why a run is never committed twice
//!
//! The snapshot of a run has the run's id in its summary ([`RUN_ID`](crate::RUN_ID)). Each attempt
//!
//! 1. loads the table, and looks for the run's id in **all** its snapshots. If it is there, the run is
//!    committed: nothing is done;
//! 2. writes a snapshot on top of `B`, the table's current snapshot (or none) as loaded;
//! 3. asks the catalog to make it the current one **if the current one is still `B`**. Catalogs do
//!    that in one step.
//!
//! Say that two attempts of one run, of one program or of two, both succeeded. The later one had loaded
//! a table with the current snapshot `B`, without the run's id. The earlier one was not committed then,
//! and since it made its own snapshot the current one, the current one was no longer `B`. So step 3 of the
//! later one has failed, in contradiction.
//!
//! What became of an attempt may be unknown: the reply was lost, or the server timed out. It may even be
//! on its way still. So the table is loaded again, until that succeeds or patience ends:
//!
//! - the run's id is there: it was committed;
//! - it is not, and the current snapshot is no longer `B`: the attempt can't be done any more;
//! - it is not, and the current snapshot is still `B`: the next attempt is on top of `B` too. At most one of
//!   them succeeds, whichever comes first, and the other one is a conflict.
//!
//! What the argument needs: nobody removes the run's snapshot (by expiry), or sets the table back to `B`
//! (by a rollback), *between two attempts of one run*. A run that is begun again after its snapshot has
//! expired is a new one. Besides, all attempts of one [`commit_run`](crate::Catalog::commit_run) have the same
//! snapshot id, which a table has only once.
//!
//! # What is left behind
//!
//! Files of attempts that were not committed are removed, as well as that can be done, but not where
//! the outcome is unknown: then they may be the table's. Data files are never removed here.

mod attempt;
mod attempts;
mod references;
mod request;
mod retry;
mod summary;
#[cfg(test)]
mod tests;

pub use request::{Commit, Committed, Mode, NewFile};
