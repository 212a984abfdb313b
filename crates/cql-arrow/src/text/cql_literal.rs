//! Values that are made of others, read from CQL literals: `[1, 2]`, `{'a': 1}`, `{1, 2}`, `(1, 'x')`,
//! `{name: 'x'}`. That is what cqlsh's `COPY TO` writes into CSV.
//!
//! Strings are in single quotes, doubled inside. What cqlsh leaves without quotes is read too: dates, times,
//! inet addresses; nothing at all, and `None`, for a null of a user-defined type or tuple; brackets instead of
//! braces for sets. A text without quotes is refused, and so is a date that is only a number, since neither
//! is what somebody meant.

use scylla::frame::response::result::{CollectionType, ColumnType};

use super::composite::{is_composite, position};
use super::literal::{append_literal, shown};
use super::name::{duplicate, unknown};
use super::options::TextOptions;
use crate::builder::{ColumnBuilder, Values};
use crate::cql_type::cql_type;
use crate::error::{Error, ErrorKind, Result};

/// Appends a value that is made of others. What fails halfway leaves parts of it in the column.
pub(super) fn append_cql(
    column: &mut ColumnBuilder,
    text: &str,
    options: &TextOptions,
) -> Result<()> {
    let mut rest = Rest { text, at: 0, options };
    rest.value(column, Place::Key)?;
    rest.skip_space();
    if rest.at == text.len() { Ok(()) } else { Err(rest.expected("nothing more")) }
}

/// Where a value stands, which decides what may end it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// It may be null.
    Value,
    /// A key of a map, which ends with a colon. Like the whole, which may be one, it can't be null.
    Key,
    /// A field of a user-defined type, which may also be nothing at all.
    Field,
}

struct Rest<'t> {
    text: &'t str,
    at: usize,
    options: &'t TextOptions,
}

impl<'t> Rest<'t> {
    fn value(&mut self, column: &mut ColumnBuilder, place: Place) -> Result<()> {
        self.skip_space();
        match self.peek() {
            Some(b'\'') if !is_composite(column) => {
                let text = self.quoted(b'\'')?;
                append_literal(column, &text, self.options)
            }
            Some(b'[' | b'{' | b'(') if is_composite(column) => self.composite(column),
            _ => self.bare(column, place),
        }
    }

    /// A value without quotes and brackets.
    fn bare(&mut self, column: &mut ColumnBuilder, place: Place) -> Result<()> {
        let start = self.at;
        let token = self.token(place == Place::Key);
        let is_null = ["null", "none"].iter().any(|null| token.eq_ignore_ascii_case(null));
        if place != Place::Key && (is_null || place == Place::Field && token.is_empty()) {
            column.append_null();
            return Ok(());
        }
        let is_value = match &column.values {
            Values::Text(_) => false,
            Values::Date(_) => token.contains('-'),
            Values::Time(_) => token.contains(':'),
            _ => !token.is_empty() && !is_composite(column),
        };
        if is_value {
            return append_literal(column, token, self.options);
        }
        self.at = start;
        Err(self.expected(&format!("a value of {}", cql_type(&column.typ))))
    }

    fn composite(&mut self, column: &mut ColumnBuilder) -> Result<()> {
        let len = column.len();
        let typ = &column.typ;
        match (&mut column.values, typ) {
            (Values::List(lists), _) => {
                let is_set =
                    matches!(typ, ColumnType::Collection { typ: CollectionType::Set(_), .. });
                let brackets = if is_set && self.peek() == Some(b'{') { b"{}" } else { b"[]" };
                self.items(brackets, |rest| rest.value(&mut lists.element, Place::Value))?;
                lists.close()
            }
            (Values::Map(maps), _) => {
                self.items(b"{}", |rest| {
                    rest.value(&mut maps.key, Place::Key)?;
                    rest.take(b':')?;
                    rest.value(&mut maps.value, Place::Value)
                })?;
                maps.close()
            }
            (Values::Vector(vectors), _) => {
                let count =
                    self.items(b"[]", |rest| rest.value(&mut vectors.element, Place::Value))?;
                if count != vectors.size {
                    return Err(of_count(count, typ));
                }
                vectors.close();
                Ok(())
            }
            (Values::Struct(structs), ColumnType::UserDefinedType { definition, .. }) => {
                let mut next = 0;
                self.items(b"{}", |rest| {
                    let name = rest.name()?;
                    let index = position(definition, next, &name)
                        .ok_or_else(|| Error::new(ErrorKind::Value, unknown(&name, "field")))?;
                    let child = &mut structs.children[index];
                    if child.len() > len {
                        return Err(Error::new(ErrorKind::Value, duplicate(&name)));
                    }
                    next = index + 1;
                    rest.take(b':')?;
                    rest.value(child, Place::Field)
                })?;
                for child in &mut structs.children {
                    if child.len() == len {
                        child.append_null();
                    }
                }
                structs.close();
                Ok(())
            }
            (Values::Struct(structs), _) => {
                let size = structs.children.len();
                let mut children = structs.children.iter_mut();
                let count = self.items(b"()", |rest| match children.next() {
                    Some(child) => rest.value(child, Place::Value),
                    None => Err(of_count(size + 1, typ)),
                })?;
                if count != size {
                    return Err(of_count(count, typ));
                }
                structs.close();
                Ok(())
            }
            _ => Err(self.expected(&format!("a value of {}", cql_type(typ)))),
        }
    }

    /// Items between brackets, with commas between them; how many there are.
    fn items(
        &mut self,
        brackets: &[u8; 2],
        mut item: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<usize> {
        self.take(brackets[0])?;
        self.skip_space();
        let mut count = 0;
        if self.skip(brackets[1]) {
            return Ok(count);
        }
        loop {
            item(self)?;
            count += 1;
            self.skip_space();
            if self.skip(brackets[1]) {
                return Ok(count);
            }
            if !self.skip(b',') {
                let close = char::from(brackets[1]);
                return Err(self.expected(&format!("`,` or `{close}`")));
            }
        }
    }

    /// The name of a field: as it is, or in quotes of either kind.
    fn name(&mut self) -> Result<String> {
        self.skip_space();
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => self.quoted(quote),
            _ => Ok(self.token(true).to_owned()),
        }
    }

    /// A string in quotes, which are doubled inside.
    fn quoted(&mut self, quote: u8) -> Result<String> {
        self.take(quote)?;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(end) = rest.find(char::from(quote)) else {
                self.at = self.text.len();
                return Err(self.expected("a closing quote"));
            };
            text.push_str(&rest[..end]);
            self.at += end + 1;
            if !self.skip(quote) {
                return Ok(text);
            }
            text.push(char::from(quote));
        }
    }

    /// What comes before the next comma or closing bracket; of a key, before its colon. Times and addresses
    /// have colons inside, so one before a space is preferred.
    fn token(&mut self, is_key: bool) -> &'t str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut token = rest.split([',', ']', '}', ')']).next().unwrap_or_default();
        if is_key {
            token = token
                .split_once(": ")
                .or_else(|| token.split_once(':'))
                .map_or(token, |(key, _)| key);
        }
        self.at += token.len();
        token.trim_ascii()
    }

    fn take(&mut self, byte: u8) -> Result<()> {
        self.skip_space();
        if self.skip(byte) {
            return Ok(());
        }
        Err(self.expected(&format!("`{}`", char::from(byte))))
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, what: &str) -> Error {
        let message = match self.text.get(self.at..) {
            None | Some("") => format!("{what} was expected at its end"),
            Some(rest) => format!("{what} was expected before {}", shown(rest)),
        };
        Error::new(ErrorKind::Value, message)
    }
}

fn of_count(count: usize, typ: &ColumnType<'_>) -> Error {
    Error::new(ErrorKind::Value, format!("{count} values are not those of {}", cql_type(typ)))
}

#[cfg(test)]
mod tests {
    use scylla::frame::response::result::NativeType::*;

    use super::super::tests::{check_read_plain, check_refused, list, map, set, user_defined};
    use ColumnType::{Native, Tuple};

    use super::*;

    #[test]
    fn what_cqlsh_writes_is_read() {
        check_read_plain(&list(Native(Text)), "['a', 'it''s', '']", r#"["a","it's",""]"#);
        check_read_plain(&list(Native(Text)), "['a\\b, ]', '\u{e9}']", r#"["a\\b, ]","é"]"#);
        check_read_plain(&set(Native(Int)), "{1, -2}", "[1,-2]");
        check_read_plain(&set(Native(Int)), "{}", "[]");
        check_read_plain(&set(Native(Boolean)), "{False, True}", "[false,true]");
        check_read_plain(&set(Native(Inet)), "{'::1', 127.0.0.1}", r#"["::1","127.0.0.1"]"#);
        check_read_plain(&set(Native(Blob)), "{0x, 0x00FF}", r#"["0x","0x00ff"]"#);
        check_read_plain(&list(Native(Duration)), "[1mo2d, 3s]", r#"["1mo2d","3s"]"#);
        check_read_plain(
            &list(Native(Double)),
            "[NaN, -Infinity, 0.5]",
            r#"["NaN","-Infinity",0.5]"#,
        );
        check_read_plain(
            &list(Native(Timestamp)),
            "['2024-02-29 12:00:00.000000+0000', 0]",
            r#"["2024-02-29T12:00:00.000Z","1970-01-01T00:00:00.000Z"]"#,
        );
        check_read_plain(&list(Native(Date)), "[2024-02-29]", r#"["2024-02-29"]"#);
        check_read_plain(
            &map(Native(Text), Native(Int)),
            "{'a: b': 1, 'c':2}",
            r#"{"a: b":1,"c":2}"#,
        );
        check_read_plain(
            &map(Native(Time), Native(Date)),
            "{12:00:00.000000001: 2024-02-29, 12:00:00: '2024-03-01'}",
            r#"{"12:00:00.000000001":"2024-02-29","12:00:00.000000000":"2024-03-01"}"#,
        );
        check_read_plain(&Tuple(vec![Native(Int), Native(Text)]), "(1, 'x')", r#"[1,"x"]"#);
        check_read_plain(&Tuple(vec![Native(Int), Native(Int)]), "(None, null)", "[null,null]");
        check_read_plain(&user_defined(), "{Name: 'x', id: 1}", r#"{"id":1,"Name":"x"}"#);
        check_read_plain(&user_defined(), r#"{"Name": 'x'}"#, r#"{"id":null,"Name":"x"}"#);
        check_read_plain(&user_defined(), "{id: , Name: }", r#"{"id":null,"Name":null}"#);
        let nested = map(Tuple(vec![Native(Int)]), set(user_defined()));
        check_read_plain(
            &nested,
            " { (1) : {{id: 1}, {id: 2}} } ",
            r#"{"[1]":[{"id":1,"Name":null},{"id":2,"Name":null}]}"#,
        );
        let pair = ColumnType::Vector { typ: Box::new(Native(Float)), dimensions: 2 };
        check_read_plain(&pair, "[.5, -0]", "[0.5,-0.0]");
    }

    #[track_caller]
    fn refused(typ: &ColumnType<'_>, text: &str, expected: &str) {
        let error = check_refused(typ, text);
        let error = error.split_once("; as a CQL literal, ").map(|(_, cql)| cql).unwrap_or(&error);
        assert_eq!(error, expected);
    }

    #[test]
    fn what_is_neither_json_nor_a_literal_is_refused() {
        refused(&list(Native(Text)), "['a]", "a closing quote was expected at its end");
        refused(&list(Native(Text)), "[a]", r#"a value of text was expected before "a]""#);
        refused(&list(Native(Text)), "['a'b]", r#"`,` or `]` was expected before "b]""#);
        refused(&list(Native(Text)), "{'a'}", r#"`[` was expected before "{'a'}""#);
        refused(&list(Native(Int)), "[1,]", r#"a value of int was expected before "]""#);
        refused(&list(Native(Int)), "[1x]", r#""1x" is no int"#);
        refused(&list(Native(Int)), "[1] 2", r#"nothing more was expected before "2""#);
        refused(
            &list(Native(Date)),
            "[5, 2024-02-29]",
            r#"a value of date was expected before "5, 2024-02-29]""#,
        );
        refused(
            &list(Native(Time)),
            "[5, ']']",
            r#"a value of time was expected before "5, ']']""#,
        );
        refused(&set(Native(Int)), "{1, 2", "`,` or `}` was expected at its end");
        refused(&map(Native(Text), Native(Int)), "{'a'}", r#"`:` was expected before "}""#);
        refused(&map(Native(Int), Native(Int)), "{null: 1}", r#""null" is no int"#);
        refused(
            &map(set(Native(Int)), Native(Int)),
            "{NULL: 1}",
            r#"a value of set<int> was expected before "NULL: 1}""#,
        );
        refused(
            &Tuple(vec![Native(Int)]),
            "(1, 2)",
            "2 values are not those of frozen<tuple<int>>",
        );
        refused(&Tuple(vec![Native(Int)]), "()", "0 values are not those of frozen<tuple<int>>");
        refused(&user_defined(), "{name: 1}", r#"unknown key "name": no field has this name"#);
        refused(&user_defined(), "{id: 1, id: 2}", r#"duplicate key "id": give it once"#);
        refused(&user_defined(), "(1, 'x')", r#"`{` was expected before "(1, 'x')""#);
        refused(&list(Native(Int)), "NULL", r#"a value of list<int> was expected before "NULL""#);
        refused(&list(Native(Int)), "", "a value of list<int> was expected at its end");
    }
}
