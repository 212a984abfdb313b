//! Types of CQL at random, as they are declared.

use std::sync::Arc;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use topology::quote;

/// Every type that is not made of others, but counters.
pub(crate) const NATIVE: [&str; 20] = [
    "ascii",
    "bigint",
    "blob",
    "boolean",
    "date",
    "decimal",
    "double",
    "duration",
    "float",
    "inet",
    "int",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timeuuid",
    "tinyint",
    "uuid",
    "varchar",
    "varint",
];

/// A type.
#[derive(Clone, Debug)]
pub(crate) enum Type {
    Native(&'static str),
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Tuple(Vec<Type>),
    Vector(Box<Type>, usize),
    User(Arc<UserType>),
}

/// A type of the user, in the tables' keyspace.
#[derive(Debug)]
pub(crate) struct UserType {
    pub(crate) name: String,
    pub(crate) fields: Vec<(String, Type)>,
}

impl UserType {
    /// What follows `CREATE TYPE` and the keyspace.
    pub(crate) fn declaration(&self) -> String {
        let field = |(name, typ): &(String, Type)| format!("{} {}", quote(name), typ.frozen());
        let fields: Vec<String> = self.fields.iter().map(field).collect();
        format!("{} ({})", quote(&self.name), fields.join(", "))
    }
}

/// Where a type stands, which decides what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a key, a set, or the keys of a map: a duration has no order.
    Ordered,
    Anywhere,
}

impl Type {
    /// A type of that many levels at the most.
    pub(crate) fn random(
        place: Place,
        levels: u32,
        users: &[Arc<UserType>],
        random: &mut StdRng,
    ) -> Type {
        let inner = |place, random: &mut StdRng| {
            Box::new(Type::random(place, levels.saturating_sub(1), users, random))
        };
        let kinds = if levels == 0 { 1 } else { 9 };
        match random.random_range(0..kinds) {
            0..3 => {
                let orderable = |name: &&&str| place == Place::Anywhere || **name != "duration";
                let natives: Vec<&str> = NATIVE.iter().filter(orderable).copied().collect();
                Type::Native(natives.choose(random).copied().unwrap_or("int"))
            }
            3 => Type::List(inner(place, random)),
            4 => Type::Set(inner(Place::Ordered, random)),
            5 => Type::Map(inner(Place::Ordered, random), inner(place, random)),
            6 => {
                let types = (0..random.random_range(1..4)).map(|_| *inner(place, random));
                Type::Tuple(types.collect())
            }
            7 => Type::Vector(inner(place, random), random.random_range(1..4)),
            _ => {
                let fits = |user: &&Arc<UserType>| place == Place::Anywhere || user.has_order();
                let users: Vec<&Arc<UserType>> = users.iter().filter(fits).collect();
                match users.choose(random) {
                    Some(user) => Type::User(Arc::clone(user)),
                    None => Type::Native("text"),
                }
            }
        }
    }

    /// Its name where it is in one cell.
    pub(crate) fn frozen(&self) -> String {
        match self {
            Type::Native(_) | Type::Tuple(_) | Type::Vector(..) => self.unfrozen(),
            _ => format!("frozen<{}>", self.unfrozen()),
        }
    }

    /// Its name where its parts are cells of their own.
    pub(crate) fn unfrozen(&self) -> String {
        match self {
            Type::Native(name) => (*name).to_owned(),
            Type::List(item) => format!("list<{}>", item.frozen()),
            Type::Set(item) => format!("set<{}>", item.frozen()),
            Type::Map(key, value) => format!("map<{}, {}>", key.frozen(), value.frozen()),
            Type::Tuple(items) => {
                let items: Vec<String> = items.iter().map(Type::frozen).collect();
                format!("tuple<{}>", items.join(", "))
            }
            Type::Vector(item, length) => format!("vector<{}, {length}>", item.frozen()),
            Type::User(user) => quote(&user.name),
        }
    }

    fn has_order(&self) -> bool {
        match self {
            Type::Native(name) => *name != "duration",
            Type::List(item) | Type::Set(item) | Type::Vector(item, _) => item.has_order(),
            Type::Map(key, value) => key.has_order() && value.has_order(),
            Type::Tuple(items) => items.iter().all(Type::has_order),
            Type::User(user) => user.has_order(),
        }
    }
}

impl UserType {
    fn has_order(&self) -> bool {
        self.fields.iter().all(|(_, typ)| typ.has_order())
    }
}
