//! The laws of the crate, over any input there is, through its public interface; and the bugs of
//! other tools that must not be made here again. One test binary, as each costs a link.

mod known_bugs;
mod ring;
mod set;
mod split;

use proptest::prelude::*;
use tokenring::{Ring, Token, TokenRange};

/// The range between two numbers, for literals.
#[expect(clippy::unwrap_used, reason = "a test whose literal is no range should fail")]
fn plain(start: i64, end: i64) -> TokenRange {
    TokenRange::new(Token::new(start), Token::new(end)).unwrap()
}

/// Any token, with a taste for the ones where mistakes live.
fn token() -> impl Strategy<Value = Token> {
    let edge = prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX]);
    prop_oneof![2 => any::<i64>(), 1 => edge, 1 => -20_i64..20].prop_map(Token::new)
}

fn range() -> impl Strategy<Value = TokenRange> {
    let ordered = (token(), token()).prop_map(|(a, b)| TokenRange::new(a.min(b), a.max(b)).ok());
    ordered.prop_filter_map("a range needs two tokens", |range| range)
}

/// Any ring of up to `most` tokens, each with its index in token order.
fn ring_up_to(most: usize) -> impl Strategy<Value = Ring<usize>> {
    let tokens = prop::collection::btree_set(token(), 1..=most);
    let rings = tokens.prop_map(|set| Ring::new(set.into_iter().zip(0..)).ok());
    rings.prop_filter_map("a set of tokens is a ring", |ring| ring)
}
