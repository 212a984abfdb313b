//! Pages of rows, as the cluster sent them, become batches.

mod cell;
mod decoder;

pub(crate) use cell::DAY;
pub use decoder::{DecodeOptions, Decoder, EmptyValues};
