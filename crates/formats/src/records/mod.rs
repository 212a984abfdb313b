//! Records of files, read tolerantly: a bad one is told, and reading goes on.
//!
//! There is one reader for each format, and it is here, or is fed from here: [`read`](crate::read), which
//! takes no bad record, is a layer over it. Every record has an ordinal, its place in the file; that is
//! how a run that was interrupted knows which ones are done, whatever was in them.

mod arrangement;
mod batches;
mod chunk;
mod guess;
mod object;
mod open;
mod options;
mod pending;
mod positions;
mod stream;
mod texts;

pub use chunk::{BadRecord, Chunk};
pub use guess::{FormatName, Guess};
pub use open::{Input, Opened, open};
pub use options::RecordOptions;
pub use positions::Positions;
pub use stream::{Records, read_records};

pub(crate) use arrangement::Arrangement;
pub(crate) use batches::Batches;
pub(crate) use open::open_exactly;
pub(crate) use pending::{Pending, Refusal, too_long};
pub(crate) use texts::Place;
