//! A condition from its text.

use iceberg::spec::{NestedFieldRef, PrimitiveType, SchemaRef};
use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, InTarget,
    UnaryOperator, Value,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::column::{Columns, primitive};
use super::expression::{Comparison, Filter};
use super::literal::{Literal, Written};
use crate::error::{Error, ErrorKind, Result};

/// How deep parentheses may be. The parser takes up to 60 KiB of stack for each, without optimization.
const DEPTH: usize = 16;

/// How many words and signs there may be, besides literals and commas: what is parsed is a tree, and as deep as
/// there are operators in a row.
const TOKENS: usize = 2000;

/// How much of a text is told again.
const SHOWN: usize = 200;

impl Filter {
    /// Reads a condition on the columns of a schema.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`] for what is no condition, with the place; [`ErrorKind::Unsupported`] for one
    /// that can't be decided here.
    pub(crate) fn parse(text: &str, schema: &SchemaRef) -> Result<Filter> {
        let shown: String = text.chars().take(SHOWN).collect();
        let no_condition = |why: &dyn std::fmt::Display| {
            Error::request(format!("the filter {shown:?} is no condition of SQL: {why}"))
        };
        let dialect = GenericDialect {};
        let tokens = Tokenizer::new(&dialect, text).tokenize_with_location();
        let tokens = tokens.map_err(|error| no_condition(&error))?;
        let counts = tokens.iter().filter(|token| {
            !matches!(
                token.token,
                Token::Comma
                    | Token::Whitespace(_)
                    | Token::Number(..)
                    | Token::SingleQuotedString(_)
                    | Token::HexStringLiteral(_)
            )
        });
        if counts.count() > TOKENS {
            return Err(Error::request(format!(
                "the filter has more than {TOKENS} words and signs; use IN (…), or several reads"
            )));
        }
        let parser = Parser::new(&dialect).with_recursion_limit(DEPTH);
        let mut parser = parser.with_tokens_with_locations(tokens);
        let parsed = parser.parse_expr().map_err(|error| no_condition(&error))?;
        let rest = parser.peek_token();
        if rest.token != Token::EOF {
            let (token, place) = (&rest.token, rest.span.start);
            return Err(no_condition(&format!(
                "{token} at line {}, column {} is one too many",
                place.line, place.column
            )));
        }
        condition(&parsed, &Columns::new(schema))
    }
}

fn condition(expression: &Expr, columns: &Columns<'_>) -> Result<Filter> {
    let column = |expression: &Expr| {
        let column = columns.named(expression)?;
        column.ok_or_else(|| unsupported(expression, "name a column on its left"))
    };
    let negated =
        |filter, is_negated| if is_negated { Filter::Not(Box::new(filter)) } else { filter };
    match expression {
        Expr::Nested(inner) => condition(inner, columns),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
            Ok(Filter::Not(Box::new(condition(expr, columns)?)))
        }
        Expr::BinaryOp { op: op @ BinaryOperator::And, .. } => {
            let parts = chain(expression, op).into_iter();
            Ok(Filter::And(parts.map(|part| condition(part, columns)).collect::<Result<_>>()?))
        }
        Expr::BinaryOp { op: op @ BinaryOperator::Or, .. } => {
            let parts = chain(expression, op).into_iter();
            Ok(Filter::Or(parts.map(|part| condition(part, columns)).collect::<Result<_>>()?))
        }
        Expr::BinaryOp { left, op, right } => {
            let comparison = comparison(op)
                .ok_or_else(|| unsupported(expression, "use =, !=, <, <=, >, >=, AND or OR"))?;
            match (columns.named(left)?, columns.named(right)?) {
                (Some(field), None) => compare(field, comparison, right),
                (None, Some(field)) => compare(field, comparison.flipped(), left),
                _ => Err(unsupported(expression, "compare a column with a literal")),
            }
        }
        Expr::IsNull(of) => Ok(Filter::IsNull(column(of)?.id)),
        Expr::IsNotNull(of) => Ok(negated(Filter::IsNull(column(of)?.id), true)),
        Expr::In { expr, target: InTarget::List(list), negated: is_negated, global: false } => {
            let field = column(expr)?;
            let literals = list.iter().map(|item| literal(field, item)).collect::<Result<_>>()?;
            Ok(negated(Filter::In(field.id, literals), *is_negated))
        }
        Expr::Between { expr, negated: is_negated, low, high } => {
            let field = column(expr)?;
            let above = compare(field, Comparison::GreaterOrEqual, low)?;
            let below = compare(field, Comparison::LessOrEqual, high)?;
            Ok(negated(Filter::And(vec![above, below]), *is_negated))
        }
        Expr::Like { negated: is_negated, any: false, expr, pattern, escape_char: None } => {
            Ok(negated(like(column(expr)?, pattern)?, *is_negated))
        }
        Expr::Function(function) => is_nan(expression, function, columns),
        Expr::Identifier(_) => compare_truth(column(expression)?),
        _ => Err(unsupported(
            expression,
            "conditions are comparisons of a column with a literal, IN, BETWEEN, LIKE 'beginning%', IS NULL \
             and IS_NAN(column), joined by AND, OR and NOT",
        )),
    }
}

/// What an operator in a row joins, in order. The rows that parsers make are as deep as long.
fn chain<'a>(expression: &'a Expr, joined: &BinaryOperator) -> Vec<&'a Expr> {
    let (mut parts, mut left) = (Vec::new(), expression);
    while let Expr::BinaryOp { left: next, op, right } = left
        && op == joined
    {
        parts.push(right.as_ref());
        left = next.as_ref();
    }
    parts.push(left);
    parts.reverse();
    parts
}

fn comparison(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn compare(field: &NestedFieldRef, comparison: Comparison, value: &Expr) -> Result<Filter> {
    Ok(Filter::Compare(field.id, comparison, literal(field, value)?))
}

/// A column of booleans is a condition itself.
fn compare_truth(field: &NestedFieldRef) -> Result<Filter> {
    let typ = primitive(field)?;
    if *typ != PrimitiveType::Boolean {
        let name = &field.name;
        let message =
            format!("the filter has the column {name:?} alone, which is {typ}; compare it");
        return Err(Error::request(message));
    }
    let literal = of_type(field, &Written::Boolean(true))?;
    Ok(Filter::Compare(field.id, Comparison::Equal, literal))
}

fn like(field: &NestedFieldRef, pattern: &Expr) -> Result<Filter> {
    let only =
        || unsupported(pattern, "LIKE takes a text with one % at its end, without _ and escapes");
    if *primitive(field)? != PrimitiveType::String {
        let name = &field.name;
        return Err(Error::request(format!("the filter has {name:?} LIKE, and it is no text")));
    }
    let Some(Written::Text(pattern)) = written(pattern) else { return Err(only()) };
    let beginning = pattern.strip_suffix('%');
    if beginning.unwrap_or(&pattern).contains(['%', '_', '\\']) {
        return Err(only());
    }
    Ok(match beginning {
        Some(beginning) => Filter::StartsWith(field.id, beginning.to_owned()),
        None => {
            let literal = of_type(field, &Written::Text(pattern))?;
            Filter::Compare(field.id, Comparison::Equal, literal)
        }
    })
}

fn is_nan(expression: &Expr, function: &Function, columns: &Columns<'_>) -> Result<Filter> {
    let only = || unsupported(expression, "the only function is IS_NAN(column)");
    let name = function.name.to_string().to_ascii_lowercase();
    if name != "is_nan" && name != "isnan" {
        return Err(only());
    }
    let FunctionArguments::List(list) = &function.args else { return Err(only()) };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice() else {
        return Err(only());
    };
    let field = columns.named(argument)?.ok_or_else(only)?;
    match primitive(field)? {
        PrimitiveType::Float | PrimitiveType::Double => Ok(Filter::IsNan(field.id)),
        typ => {
            let name = &field.name;
            Err(Error::request(format!("the filter asks whether {name:?} is NaN, and it is {typ}")))
        }
    }
}

fn literal(field: &NestedFieldRef, value: &Expr) -> Result<Literal> {
    if let Expr::Value(value) = value
        && value.value == Value::Null
    {
        let name = &field.name;
        let message = format!("the filter compares {name:?} with NULL; use IS NULL or IS NOT NULL");
        return Err(Error::request(message));
    }
    let written = written(value)
        .ok_or_else(|| unsupported(value, "compare with a number, text, boolean or X'…'"))?;
    of_type(field, &written)
}

fn of_type(field: &NestedFieldRef, written: &Written) -> Result<Literal> {
    let literal = written.of_type(primitive(field)?);
    literal.map_err(|why| Error::request(format!("the filter's column {:?} {why}", field.name)))
}

/// The literal that an expression is.
fn written(expression: &Expr) -> Option<Written> {
    match expression {
        Expr::Nested(inner) => written(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(value) => match &value.value {
                Value::Number(number, false) => Some(Written::Number(format!("-{number}"))),
                _ => None,
            },
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } => match written(expr)? {
            number @ Written::Number(_) => Some(number),
            _ => None,
        },
        Expr::Value(value) => of_value(&value.value),
        // As DATE '2024-01-01'. The column says what type it is.
        Expr::TypedString(typed) => of_value(&typed.value.value),
        _ => None,
    }
}

fn of_value(value: &Value) -> Option<Written> {
    Some(match value {
        Value::Number(number, false) => Written::Number(number.clone()),
        Value::SingleQuotedString(text) => Written::Text(text.clone()),
        Value::HexStringLiteral(digits) => Written::Hex(digits.clone()),
        Value::Boolean(truth) => Written::Boolean(*truth),
        _ => return None,
    })
}

/// `remedy` is what to write instead.
fn unsupported(expression: &Expr, remedy: &str) -> Error {
    let mut text = expression.to_string();
    if text.chars().count() > 60 {
        text = text.chars().take(60).chain(['…']).collect();
    }
    let message = format!("the filter's {text} can't be followed; {remedy}");
    Error::new(ErrorKind::Unsupported, message)
}
