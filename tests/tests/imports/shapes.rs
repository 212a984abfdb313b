//! Tables of any shape, at random, with rows in them.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use integration_tests::{Cells, RF1, Table};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::{CqlValue, MaybeUnset};
use topology::quote;

use crate::types::{NATIVE, Place, Type, UserType};
use crate::values::value;

const PARTITIONS: usize = 5;
/// A case has so many types of the user, at the most.
const USERS: usize = 2;
/// A partition has fewer rows than these.
const ROWS: usize = 5;

/// Names that need quotes, and some that do not.
const NAMES: [&str; 24] = [
    "a",
    "b",
    "plain_name",
    "Select",
    "SELECT",
    "order",
    "from",
    "CamelCase",
    "with space",
    "comma,",
    "quote\"d",
    "it's",
    "dot.ted",
    "ü日",
    "0",
    "null",
    "true",
    "writetime(a)",
    "json[0]",
    "back\\slash",
    "tab\t",
    "a=b",
    "{b}",
    "key",
];

/// In small letters: the driver reads no schema at all where a table has a type of another name.
fn user_name(case: usize, number: usize) -> String {
    format!("imports_type_{case}_{number}")
}

/// What a column is of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Partition,
    Clustering { descending: bool },
    Static,
    Regular,
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    kind: Kind,
    typ: Type,
    is_frozen: bool,
}

/// A table as it is declared.
#[derive(Debug)]
pub(crate) struct Shape {
    case: usize,
    users: Vec<Arc<UserType>>,
    pub(crate) columns: Vec<Column>,
}

impl Shape {
    /// The shape of a case; the cases after each other have every native type.
    pub(crate) fn random(case: usize, random: &mut StdRng) -> Shape {
        let mut names = NAMES;
        names.shuffle(random);
        let mut names = names.into_iter().map(str::to_owned);
        let mut users: Vec<Arc<UserType>> = Vec::new();
        for number in 0..random.random_range(0..=USERS) {
            let several = random.random_range(1..4);
            let field = |at: usize| {
                let typ = Type::random(Place::Anywhere, 1, &users, random);
                (format!("{} {at}", NAMES[(case + at) % NAMES.len()]), typ)
            };
            let fields = (0..several).map(field).collect();
            users.push(Arc::new(UserType { name: user_name(case, number), fields }));
        }
        let mut columns = Vec::new();
        let mut add = |kind: Kind, typ: Type, is_frozen: bool| {
            columns.extend(names.next().map(|name| Column { name, kind, typ, is_frozen }));
        };
        for _ in 0..random.random_range(1..4) {
            add(Kind::Partition, Type::random(Place::Ordered, 1, &users, random), true);
        }
        let clustering = random.random_range(0..4);
        for _ in 0..clustering {
            let kind = Kind::Clustering { descending: random.random() };
            add(kind, Type::random(Place::Ordered, 1, &users, random), true);
        }
        if clustering > 0 {
            for _ in 0..random.random_range(0..3) {
                let typ = Type::random(Place::Anywhere, 2, &users, random);
                add(Kind::Static, typ, random.random());
            }
        }
        for _ in 0..random.random_range(0..5) {
            let typ = Type::random(Place::Anywhere, 3, &users, random);
            add(Kind::Regular, typ, random.random());
        }
        for own in 0..4 {
            add(Kind::Regular, Type::Native(NATIVE[(4 * case + own) % NATIVE.len()]), true);
        }
        Shape { case, users, columns }
    }

    /// What follows `CREATE TABLE` and the name.
    pub(crate) fn declaration(&self) -> String {
        let column = |column: &Column| {
            let typ = if column.is_frozen { column.typ.frozen() } else { column.typ.unfrozen() };
            let is_static = if column.kind == Kind::Static { " static" } else { "" };
            format!("{} {typ}{is_static}", quote(&column.name))
        };
        let columns: Vec<String> = self.columns.iter().map(column).collect();
        let of = |is: fn(Kind) -> bool| -> Vec<String> {
            let own = self.columns.iter().filter(|column| is(column.kind));
            own.map(|column| quote(&column.name)).collect()
        };
        let partition = of(|kind| kind == Kind::Partition);
        let clustering = of(|kind| matches!(kind, Kind::Clustering { .. }));
        let key = [&[format!("({})", partition.join(", "))], &clustering[..]].concat();
        let order = |column: &Column| match column.kind {
            Kind::Clustering { descending: true } => Some(format!("{} DESC", quote(&column.name))),
            Kind::Clustering { .. } => Some(format!("{} ASC", quote(&column.name))),
            _ => None,
        };
        let orders: Vec<String> = self.columns.iter().filter_map(order).collect();
        let with = match orders.is_empty() {
            true => String::new(),
            false => format!(" WITH CLUSTERING ORDER BY ({})", orders.join(", ")),
        };
        format!("({}, PRIMARY KEY ({})){with}", columns.join(", "), key.join(", "))
    }

    /// Makes tables of this shape, and its types; `base` is any table of the same keyspace.
    pub(crate) async fn create(&self, base: &Table, names: [&str; 2]) -> Result<[Table; 2]> {
        // A type cannot go before the tables that have it.
        for name in names {
            base.alter(&format!("DROP TABLE IF EXISTS {RF1}.{name}")).await?;
        }
        // Of an earlier run there may be more of them, and a later one may hold one before it.
        for number in (0..USERS).rev() {
            let name = user_name(self.case, number);
            base.alter(&format!("DROP TYPE IF EXISTS {RF1}.{name}")).await?;
        }
        for user in &self.users {
            base.alter(&format!("CREATE TYPE {RF1}.{}", user.declaration())).await?;
        }
        let [first, second] = names;
        let columns = self.declaration();
        Ok([
            Table::create(RF1, first, &columns).await?,
            Table::create(RF1, second, &columns).await?,
        ])
    }

    /// Fills a table with rows: whole ones, some that have only a key, and static columns alone.
    pub(crate) async fn fill(&self, table: &Table, random: &mut StdRng) -> Result<()> {
        let is_row = |_: Kind| true;
        let is_alone = |kind: Kind| matches!(kind, Kind::Partition | Kind::Static);
        let row = self.insert(table, is_row).await?;
        let alone = match self.columns.iter().any(|column| column.kind == Kind::Static) {
            true => Some(self.insert(table, is_alone).await?),
            false => None,
        };
        for _ in 0..PARTITIONS {
            let partition = self.partition_key(random);
            let bind = |is: fn(Kind) -> bool, nulls: f64, random: &mut StdRng| {
                let mut keys = partition.iter().cloned();
                let own = self.columns.iter().filter(|column| is(column.kind));
                let bind = |column: &Column| match column.kind {
                    Kind::Partition => keys.next().map_or(MaybeUnset::Unset, MaybeUnset::Set),
                    Kind::Clustering { .. } => MaybeUnset::Set(value(&column.typ, random)),
                    _ if random.random_bool(nulls) => MaybeUnset::Unset,
                    _ => MaybeUnset::Set(value(&column.typ, random)),
                };
                own.map(bind).collect::<Vec<MaybeUnset<CqlValue>>>()
            };
            let session = &table.on.session;
            if let Some(alone) = alone.as_ref().filter(|_| random.random()) {
                session.execute_unpaged(alone, bind(is_alone, 0.2, random)).await?;
                if random.random() {
                    continue;
                }
            }
            for _ in 0..random.random_range(1..ROWS) {
                let nulls = [0.0, 0.3, 1.0][random.random_range(0..3)];
                session.execute_unpaged(&row, bind(is_row, nulls, random)).await?;
            }
        }
        Ok(())
    }

    async fn insert(&self, table: &Table, is: impl Fn(Kind) -> bool) -> Result<PreparedStatement> {
        let own = self.columns.iter().filter(|column| is(column.kind));
        let names: Vec<String> = own.map(|column| quote(&column.name)).collect();
        let (name, marks) = (&table.name, vec!["?"; names.len()].join(", "));
        let cql = format!("INSERT INTO {name} ({}) VALUES ({marks})", names.join(", "));
        table.on.session.prepare(cql.as_str()).await.context(cql)
    }

    /// The key of a partition, which must not be of no bytes.
    fn partition_key(&self, random: &mut StdRng) -> Vec<CqlValue> {
        let own = self.columns.iter().filter(|column| column.kind == Kind::Partition);
        let mut key: Vec<CqlValue> = own.map(|column| value(&column.typ, random)).collect();
        if let [CqlValue::Ascii(text) | CqlValue::Text(text)] = key.as_mut_slice() {
            text.push('.');
        } else if let [CqlValue::Blob(bytes)] = key.as_mut_slice() {
            bytes.push(0);
        }
        key
    }

    /// All rows of a table of this shape.
    pub(crate) async fn cells(&self, table: &Table) -> Result<Vec<Cells>> {
        let names: Vec<String> = self.columns.iter().map(|column| quote(&column.name)).collect();
        table.rows(&format!("SELECT {} FROM {{}}", names.join(", "))).await
    }

    /// Deletes all rows of a table, by their partitions: that is quicker than to truncate it.
    pub(crate) async fn empty(&self, table: &Table) -> Result<()> {
        let own = self.columns.iter().filter(|column| column.kind == Kind::Partition);
        let names: Vec<String> = own.map(|column| quote(&column.name)).collect();
        let select = format!("SELECT DISTINCT {} FROM {{}}", names.join(", "));
        let keys = table.rows::<Cells>(&select).await?;
        let delete = format!("DELETE FROM {{}} WHERE {} = ?", names.join(" = ? AND "));
        table.write(&delete, keys).await
    }
}
