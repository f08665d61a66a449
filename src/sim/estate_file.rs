//! Estate files: raw ARM documents as GET returns them, as a JSON array or one a line.

use serde_json::Value;

use crate::arm::id::ResourceId;

/// Why an estate cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EstateError {
    /// The file cannot be read.
    #[error("estate file {file}: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        cause: String,
    },
    /// The text is not JSON.
    #[error("estate file {file}, line {line}, column {column}: {cause}")]
    NotJson {
        /// The file.
        file: String,
        /// Where in it.
        line: usize,
        /// Where in the line.
        column: usize,
        /// What the parser expected.
        cause: String,
    },
    /// A document is not one.
    #[error("estate file {file}, document {index} (counted from 0), field '{field}': {cause}")]
    BadDocument {
        /// The file.
        file: String,
        /// Its place in the file.
        index: usize,
        /// The field that is wrong.
        field: String,
        /// What is wrong with it.
        cause: String,
    },
}

/// Reads an estate file.
///
/// # Errors
/// [`EstateError`] names file, document and field.
pub fn read(path: &std::path::Path) -> Result<Vec<Value>, EstateError> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|e| EstateError::Unreadable { file: file.clone(), cause: e.to_string() })?;
    parse(&file, &text)
}

/// Parses an estate: an array, or one document a line.
///
/// # Errors
/// [`EstateError`] names file, document and field.
pub fn parse(file: &str, text: &str) -> Result<Vec<Value>, EstateError> {
    let not_json = |e: &serde_json::Error, add: usize| EstateError::NotJson {
        file: file.to_owned(),
        line: e.line() + add,
        column: e.column(),
        cause: e.to_string(),
    };
    let documents: Vec<Value> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|e| not_json(&e, 0))?
    } else {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(|(at, line)| serde_json::from_str(line).map_err(|e| not_json(&e, at))).collect::<Result<_, _>>()?
    };
    for (index, document) in documents.iter().enumerate() {
        check(document).map_err(|(field, cause)| EstateError::BadDocument {
            file: file.to_owned(),
            index,
            field: field.to_owned(),
            cause,
        })?;
    }
    Ok(documents)
}

fn check(document: &Value) -> Result<(), (&'static str, String)> {
    let object = document.as_object().ok_or(("", "a JSON object was expected".to_owned()))?;
    let id = object.get("id").ok_or(("id", "it is missing".to_owned()))?;
    let id = id.as_str().ok_or(("id", "a text was expected".to_owned()))?;
    ResourceId::parse(id).map_err(|e| ("id", e.to_string()))?;
    if let Some(properties) = object.get("properties")
        && !properties.is_object()
    {
        return Err(("properties", "an object was expected".to_owned()));
    }
    for field in ["name", "type", "etag", "location"] {
        if object.get(field).is_some_and(|v| !v.is_string() && !v.is_null()) {
            return Err((field, "a text was expected".to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let one = r#"{"id": "/subscriptions/s/resourceGroups/g"}"#;
        assert_eq!(parse("f", &format!("[{one},\n{one}]")).unwrap().len(), 2);
        assert_eq!(parse("f", &format!("{one}\n\n{one}\n")).unwrap().len(), 2);
        assert_eq!(parse("f", "").unwrap().len(), 0);
    }

    #[test]
    fn an_error_names_its_place() {
        let text = "{\"id\": \"/subscriptions/s\"}\n{\"id\": 7}";
        assert!(matches!(parse("f", text), Err(EstateError::BadDocument { index: 1, field, .. }) if field == "id"));
        assert!(matches!(parse("f", "{}\n{"), Err(EstateError::NotJson { line: 2, .. })));
    }

    #[test]
    fn the_demo_is_whole() {
        assert!(parse("demo", super::super::DEMO).unwrap().len() > 90);
    }
}
