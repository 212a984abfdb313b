//! A column, or a transform of one, as it is written down: `ts`, `day(ts)`, `bucket(16, id)`.

use std::iter::Peekable;
use std::vec::IntoIter;

use iceberg::spec::{NestedFieldRef, PrimitiveType, Schema, Transform, Type};

use crate::error::{Error, Result};

/// The transforms and how they are written.
const TRANSFORMS: &str = "identity(column), bucket(N, column), truncate(N, column), year(column), \
                          month(column), day(column), hour(column), void(column)";

/// A transform of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) column: String,
    pub(crate) transform: Transform,
}

impl Term {
    /// The column in `schema`.
    ///
    /// # Errors
    ///
    /// For one that is not there or is nested, or to whose type the transform does not apply.
    pub(crate) fn field<'a>(&self, schema: &'a Schema) -> Result<&'a NestedFieldRef> {
        let name = &self.column;
        let fields = schema.as_struct().fields();
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            let names: Vec<String> = fields.iter().map(|field| quoted(&field.name)).collect();
            return Err(Error::request(format!(
                "there is no column {name:?}; the columns are {}",
                names.join(", ")
            )));
        };
        let typ = field.field_type.as_ref();
        if !typ.is_primitive() {
            return Err(Error::request(format!(
                "column {name:?} is not of a simple type, and only such can be partitioned or sorted by"
            )));
        }
        if self.transform.result_type(typ).is_err() {
            return Err(Error::request(format!(
                "{} does not apply to column {name:?}, whose type is {typ}; what does: {}",
                transform_name(self.transform),
                applicable(typ).join(", ")
            )));
        }
        Ok(field)
    }

    /// As it is written: `bucket(16, id)`.
    pub(crate) fn describe(transform: Transform, column: &str) -> String {
        let column = quoted(column);
        match transform {
            Transform::Identity => column,
            Transform::Bucket(n) | Transform::Truncate(n) => {
                format!("{}({n}, {column})", transform_name(transform))
            }
            _ => format!("{}({column})", transform_name(transform)),
        }
    }
}

/// The name of a transform without its number.
fn transform_name(transform: Transform) -> &'static str {
    match transform {
        Transform::Identity => "identity",
        Transform::Bucket(_) => "bucket",
        Transform::Truncate(_) => "truncate",
        Transform::Year => "year",
        Transform::Month => "month",
        Transform::Day => "day",
        Transform::Hour => "hour",
        Transform::Void => "void",
        Transform::Unknown => "unknown",
    }
}

fn applicable(typ: &Type) -> Vec<&'static str> {
    let all = [
        Transform::Identity,
        Transform::Bucket(1),
        Transform::Truncate(1),
        Transform::Year,
        Transform::Month,
        Transform::Day,
        Transform::Hour,
        Transform::Void,
    ];
    let able = all.into_iter().filter(|transform| transform.result_type(typ).is_ok());
    able.map(transform_name).collect()
}

/// A name as it must be written here.
pub(crate) fn quoted(name: &str) -> String {
    let is_bare = |c: char| !c.is_whitespace() && !"(),\"".contains(c);
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Open,
    Close,
    Comma,
}

/// The tokens of a list of terms.
pub(crate) struct Tokens(Peekable<IntoIter<Token>>);

impl Tokens {
    /// # Errors
    ///
    /// For a quote that is not closed.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let mut tokens = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            tokens.push(match c {
                '(' => Token::Open,
                ')' => Token::Close,
                ',' => Token::Comma,
                '"' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some('"') if chars.next_if_eq(&'"').is_some() => name.push('"'),
                            Some('"') => break,
                            Some(c) => name.push(c),
                            None => return Err(Error::request("a quote is not closed")),
                        }
                    }
                    Token::Quoted(name)
                }
                c if c.is_whitespace() => continue,
                c => {
                    let mut word = String::from(c);
                    let goes_on = |c: &char| !c.is_whitespace() && !"(),\"".contains(*c);
                    while let Some(c) = chars.next_if(goes_on) {
                        word.push(c);
                    }
                    Token::Word(word)
                }
            });
        }
        Ok(Tokens(tokens.into_iter().peekable()))
    }

    /// Whether all has been read.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.0.peek().is_none()
    }

    /// Reads one of these words, whatever their case, if it is next.
    pub(crate) fn keyword(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let Some(Token::Word(next)) = self.0.peek() else { return None };
        let found = words.iter().find(|word| word.eq_ignore_ascii_case(next))?;
        self.0.next();
        Some(found)
    }

    /// Reads the comma between terms, or the end.
    ///
    /// # Errors
    ///
    /// For anything else, and a comma that nothing follows.
    pub(crate) fn separator(&mut self) -> Result<()> {
        match self.0.next() {
            None => Ok(()),
            Some(Token::Comma) if self.0.peek().is_some() => Ok(()),
            other => Err(unexpected(other, "a comma and the next column")),
        }
    }

    /// Reads a term.
    ///
    /// # Errors
    ///
    /// For what is none, an unknown transform, or a number that it can't have.
    pub(crate) fn term(&mut self) -> Result<Term> {
        let name = match self.0.next() {
            Some(Token::Quoted(column)) => {
                return Ok(Term { column, transform: Transform::Identity });
            }
            Some(Token::Word(name)) => name,
            other => return Err(unexpected(other, "a column or a transform")),
        };
        if self.0.next_if_eq(&Token::Open).is_none() {
            return Ok(Term { column: name, transform: Transform::Identity });
        }
        let arguments = self.arguments()?;
        let transform = match name.to_ascii_lowercase().as_str() {
            "identity" => Transform::Identity,
            "year" | "years" => Transform::Year,
            "month" | "months" => Transform::Month,
            "day" | "days" => Transform::Day,
            "hour" | "hours" => Transform::Hour,
            "void" => Transform::Void,
            "bucket" => return with_number("bucket", arguments, Transform::Bucket),
            "truncate" => return with_number("truncate", arguments, Transform::Truncate),
            _ => {
                return Err(Error::request(format!(
                    "there is no transform {name:?}; there are {TRANSFORMS}"
                )));
            }
        };
        match <[Token; 1]>::try_from(arguments) {
            Ok([Token::Word(column) | Token::Quoted(column)]) => Ok(Term { column, transform }),
            _ => Err(Error::request(format!("{name} is of one column: {name}(column)"))),
        }
    }

    /// The names and numbers up to the closing parenthesis.
    fn arguments(&mut self) -> Result<Vec<Token>> {
        let mut arguments = Vec::new();
        loop {
            match self.0.next() {
                Some(name @ (Token::Word(_) | Token::Quoted(_))) => arguments.push(name),
                other => return Err(unexpected(other, "a column or a number")),
            }
            match self.0.next() {
                Some(Token::Comma) => {}
                Some(Token::Close) => return Ok(arguments),
                other => return Err(unexpected(other, "\",\" or \")\"")),
            }
        }
    }
}

/// A transform with a number, which stands first; Spark also takes it last.
fn with_number(
    name: &str,
    arguments: Vec<Token>,
    transform: impl Fn(u32) -> Transform,
) -> Result<Term> {
    let usage =
        || Error::request(format!("{name} is of a number and a column: {name}(16, column)"));
    let [first, second] = <[Token; 2]>::try_from(arguments).map_err(|_| usage())?;
    let is_number = |token: &Token| matches!(token, Token::Word(word) if word.bytes().all(|b| b.is_ascii_digit()));
    let (number, column) = match (first, second) {
        (Token::Word(number), Token::Word(column) | Token::Quoted(column))
            if is_number(&Token::Word(number.clone())) =>
        {
            (number, column)
        }
        (Token::Word(column) | Token::Quoted(column), Token::Word(number))
            if is_number(&Token::Word(number.clone())) =>
        {
            (number, column)
        }
        _ => return Err(usage()),
    };
    // Other libraries keep it in a signed number.
    match number.parse::<u32>() {
        Ok(n) if n > 0 && i32::try_from(n).is_ok() => Ok(Term { column, transform: transform(n) }),
        _ => Err(Error::request(format!(
            "{name} of column {column:?} can't have the number {number}; it is 1 to {}",
            i32::MAX
        ))),
    }
}

fn unexpected(token: Option<Token>, wanted: &str) -> Error {
    let found = match token {
        None => "its end".to_owned(),
        Some(Token::Word(name) | Token::Quoted(name)) => format!("{name:?}"),
        Some(Token::Open) => "\"(\"".to_owned(),
        Some(Token::Close) => "\")\"".to_owned(),
        Some(Token::Comma) => "\",\"".to_owned(),
    };
    Error::request(format!("{wanted} is expected instead of {found}"))
}

/// Whether a transform is one that this crate can compute, for a column of the type.
pub(crate) fn is_computable(transform: Transform, typ: &PrimitiveType) -> bool {
    let numbered = match transform {
        Transform::Bucket(n) | Transform::Truncate(n) => n > 0 && i32::try_from(n).is_ok(),
        Transform::Unknown => false,
        _ => true,
    };
    numbered && transform.result_type(&Type::Primitive(typ.clone())).is_ok()
}
