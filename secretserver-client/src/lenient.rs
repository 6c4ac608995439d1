//! Values whose type the published document only guesses at (`x-likely`): a number may come as a text, a text as a number, and either as null.
//! Read here and nowhere else, so that a wrong guess costs one value and not the whole answer.

use serde::{Deserialize, Deserializer};

/// Any value that is no list and no object.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Flag(bool),
    Number(serde_json::Number),
    Text(String),
}

/// Reads a number; what is none counts as missing.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(match Option::<Scalar>::deserialize(from)? {
        Some(Scalar::Number(number)) => number.as_i64(),
        Some(Scalar::Text(text)) => text.trim().parse().ok(),
        Some(Scalar::Flag(_)) | None => None,
    })
}

/// Reads a text; an empty one counts as missing.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<Scalar>::deserialize(from)?.map(|scalar| match scalar {
        Scalar::Flag(flag) => flag.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => text,
    });
    Ok(text.filter(|t| !t.is_empty()))
}

/// Reads a list of texts; null is an empty one, and so is each entry that is null left out.
pub(crate) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Entry(#[serde(deserialize_with = "text")] Option<String>);
    let entries = Option::<Vec<Entry>>::deserialize(from)?.unwrap_or_default();
    Ok(entries.into_iter().filter_map(|entry| entry.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "number")]
        number: Option<i64>,
        #[serde(default, deserialize_with = "text")]
        text: Option<String>,
        #[serde(default, deserialize_with = "texts")]
        texts: Vec<String>,
    }

    #[test]
    fn reads_numbers_and_texts_in_either_form() {
        for (json, number, text) in [
            (r#"{"number":"20","text":7}"#, Some(20), Some("7")),
            (r#"{"number":20,"text":"x"}"#, Some(20), Some("x")),
            (r#"{"number":null,"text":""}"#, None, None),
            (r#"{"number":"soon","text":true}"#, None, Some("true")),
            ("{}", None, None),
        ] {
            let row: Row = serde_json::from_str(json).unwrap();
            assert_eq!((row.number, row.text.as_deref()), (number, text), "{json}");
        }
        let row: Row = serde_json::from_str(r#"{"texts":["a",null,3]}"#).unwrap();
        assert_eq!(row.texts, ["a", "3"]);
        assert!(serde_json::from_str::<Row>(r#"{"texts":null}"#).unwrap().texts.is_empty());
        assert!(serde_json::from_str::<Row>(r#"{"text":{}}"#).is_err());
    }
}
