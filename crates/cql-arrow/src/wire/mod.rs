//! Values as the native protocol writes them ("native_protocol_v5.spec", section 6): what both
//! directions share.
//!
//! All readers take from the front of a slice and give `None` where it ends too early; which value that
//! was, the caller knows.

mod decimal;
mod integer;
mod item;
pub(crate) mod vint;

pub(crate) use decimal::Decimal;
pub(crate) use integer::Integer;
pub(crate) use item::{bytes, int, take};
