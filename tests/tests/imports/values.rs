//! Values of any type at random, often at its edges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use integration_tests::RF1;
use rand::Rng;
use rand::rngs::StdRng;
use scylla::value::{
    CqlDate, CqlDecimal, CqlDuration, CqlTime, CqlTimestamp, CqlTimeuuid, CqlValue, CqlVarint,
};
use uuid::Uuid;

use crate::types::Type;

const DAY_NANOS: i64 = 86_400_000_000_000;

const TEXTS: [&str; 28] = [
    "",
    " ",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\t",
    "\"",
    "\"\"",
    "'",
    ",",
    ";",
    "\\",
    "\\N",
    "null",
    "NULL",
    "NaN",
    "0",
    "=1+1",
    "[]",
    "{\"a\": 1}",
    "ü",
    "日本🦀",
    "e\u{301}",
    "\u{feff}",
    "\u{2028}",
    "\u{10ffff}",
    " both ends ",
];

fn one<T: Copy>(of: &[T], random: &mut StdRng) -> T {
    of[random.random_range(0..of.len())]
}

/// One of the edges, or anything.
fn edge<T: Copy>(edges: &[T], random: &mut StdRng, any: impl FnOnce(&mut StdRng) -> T) -> T {
    if random.random_bool(0.4) { one(edges, random) } else { any(random) }
}

/// A value, which is never null.
pub(crate) fn value(typ: &Type, random: &mut StdRng) -> CqlValue {
    let several = |item: &Type, count: usize, random: &mut StdRng| -> Vec<CqlValue> {
        (0..count).map(|_| value(item, random)).collect()
    };
    let maybe = |typ: &Type, random: &mut StdRng| {
        if random.random_bool(0.2) { None } else { Some(value(typ, random)) }
    };
    let count = random.random_range(0..4);
    match typ {
        Type::Native(name) => native(name, random),
        Type::List(item) => CqlValue::List(several(item, count, random)),
        Type::Set(item) => CqlValue::Set(several(item, count, random)),
        Type::Map(key, item) => {
            let entry = |_| (value(key, random), value(item, random));
            CqlValue::Map((0..count).map(entry).collect())
        }
        Type::Tuple(items) => {
            CqlValue::Tuple(items.iter().map(|item| maybe(item, random)).collect())
        }
        Type::Vector(item, length) => CqlValue::Vector(several(item, *length, random)),
        Type::User(user) => CqlValue::UserDefinedType {
            keyspace: RF1.to_owned(),
            name: user.name.clone(),
            fields: user
                .fields
                .iter()
                .map(|(name, typ)| (name.clone(), maybe(typ, random)))
                .collect(),
        },
    }
}

fn native(name: &str, random: &mut StdRng) -> CqlValue {
    match name {
        "ascii" => CqlValue::Ascii(text(random).chars().filter(char::is_ascii).collect()),
        "text" | "varchar" => CqlValue::Text(text(random)),
        "bigint" => CqlValue::BigInt(edge(&[0, -1, i64::MIN, i64::MAX], random, StdRng::random)),
        "int" => CqlValue::Int(edge(&[0, -1, i32::MIN, i32::MAX], random, StdRng::random)),
        "smallint" => CqlValue::SmallInt(edge(&[0, i16::MIN, i16::MAX], random, StdRng::random)),
        "tinyint" => CqlValue::TinyInt(random.random()),
        "boolean" => CqlValue::Boolean(random.random()),
        "blob" => CqlValue::Blob(bytes(random, 40)),
        "double" => CqlValue::Double(double(random)),
        "float" => {
            let edges = [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-45];
            let any = |random: &mut StdRng| f32::from_bits(random.random());
            let any = edge(&edges, random, any);
            // There is one text for all that are no number.
            CqlValue::Float(if any.is_nan() { f32::NAN } else { any })
        }
        "decimal" => {
            let scales = [0, 2, -5, 300, i32::MAX, i32::MIN];
            let scale = edge(&scales, random, |random| random.random_range(-30..30));
            CqlValue::Decimal(CqlDecimal::from_signed_be_bytes_and_exponent(integer(random), scale))
        }
        "varint" => CqlValue::Varint(CqlVarint::from_signed_bytes_be(integer(random))),
        "date" => {
            // The first and last days of all, of the years 1 and 9999, and 1970.
            let edges = [0, u32::MAX, 2_146_764_485, 2_150_416_545, 1 << 31, (1 << 31) - 1];
            CqlValue::Date(CqlDate(edge(&edges, random, StdRng::random)))
        }
        "time" => {
            let any = |random: &mut StdRng| random.random_range(0..DAY_NANOS);
            CqlValue::Time(CqlTime(edge(&[0, 1, DAY_NANOS - 1], random, any)))
        }
        "timestamp" => {
            let edges = [0, -1, 999, i64::MIN, i64::MAX, -62_135_596_800_000, 253_402_300_799_999];
            CqlValue::Timestamp(CqlTimestamp(edge(&edges, random, StdRng::random)))
        }
        "duration" => CqlValue::Duration(duration(random)),
        "inet" => CqlValue::Inet(match random.random_range(0..4) {
            0 => IpAddr::V4(Ipv4Addr::from_bits(random.random())),
            1 => IpAddr::V6(Ipv6Addr::from_bits(random.random())),
            2 => IpAddr::V6(Ipv4Addr::from_bits(random.random()).to_ipv6_mapped()),
            _ => one(&[IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::BROADCAST)], random),
        }),
        "uuid" => CqlValue::Uuid(Uuid::from_u128(edge(&[0, u128::MAX], random, StdRng::random))),
        "timeuuid" => {
            let any: u128 = edge(&[0, u128::MAX], random, StdRng::random);
            // Of version 1, as the cluster asks for.
            let own = any & !(0xf << 76) | 1 << 76;
            CqlValue::Timeuuid(CqlTimeuuid::from_u128(own))
        }
        other => unreachable!("{other} is no native type"),
    }
}

fn text(random: &mut StdRng) -> String {
    (0..random.random_range(0..4)).map(|_| one(&TEXTS, random)).collect()
}

fn bytes(random: &mut StdRng, most: usize) -> Vec<u8> {
    (0..random.random_range(0..=most)).map(|_| random.random()).collect()
}

fn double(random: &mut StdRng) -> f64 {
    let edges = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 5e-324, 0.1];
    let any = edge(&edges, random, |random| f64::from_bits(random.random()));
    if any.is_nan() { f64::NAN } else { any }
}

/// A number as varints have it: in two's complement, and no byte too long.
fn integer(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = match random.random_range(0..4) {
        0 => vec![one(&[0, 1, 0x7f, 0x80, 0xff], random)],
        1 => random.random::<i128>().to_be_bytes().to_vec(),
        2 => random.random::<i32>().to_be_bytes().to_vec(),
        _ => bytes(random, 300),
    };
    if bytes.is_empty() {
        bytes.push(0);
    }
    let is_spare = |bytes: &[u8]| {
        matches!(bytes, [0, next, ..] if next & 0x80 == 0)
            || matches!(bytes, [0xff, next, ..] if next & 0x80 != 0)
    };
    while is_spare(&bytes) {
        bytes.remove(0);
    }
    bytes
}

/// All parts have the same sign.
fn duration(random: &mut StdRng) -> CqlDuration {
    let part =
        |random: &mut StdRng| edge(&[0, i32::MAX], random, |random| random.random_range(0..1000));
    let (months, days) = (part(random), part(random));
    let any = |random: &mut StdRng| random.random_range(0..1_000_000_000_000);
    let nanoseconds = edge(&[0, 1, i64::MAX], random, any);
    if random.random() {
        return CqlDuration { months, days, nanoseconds };
    }
    CqlDuration { months: -months, days: -days, nanoseconds: -nanoseconds }
}
