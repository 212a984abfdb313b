//! What must stay cheap: hashing, which is done once a row where rows are routed, and cutting a
//! large ring into a large plan. `cargo bench -p tokenring`.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use tokenring::{RangeSet, Ring, Token, TokenRange, split_by_size};

const VNODES: u64 = 3_000;
const SPLITS: usize = 1_000_000;

fn main() {
    divan::main();
}

/// Keys of one column: a bigint, a uuid, a long text.
#[divan::bench(args = [8, 16, 100])]
fn hash_key(bencher: Bencher<'_, '_>, len: usize) {
    let key: Vec<u8> = (0_u8..=255).cycle().take(len).collect();
    bencher
        .counter(ItemsCount::new(1_usize))
        .counter(BytesCount::new(len))
        .bench(|| Token::of_serialized_key(black_box(&key)));
}

/// A key of two columns, a uuid and a bigint, which is never put together.
#[divan::bench]
fn hash_composite_key(bencher: Bencher<'_, '_>) {
    let key: [&[u8]; 2] = [&[7; 16], &[9; 8]];
    bencher.counter(ItemsCount::new(1_usize)).bench(|| Token::of_partition_key(black_box(&key)));
}

#[divan::bench]
fn split_ring(bencher: Bencher<'_, '_>) {
    let ranges = vnode_ranges();
    bencher.counter(ItemsCount::new(SPLITS)).bench(|| split_by_size(black_box(&ranges), SPLITS));
}

#[divan::bench]
fn prove_splits(bencher: Bencher<'_, '_>) {
    let splits = split_by_size(&vnode_ranges(), SPLITS).concat();
    let full = RangeSet::full();
    bencher
        .counter(ItemsCount::new(SPLITS))
        .bench(|| full.is_exact_partition(black_box(&splits).iter().copied()));
}

/// The ranges of a ring whose tokens lie as unevenly as random vnodes do.
fn vnode_ranges() -> Vec<TokenRange> {
    let tokens = (0..VNODES).map(|i| (Token::of_serialized_key(&i.to_be_bytes()), ()));
    match Ring::new(tokens) {
        Ok(ring) => ring.ranges().map(|(range, ())| range).collect(),
        Err(_) => vec![TokenRange::FULL], // not so: the hashes differ
    }
}
