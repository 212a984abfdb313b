//! Jobs of the program as users run it, under faults chosen by a seed, with what they leave compared
//! cell by cell with what was there.
//!
//! **A seed repeats a round's choices, not its timing**: job, table, faults, their chances, and the
//! moments of kills are the seed's; which frames the chances meet is for the machine. `docs/chaos.md`
//! says what is injected and what is not.

mod compare;
mod fault;
mod input;
mod job;
mod program;
mod report;
mod round;
mod site;
mod storm;
mod table;

pub use fault::Kind;
pub use report::{Report, Sum, Verdict};
pub use round::round;
pub use site::Site;
