//! Tokens computed here are those the server computes, over thousands of random keys of many types.
//!
//! A partition key hashed differently from the server would put a row into the wrong range without any
//! error. Cassandra's Murmur3 differs from everyone else's in how it reads the last bytes of a key, so
//! keys of every length with bytes above 127 are tried, beside what a table usually has.

use std::fmt::Debug;

use anyhow::{Context as _, Result, ensure};
use futures::TryStreamExt;
use integration_tests::{RF1, Table, run};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use scylla::deserialize::row::{ColumnIterator, DeserializeRow};
use scylla::deserialize::value::DeserializeValue;
use scylla::errors::{DeserializationError, TypeCheckError};
use scylla::frame::response::result::ColumnSpec;
use scylla::serialize::row::SerializeRow;
use tokenring::Token;
use uuid::Uuid;

/// Keys a type; every failure can be looked at again, since they are the same in every run.
const KEYS: usize = 2000;
const SEED: u64 = 0x00ca_55a0_d2a0;

/// The bytes of a partition key's columns, as the server sent them, and its own token for them.
struct Row {
    key: Vec<Vec<u8>>,
    token: i64,
}

impl<'frame, 'metadata> DeserializeRow<'frame, 'metadata> for Row {
    fn type_check(_specs: &[ColumnSpec<'_>]) -> Result<(), TypeCheckError> {
        Ok(())
    }

    fn deserialize(row: ColumnIterator<'frame, 'metadata>) -> Result<Self, DeserializationError> {
        let mut found = Row { key: Vec::new(), token: 0 };
        for column in row {
            let column = column?;
            if column.spec.name() == "hash" {
                found.token = i64::deserialize(column.spec.typ(), column.slice)?;
            } else {
                let bytes = column.slice.map(|slice| slice.as_slice().to_vec());
                found.key.push(bytes.unwrap_or_default());
            }
        }
        Ok(found)
    }
}

/// Writes the keys, reads them back with the server's tokens, and compares each.
async fn agree<K>(name: &str, types: &[&str], keys: Vec<K>) -> Result<()>
where
    K: SerializeRow + Send + Debug,
{
    let names: Vec<String> = (0..types.len()).map(|index| format!("k{index}")).collect();
    let columns: Vec<String> =
        names.iter().zip(types).map(|(name, typ)| format!("{name} {typ}")).collect();
    let (names, marks) = (names.join(", "), vec!["?"; types.len()].join(", "));
    let definition = format!("({}, PRIMARY KEY (({names})))", columns.join(", "));
    let table = Table::create(RF1, name, &definition).await?;
    let written = keys.len();
    table.write(&format!("INSERT INTO {{}} ({names}) VALUES ({marks})"), keys).await?;

    let select = format!("SELECT {names}, token({names}) AS hash FROM {}", table.name);
    let mut rows = table.on.session.query_iter(select, &[]).await?.rows_stream::<Row>()?;
    let mut read = 0;
    while let Some(row) = rows.try_next().await? {
        let ours =
            Token::of_partition_key(&row.key).with_context(|| format!("{:02x?}", row.key))?;
        let (server, key) = (row.token, &row.key);
        ensure!(ours.value() == server, "{ours} instead of {server} for key {key:02x?}");
        read += 1;
    }
    // Random keys may meet, but not many.
    ensure!(read <= written && read * 10 >= written * 9, "{read} keys came of {written}");
    Ok(())
}

fn seeded(test: u64) -> StdRng {
    StdRng::seed_from_u64(SEED + test)
}

fn bytes(rng: &mut StdRng, len: usize) -> Vec<u8> {
    (0..len).map(|_| rng.random()).collect()
}

#[test]
fn blobs_of_every_length_with_high_bytes() {
    run(async {
        let mut rng = seeded(1);
        let mut keys = Vec::new();
        for len in 1..=64 {
            keys.push((vec![0xff; len],));
            keys.push((vec![0x80; len],));
            keys.extend((0..40).map(|_| (bytes(&mut rng, len),)));
        }
        agree("murmur3_blob", &["blob"], keys).await
    });
}

#[test]
fn long_blobs() {
    run(async {
        let mut rng = seeded(2);
        let keys = (0..100).map(|index| (bytes(&mut rng, 65 + index * 3),)).collect();
        agree("murmur3_long_blob", &["blob"], keys).await
    });
}

#[test]
fn text_in_many_scripts() {
    run(async {
        let mut rng = seeded(3);
        let alphabet: Vec<char> = "aZ09 _-'\"éßøñŁдЖאبह日本語한🦀𝄞\u{10ffff}".chars().collect();
        let keys = (0..KEYS).map(|_| {
            let len = rng.random_range(1..40);
            ((0..len).map(|_| alphabet[rng.random_range(0..alphabet.len())]).collect::<String>(),)
        });
        let keys = keys.collect();
        agree("murmur3_text", &["text"], keys).await
    });
}

#[test]
fn numbers() {
    run(async {
        let mut rng = seeded(4);
        let edges = [0, 1, -1, i64::MIN, i64::MAX, 255, -256];
        let longs: Vec<_> = edges.into_iter().chain((0..KEYS).map(|_| rng.random())).collect();
        agree("murmur3_bigint", &["bigint"], longs.into_iter().map(|key| (key,)).collect()).await?;
        let ints: Vec<(i32,)> = (0..KEYS).map(|_| (rng.random(),)).collect();
        agree("murmur3_int", &["int"], ints).await?;
        let smallints: Vec<(i16,)> = (0..200).map(|_| (rng.random(),)).collect();
        agree("murmur3_smallint", &["smallint"], smallints).await?;
        let doubles: Vec<(f64,)> = (0..200).map(|_| (f64::from_bits(rng.random()),)).collect();
        agree("murmur3_double", &["double"], doubles).await?;
        agree("murmur3_boolean", &["boolean"], vec![(false,), (true,)]).await
    });
}

#[test]
fn uuids() {
    run(async {
        let mut rng = seeded(5);
        let keys = (0..KEYS).map(|_| (Uuid::from_u128(rng.random()),)).collect();
        agree("murmur3_uuid", &["uuid"], keys).await
    });
}

#[test]
fn composite_keys() {
    run(async {
        let mut rng = seeded(6);
        let keys = (0..KEYS).map(|_| {
            let (long, short) = (rng.random_range(0..48), rng.random_range(0..3));
            (bytes(&mut rng, long), rng.random::<i32>(), "ü".repeat(short))
        });
        let keys = keys.collect();
        agree("murmur3_composite", &["blob", "int", "text"], keys).await?;
        let pairs: Vec<_> =
            (0..KEYS).map(|_| (Uuid::from_u128(rng.random()), rng.random::<i64>())).collect();
        agree("murmur3_pair", &["uuid", "bigint"], pairs).await
    });
}

#[test]
fn collections_and_tuples_as_keys() {
    run(async {
        let mut rng = seeded(7);
        let lists: Vec<(Vec<i32>,)> = (0..200)
            .map(|_| ((0..rng.random_range(1..9)).map(|_| rng.random()).collect(),))
            .collect();
        agree("murmur3_list", &["frozen<list<int>>"], lists).await?;
        let tuples: Vec<((i32, String),)> =
            (0..200).map(|_| ((rng.random(), "é".repeat(rng.random_range(0..9))),)).collect();
        agree("murmur3_tuple", &["frozen<tuple<int, text>>"], tuples).await
    });
}
