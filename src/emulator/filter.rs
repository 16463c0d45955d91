//! `$filter`: the comparisons that `reference/graph.md` section 3 documents, joined by `and` and `or`.

use super::schema::{Kind, Schema};
use crate::domain::time::Timestamp;

/// A filter that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    /// The field compares so with the value.
    Compare(String, Comparison, Literal),
    /// The field is one of these.
    In(String, Vec<Literal>),
    /// The text begins so.
    StartsWith(String, String),
    /// The list holds one of these.
    Holds(String, Vec<String>),
}

/// How a field compares. `gt` and `lt` act as `ge` and `le` (`reference/graph.md` section 8, 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    AtLeast,
    AtMost,
}

/// A value in a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Time(Timestamp),
    Number(f64),
    Flag(bool),
    Null,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Time(Timestamp),
    Number(f64),
    Flag(bool),
    List(Vec<&'a str>),
    Null,
    /// The index does not hold it: only the whole record tells.
    Unknown,
}

impl Filter {
    /// Reads a filter on records of this type; else says what Graph would say.
    pub(super) fn parse(text: &str, schema: &Schema) -> Result<Filter, String> {
        let tokens = tokens(text).map_err(|why| invalid(&why))?;
        let mut parser = Parser { tokens: &tokens, schema };
        let filter = parser.alternatives()?;
        match parser.tokens.first() {
            None => Ok(filter),
            Some(token) => Err(invalid(&format!("Syntax error at '{}' in '{text}'.", token.text()))),
        }
    }

    /// Whether a record matches; `None` where what is known of it does not tell.
    pub(super) fn matches<'a>(&self, of: &dyn Fn(&str) -> Value<'a>) -> Option<bool> {
        match self {
            Filter::All(parts) => {
                let met: Vec<Option<bool>> = parts.iter().map(|part| part.matches(of)).collect();
                if met.contains(&Some(false)) { Some(false) } else { (!met.contains(&None)).then_some(true) }
            }
            Filter::Any(parts) => {
                let met: Vec<Option<bool>> = parts.iter().map(|part| part.matches(of)).collect();
                if met.contains(&Some(true)) { Some(true) } else { (!met.contains(&None)).then_some(false) }
            }
            Filter::Compare(field, comparison, literal) => known(of(field), |value| compares(value, *comparison, literal)),
            Filter::In(field, literals) => {
                known(of(field), |value| literals.iter().any(|literal| compares(value, Comparison::Equal, literal)))
            }
            Filter::StartsWith(field, start) => known(of(field), |value| match value {
                Value::Text(text) => text.to_lowercase().starts_with(&start.to_lowercase()),
                _ => false,
            }),
            Filter::Holds(field, wanted) => known(of(field), |value| match value {
                Value::List(held) => held.iter().any(|held| wanted.iter().any(|wanted| held.eq_ignore_ascii_case(wanted))),
                _ => false,
            }),
        }
    }

    /// Whether it speaks of this field.
    pub(super) fn names(&self, field: &str) -> bool {
        match self {
            Filter::All(parts) | Filter::Any(parts) => parts.iter().any(|part| part.names(field)),
            Filter::Compare(name, ..) | Filter::In(name, _) | Filter::StartsWith(name, _) | Filter::Holds(name, _) => name == field,
        }
    }

    /// The only values that the field can have in a match; `None` where there may be others.
    pub(super) fn only(&self, field: &str) -> Option<Vec<&str>> {
        match self {
            Filter::All(parts) => parts.iter().find_map(|part| part.only(field)),
            Filter::Any(parts) => parts.iter().map(|part| part.only(field)).collect::<Option<Vec<_>>>().map(|values| values.concat()),
            Filter::Compare(name, Comparison::Equal, Literal::Text(text)) if name == field => Some(vec![text]),
            Filter::In(name, literals) if name == field => literals
                .iter()
                .map(|literal| match literal {
                    Literal::Text(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }
}

fn known(value: Value<'_>, holds: impl Fn(&Value<'_>) -> bool) -> Option<bool> {
    (value != Value::Unknown).then(|| holds(&value))
}

fn compares(value: &Value<'_>, comparison: Comparison, literal: &Literal) -> bool {
    let order = match (value, literal) {
        (Value::Text(held), Literal::Text(given)) => {
            return comparison == Comparison::Equal && held.eq_ignore_ascii_case(given);
        }
        (Value::List(held), Literal::Text(given)) => return held.iter().any(|held| held.eq_ignore_ascii_case(given)),
        (Value::Time(held), Literal::Time(given)) => held.cmp(given),
        (Value::Number(held), Literal::Number(given)) => held.total_cmp(given),
        (Value::Flag(held), Literal::Flag(given)) => return comparison == Comparison::Equal && held == given,
        (Value::Null, Literal::Null) => return comparison == Comparison::Equal,
        _ => return false,
    };
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::AtLeast => order.is_ge(),
        Comparison::AtMost => order.is_le(),
    }
}

fn invalid(why: &str) -> String {
    format!("Invalid filter clause: {why}")
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Open,
    Close,
    Comma,
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Token::Word(text) | Token::Quoted(text) => text,
            Token::Open => "(",
            Token::Close => ")",
            Token::Comma => ",",
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            ' ' | '\t' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '\'' => {
                let mut quoted = String::new();
                loop {
                    match rest.next() {
                        // Two quotes stand for one.
                        Some('\'') if rest.peek() == Some(&'\'') => quoted.extend(rest.next()),
                        Some('\'') => break,
                        Some(letter) => quoted.push(letter),
                        None => return Err(format!("There is an unterminated string literal in '{text}'.")),
                    }
                }
                tokens.push(Token::Quoted(quoted));
            }
            first => {
                let mut word = String::from(first);
                while let Some(letter) = rest.peek().copied().filter(|letter| !" \t(),'".contains(*letter)) {
                    word.push(letter);
                    rest.next();
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
    schema: &'a Schema,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Word(text)) if text.eq_ignore_ascii_case(word));
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        match self.next() {
            Some(found) if found == token => Ok(()),
            found => Err(invalid(&format!("'{}' expected before '{}'.", token.text(), found.map_or("the end", Token::text)))),
        }
    }

    fn alternatives(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.conjunction()?];
        while self.takes_word("or") {
            parts.push(self.conjunction()?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    fn conjunction(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.term()?];
        while self.takes_word("and") {
            parts.push(self.term()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn term(&mut self) -> Result<Filter, String> {
        let word = match self.next() {
            Some(Token::Open) => {
                let inner = self.alternatives()?;
                self.expect(&Token::Close)?;
                return Ok(inner);
            }
            Some(Token::Word(word)) => word,
            found => return Err(invalid(&format!("an expression was expected, not '{}'.", found.map_or("the end", Token::text)))),
        };
        if self.tokens.first() == Some(&Token::Open) {
            self.next();
            return self.function(word);
        }
        let kind = self.schema.filterable(word).map_err(|why| invalid(&why))?;
        let operator = self.next().map(Token::text).unwrap_or_default();
        let comparison = match operator {
            "in" => return self.one_of(word, kind),
            "eq" => Comparison::Equal,
            "ge" | "gt" if kind.is_ordered() => Comparison::AtLeast,
            "le" | "lt" if kind.is_ordered() => Comparison::AtMost,
            _ => return Err(invalid(&format!("The operator '{operator}' is not supported for the property '{word}'."))),
        };
        let literal = self.literal(kind)?;
        Ok(Filter::Compare(word.clone(), comparison, literal))
    }

    fn one_of(&mut self, field: &str, kind: Kind) -> Result<Filter, String> {
        if !self.schema.takes_in {
            return Err(invalid("The operator 'in' is not supported."));
        }
        self.expect(&Token::Open)?;
        let mut literals = vec![self.literal(kind)?];
        while self.tokens.first() == Some(&Token::Comma) {
            self.next();
            literals.push(self.literal(kind)?);
        }
        self.expect(&Token::Close)?;
        if literals.len() > MOST_IN {
            let message =
                format!("Too many child clauses specified in search filter expression containing 'OR' operators: {}.", literals.len());
            return Err(format!("{message} Max allowed: {MOST_IN}."));
        }
        Ok(Filter::In(field.to_owned(), literals))
    }

    /// `startswith(field,'text')` or `list/any(t: t eq 'a' or t eq 'b')`, after the parenthesis.
    fn function(&mut self, name: &str) -> Result<Filter, String> {
        if name.eq_ignore_ascii_case("startswith") {
            let Some(Token::Word(field)) = self.next() else { return Err(invalid("startsWith takes a property.")) };
            if self.schema.filterable(field).map_err(|why| invalid(&why))? != Kind::Start {
                return Err(invalid(&format!("startsWith is not supported for the property '{field}'.")));
            }
            self.expect(&Token::Comma)?;
            let Some(Token::Quoted(text)) = self.next() else { return Err(invalid("startsWith takes a text.")) };
            self.expect(&Token::Close)?;
            return Ok(Filter::StartsWith(field.clone(), text.clone()));
        }
        let Some(field) = name.strip_suffix("/any") else {
            return Err(invalid(&format!("An unknown function with name '{name}' was found.")));
        };
        if self.schema.filterable(field).map_err(|why| invalid(&why))? != Kind::AnyOf {
            return Err(invalid(&format!("any is not supported for the property '{field}'.")));
        }
        let Some(variable) = self.next().and_then(|token| token.text().strip_suffix(':')) else {
            return Err(invalid("any takes a range variable."));
        };
        let mut values = Vec::new();
        loop {
            if !(self.takes_word(variable) && self.takes_word("eq")) {
                return Err(invalid("any takes comparisons of its range variable only."));
            }
            let Some(Token::Quoted(text)) = self.next() else { return Err(invalid("any compares with texts only.")) };
            values.push(text.clone());
            if !self.takes_word("or") {
                break;
            }
        }
        self.expect(&Token::Close)?;
        Ok(Filter::Holds(field.to_owned(), values))
    }

    fn literal(&mut self, kind: Kind) -> Result<Literal, String> {
        let mismatch =
            |found: &str| invalid(&format!("A binary operator with incompatible types was detected: '{found}' is not {}.", kind.edm()));
        let token = self.next().ok_or_else(|| invalid("a value was expected at the end."))?;
        match (token, kind) {
            (Token::Quoted(text), Kind::Text | Kind::Start | Kind::Enum) => Ok(Literal::Text(text.clone())),
            (Token::Word(word), _) if word == "null" => Ok(Literal::Null),
            // microsoft.graph.riskLevel'medium'
            (Token::Word(word), Kind::Enum) if word.starts_with("microsoft.graph.") => match self.next() {
                Some(Token::Quoted(text)) => Ok(Literal::Text(text.clone())),
                _ => Err(mismatch(word)),
            },
            (Token::Word(word), Kind::Time) => {
                let time = chrono::DateTime::parse_from_rfc3339(word).map_err(|_| mismatch(word))?;
                Ok(Literal::Time(Timestamp(time.to_utc())))
            }
            (Token::Word(word), Kind::Number) => word.parse().map(Literal::Number).map_err(|_| mismatch(word)),
            (Token::Word(word), Kind::Flag) => word.parse().map(Literal::Flag).map_err(|_| mismatch(word)),
            (token, _) => Err(mismatch(token.text())),
        }
    }
}

/// Most values of `in` (`reference/graph.md`; the directory allows no more).
const MOST_IN: usize = 15;

fn one_or(mut parts: Vec<Filter>, join: impl Fn(Vec<Filter>) -> Filter) -> Filter {
    match (parts.len(), parts.pop()) {
        (1, Some(part)) => part,
        (_, last) => join(parts.into_iter().chain(last).collect()),
    }
}

#[cfg(test)]
mod tests;
