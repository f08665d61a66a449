//! Lenient reading of JSON fields by pointer.
//!
//! Owns nothing; every view uses it. A field of the wrong type reads as absent.

use serde_json::Value;

use crate::arm::ResourceId;

/// The text at a JSON pointer.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// The items of the array at a JSON pointer; none where it is absent.
pub fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The id at a JSON pointer, where the text there is one.
pub fn id(value: &Value, pointer: &str) -> Option<ResourceId> {
    text(value, pointer).and_then(|t| ResourceId::parse(t).ok())
}

/// The ids of an array of `{"id": …}`.
pub fn ids<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = ResourceId> + use<'a> {
    items(value, pointer).iter().filter_map(|v| id(v, "/id"))
}

/// The number at a JSON pointer.
pub fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

/// The truth at a JSON pointer; false where it is absent.
pub fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
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
