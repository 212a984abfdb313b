//! Token ranges in JSON: pairs of texts, since a token has 64 bits, and some readers of JSON keep 53.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use tokenring::{RangeSet, Token, TokenRange};

pub(crate) fn serialize<S: Serializer>(ranges: &RangeSet, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(ranges.iter().map(|range| [range.start().to_string(), range.end().to_string()]))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<RangeSet, D::Error> {
    let token = |text: &str| {
        text.parse::<Token>().map_err(|_| D::Error::custom(format!("{text:?} is no token")))
    };
    let ranges = Vec::<[String; 2]>::deserialize(from)?.into_iter();
    ranges
        .map(|[start, end]| TokenRange::new(token(&start)?, token(&end)?).map_err(D::Error::custom))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record(#[serde(with = "super")] RangeSet);

    #[test]
    fn the_ends_of_the_ring_come_back() {
        let text = serde_json::to_string(&Record(RangeSet::full())).unwrap();
        assert_eq!(text, r#"[["-9223372036854775808","9223372036854775807"]]"#);
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), Record(RangeSet::full()));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [r#"[["1","1"]]"#, r#"[["x","1"]]"#, r#"[["2","1"]]"#, r#"[[1,2]]"#] {
            assert!(serde_json::from_str::<Record>(text).is_err(), "{text}");
        }
    }
}
