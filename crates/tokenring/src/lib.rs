//! The token ring of Apache Cassandra and ScyllaDB, in exact integers: tokens, ranges, sets of
//! ranges, the ring itself, and how to cut all of it into the parts of a bulk read.
//!
//! ```text
//! partition key ──► Token          Murmur3, as Cassandra computes it
//! tokens + owners ──► Ring<T>      who owns which TokenRange
//! ring ranges ──► splits           even, by size, by weight; or packed into fewer
//! what is done ──► RangeSet        asked − done = remaining; proof that splits cover exactly
//! ```
//!
//! Nothing here reads a clock, a file or a socket, so nothing here can fail other than on its
//! arguments, and every law of it can be tested on literals.
//!
//! # Why it is so
//!
//! **Why `(start, end]`?** Because the cluster means that: a node with token `b` whose predecessor
//! has `a` owns the tokens above `a` up to and including `b`. A read is
//! `token(pk) > a AND token(pk) <= b`. Inclusive ranges read each boundary token twice.
//!
//! **Why plain ranges that never wrap?** The one range of a ring that wraps is cut in two at the
//! edge, by [`TokenRange::unwrapped`] and [`Ring::ranges`]. All that follows can then compare,
//! sort, split and merge without a special case, and cannot get that case wrong.
//!
//! **Why integers and not floats?** A ring has 2⁶⁴ tokens and an `f64` has 53 bits, so in floats a
//! set with 40 % of it missing can measure as complete. "Is everything read?" is answered by
//! [`RangeSet::is_exact_partition`], in `i64` and `u128`. Floats are handed out for display only.
//!
//! **Why is the ring generic?** Who owns a token is a question about nodes, replica sets or
//! counters alike. [`Ring<T>`] answers it once for whatever `T` is.
//!
//! **Why is no key left out at the lower end?** Cassandra never gives a key the token `i64::MIN`
//! (`Murmur3Partitioner.normalize` turns it into `i64::MAX`), so [`TokenRange::FULL`], which is
//! `(MIN, MAX]`, holds every key.
//!
//! # Example
//!
//! Two nodes; the whole ring in eight splits; a crash after three of them; the rest.
//!
//! ```
//! use tokenring::{Ring, RangeSet, Token, TokenRange, split_by_size};
//!
//! let ring = Ring::new([(Token::new(-100), "node a"), (Token::new(100), "node b")])?;
//! let ranges: Vec<TokenRange> = ring.ranges().map(|(range, _owner)| range).collect();
//! let splits: Vec<TokenRange> = split_by_size(&ranges, 8).into_iter().flatten().collect();
//!
//! // proved before the run: nothing twice, nothing missing
//! RangeSet::full().is_exact_partition(splits.iter().copied())?;
//! assert_eq!(splits.len(), 8);
//!
//! let done: RangeSet = splits[..3].iter().copied().collect();
//! let remaining = RangeSet::full().difference(&done);
//! assert_eq!(done.coverage() + remaining.coverage(), RangeSet::full().coverage());
//!
//! // and which node to ask for a key
//! let token = Token::of_partition_key(&[b"test"])?;
//! assert_eq!(*ring.owner(token), "node a");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod apportion;
mod group;
mod murmur3;
mod pack;
mod partition;
mod partition_key;
mod range;
mod range_set;
mod ring;
mod set_algebra;
mod split;
mod token;

pub use apportion::apportion;
pub use group::{group_equal, merge_neighbours};
pub use pack::pack;
pub use partition::PartitionError;
pub use partition_key::PartitionKeyError;
pub use range::{RangeError, TokenRange};
pub use range_set::RangeSet;
pub use ring::{Ring, RingError};
pub use split::{Splits, split_by_size, split_by_weight};
pub use token::{Token, TokenParseError};
