//! A condition on the columns of a table, by their field ids.

use super::literal::Literal;

/// A condition that a row meets, does not meet, or of which that is not known, for it has a null.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    IsNull(i32),
    IsNan(i32),
    Compare(i32, Comparison, Literal),
    In(i32, Vec<Literal>),
    StartsWith(i32, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The one that says the same with its sides exchanged.
    pub(super) fn flipped(self) -> Comparison {
        match self {
            Comparison::Equal => Comparison::Equal,
            Comparison::NotEqual => Comparison::NotEqual,
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        }
    }

    /// The one that is true where this one is false.
    pub(super) fn negated(self) -> Comparison {
        match self {
            Comparison::Equal => Comparison::NotEqual,
            Comparison::NotEqual => Comparison::Equal,
            Comparison::Less => Comparison::GreaterOrEqual,
            Comparison::LessOrEqual => Comparison::Greater,
            Comparison::Greater => Comparison::LessOrEqual,
            Comparison::GreaterOrEqual => Comparison::Less,
        }
    }
}

impl Filter {
    /// The columns it depends on; one may come several times.
    pub(crate) fn columns(&self) -> Vec<i32> {
        match self {
            Filter::And(parts) | Filter::Or(parts) => {
                parts.iter().flat_map(Filter::columns).collect()
            }
            Filter::Not(inner) => inner.columns(),
            Filter::IsNull(id)
            | Filter::IsNan(id)
            | Filter::Compare(id, ..)
            | Filter::In(id, _)
            | Filter::StartsWith(id, _) => vec![*id],
        }
    }
}
