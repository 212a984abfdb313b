//! Tables of random shapes with random rows, and what they hold.

use std::net::IpAddr;

use anyhow::Result;
use futures::TryStreamExt as _;
use integration_tests::{Cells, ddl, load};
use rand::Rng;
use rand::rngs::StdRng;
use scylla::client::session::Session;
use scylla::statement::{Consistency, Statement};
use scylla::value::{CqlDate, CqlDecimal, CqlTime, CqlTimestamp, CqlTimeuuid, CqlValue, CqlVarint};
use uuid::Uuid;

use crate::site::KEYSPACE;

/// The key, as it is declared. All rows have an `a` and a `b`, which no other row has together.
const KEYS: [&str; 4] = [
    "PRIMARY KEY (a, b)",
    "PRIMARY KEY (a, b)) WITH CLUSTERING ORDER BY (b DESC",
    "PRIMARY KEY ((a, b))",
    "PRIMARY KEY ((b, a))",
];
/// Types that further columns may have; each has a maker of values in [`value`].
const TYPES: [&str; 20] = [
    "bigint",
    "blob",
    "boolean",
    "date",
    "decimal",
    "double",
    "float",
    "inet",
    "smallint",
    "time",
    "timestamp",
    "timeuuid",
    "tinyint",
    "uuid",
    "varint",
    "list<int>",
    "set<text>",
    "map<text, bigint>",
    "frozen<list<frozen<map<int, text>>>>",
    "tuple<int, text>",
];

/// The shape of a table: `a int`, `b int`, `t text`, and columns of the types given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    key: &'static str,
    types: Vec<&'static str>,
    has_static: bool,
    /// Rows that have the same `a`.
    of: i32,
    /// Characters of most texts.
    width: usize,
}

impl Shape {
    pub(crate) fn random(random: &mut StdRng) -> Shape {
        let key = random.random_range(0..KEYS.len());
        Shape {
            key: KEYS[key],
            types: TYPES.into_iter().filter(|_| random.random_bool(0.25)).collect(),
            // Static columns are those of a partition, which is of one row without a clustering key.
            has_static: key < 2 && random.random(),
            of: random.random_range(1..200),
            // A batch of rows is not to be larger than the server takes.
            width: random.random_range(0..100),
        }
    }

    /// The columns besides the key and `t`, the names of which need quotes, with their types.
    fn further(&self) -> impl Iterator<Item = (String, &'static str)> {
        let of_types = self.types.iter().enumerate();
        let own = of_types.map(|(number, typ)| (format!("\"C, {number}\""), *typ));
        own.chain(self.has_static.then(|| ("s".to_owned(), "text static")))
    }

    fn names(&self) -> String {
        let further: Vec<String> = self.further().map(|(name, _)| name).collect();
        [&["a".to_owned(), "b".to_owned(), "t".to_owned()], &further[..]].concat().join(", ")
    }

    /// How many columns there are.
    pub(crate) fn columns(&self) -> usize {
        3 + self.further().count()
    }

    /// Makes a table of this shape anew.
    pub(crate) async fn create(&self, session: &Session, table: &str) -> Result<()> {
        let further: String = self.further().map(|(name, typ)| format!("{name} {typ}, ")).collect();
        let columns = format!("(a int, b int, t text, {further}{})", self.key);
        create(session, table, &columns).await
    }

    /// Writes so many rows.
    pub(crate) async fn fill(
        &self,
        session: &Session,
        table: &str,
        rows: i32,
        random: &mut StdRng,
    ) -> Result<()> {
        let marks = vec!["?"; self.columns()].join(", ");
        let cql = format!("INSERT INTO {KEYSPACE}.{table} ({}) VALUES ({marks})", self.names());
        let rows = (0..rows).map(|id| self.row(id, random)).collect::<Vec<_>>();
        load(session, &cql, rows).await
    }

    fn row(&self, id: i32, random: &mut StdRng) -> Vec<Option<CqlValue>> {
        let key = [id / self.of, id % self.of].map(|number| Some(CqlValue::Int(number)));
        let text = CqlValue::Text(format!("é\"{id},\n{}", letters(self.width, random)));
        let text = random.random_bool(0.9).then_some(text);
        let further: Vec<_> = self
            .further()
            .map(|(_, typ)| random.random_bool(0.9).then(|| value(typ, random)))
            .collect();
        key.into_iter().chain([text]).chain(further).collect()
    }

    /// All rows of a table, from all their replicas.
    pub(crate) async fn cells(&self, session: &Session, table: &str) -> Result<Vec<Cells>> {
        let cql = format!("SELECT {} FROM {KEYSPACE}.{table}", self.names());
        let rows = session.query_iter(of_all_replicas(cql), &[]).await?.rows_stream::<Cells>()?;
        Ok(rows.try_collect().await?)
    }
}

/// Makes a table anew.
pub(crate) async fn create(session: &Session, table: &str, columns: &str) -> Result<()> {
    ddl(session, &format!("DROP TABLE IF EXISTS {KEYSPACE}.{table}")).await?;
    ddl(session, &format!("CREATE TABLE {KEYSPACE}.{table} {columns}")).await
}

pub(crate) fn of_all_replicas(cql: String) -> Statement {
    let mut statement = Statement::new(cql);
    statement.set_consistency(Consistency::All);
    statement
}

fn letters(count: usize, random: &mut StdRng) -> String {
    (0..count).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
}

/// A value of a type, as the server would write it too.
fn value(typ: &str, random: &mut StdRng) -> CqlValue {
    let text = |random: &mut StdRng| CqlValue::Text(letters(random.random_range(0..9), random));
    match typ {
        "bigint" => CqlValue::BigInt(random.random()),
        "blob" => {
            CqlValue::Blob((0..random.random_range(0..20)).map(|_| random.random()).collect())
        }
        "boolean" => CqlValue::Boolean(random.random()),
        "date" => CqlValue::Date(CqlDate((1 << 31) + random.random_range(0..100_000))),
        "decimal" => {
            let (digits, scale) = (integer(random), random.random_range(0..20));
            CqlValue::Decimal(CqlDecimal::from_signed_be_bytes_and_exponent(digits, scale))
        }
        "double" => CqlValue::Double(random.random::<f64>() - 0.5),
        "float" => CqlValue::Float(random.random::<f32>() - 0.5),
        "inet" if random.random() => CqlValue::Inet(IpAddr::from(random.random::<[u8; 4]>())),
        "inet" => CqlValue::Inet(IpAddr::from(random.random::<[u8; 16]>())),
        "smallint" => CqlValue::SmallInt(random.random()),
        "time" => CqlValue::Time(CqlTime(random.random_range(0..86_400_000_000_000))),
        "timestamp" => {
            let millis = random.random_range(-62_135_596_800_000..253_402_300_799_999);
            CqlValue::Timestamp(CqlTimestamp(millis))
        }
        "timeuuid" => {
            // Version 1 of RFC 9562's variant, which is what the server takes.
            let bits = random.random::<u128>() & !(0xf << 76) & !(0b11 << 62);
            CqlValue::Timeuuid(CqlTimeuuid::from(Uuid::from_u128(bits | 1 << 76 | 0b10 << 62)))
        }
        "tinyint" => CqlValue::TinyInt(random.random()),
        "uuid" => CqlValue::Uuid(Uuid::from_u128(random.random())),
        "varint" => CqlValue::Varint(CqlVarint::from_signed_bytes_be(integer(random))),
        "list<int>" => CqlValue::List(
            (0..random.random_range(1..5)).map(|_| CqlValue::Int(random.random())).collect(),
        ),
        "set<text>" => {
            let mut texts: Vec<String> = (0..3).map(|_| letters(4, random)).collect();
            texts.sort();
            texts.dedup();
            CqlValue::Set(texts.into_iter().map(CqlValue::Text).collect())
        }
        "map<text, bigint>" => {
            CqlValue::Map(vec![(text(random), CqlValue::BigInt(random.random()))])
        }
        "frozen<list<frozen<map<int, text>>>>" => {
            let map = |random: &mut StdRng| {
                CqlValue::Map(vec![(CqlValue::Int(random.random()), text(random))])
            };
            CqlValue::List((0..random.random_range(0..3)).map(|_| map(random)).collect())
        }
        "tuple<int, text>" => {
            CqlValue::Tuple(vec![Some(CqlValue::Int(random.random())), Some(text(random))])
        }
        _ => text(random),
    }
}

/// An integer of a few bytes, none of which could be left out.
fn integer(random: &mut StdRng) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..random.random_range(1..12)).map(|_| random.random()).collect();
    bytes[0] = random.random_range(1..=0xfe);
    bytes
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn a_seed_repeats_its_table() {
        for seed in 0..50 {
            let shape = |seed| {
                let mut random = StdRng::seed_from_u64(seed);
                let shape = Shape::random(&mut random);
                let row = shape.row(7, &mut random);
                (shape, row)
            };
            let (first, row) = shape(seed);
            assert_eq!((first.clone(), row.clone()), shape(seed));
            assert_eq!(row.len(), first.columns());
            assert_eq!(first.names().matches("\"C, ").count(), first.types.len());
        }
    }

    #[test]
    fn every_type_has_values_of_its_own() {
        let mut random = StdRng::seed_from_u64(1);
        for typ in TYPES {
            // Only what no arm knows is text.
            assert!(!matches!(value(typ, &mut random), CqlValue::Text(_)), "{typ}");
        }
    }
}
