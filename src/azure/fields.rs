//! Lenient reading of JSON fields by path.
//!
//! Owns nothing; every view uses it. A field of the wrong type reads as absent. A path is names
//! behind slashes, `/properties/subnet/id` (a number in an array): ARM's names need none of a JSON pointer's escapes, whose
//! reading would cost two allocations a name.

use serde_json::Value;

use crate::arm::ResourceId;

/// The value at a path.
pub fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/').skip(1).try_fold(value, |inner, name| match inner {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    })
}

/// The text at a path.
pub fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    at(value, path).and_then(Value::as_str)
}

/// The items of the array at a path; none where it is absent.
pub fn items<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The id at a path, where the text there is one.
pub fn id(value: &Value, path: &str) -> Option<ResourceId> {
    text(value, path).and_then(|t| ResourceId::parse(t).ok())
}

/// The ids of an array of `{"id": …}`.
pub fn ids<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = ResourceId> + use<'a> {
    items(value, path).iter().filter_map(|v| id(v, "/id"))
}

/// The number at a path.
pub fn number(value: &Value, path: &str) -> Option<u64> {
    at(value, path).and_then(Value::as_u64)
}

/// The truth at a path; false where it is absent.
pub fn flag(value: &Value, path: &str) -> bool {
    at(value, path).and_then(Value::as_bool).unwrap_or(false)
}

/// The value of a tag, its name compared without case as Azure does.
pub fn tag<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get("tags")?.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, v)| v.as_str())
}

/// The mutable array at `key` of an object, made where it is absent or null.
pub fn array_mut<'a>(object: &'a mut Value, key: &str) -> Option<&'a mut Vec<Value>> {
    let object = object.as_object_mut()?;
    let slot = object.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    if slot.is_null() {
        *slot = Value::Array(Vec::new());
    }
    slot.as_array_mut()
}

/// Whether the item `{"id": …}` refers to `id`.
pub fn refers_to(item: &Value, wanted: &ResourceId) -> bool {
    text(item, "/id").is_some_and(|t| t.eq_ignore_ascii_case(wanted.as_str()))
}
