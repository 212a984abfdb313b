//! The house rules that no compiler checks: files say what they are for, stay short, and crates
//! depend downwards only. Run by `cargo xtask tidy`, and by `cargo test`.

mod arrows;
mod check;
mod sources;

pub use check::check;
