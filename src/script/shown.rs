//! Values as people and programs see them: lines, tables, JSON.

use comfy_table::{ContentArrangement, Table, presets};
use rhai::{Array, Dynamic, Map};
use serde_json::Value;

use super::error::Caught;
use super::values::{Candidate, Health, LoadBalancer, Member, Pool, ScriptOutcome, ScriptPlan, Subscription};
use crate::terminal_text::safe;

/// A value as the console shows it: lists of objects as a table, other lists a line an item, nothing for `()`.
pub(super) fn value(value: &Dynamic) -> Option<String> {
    if value.is_unit() {
        return None;
    }
    if let Some(list) = value.read_lock::<Array>() {
        if list.is_empty() {
            return Some("(none)".to_owned());
        }
        if list.iter().all(|v| !columns_of(v).is_empty())
            && let Ok(table) = table(&list, &[])
        {
            return Some(table);
        }
        return Some(list.iter().map(item).collect::<Vec<_>>().join("\n"));
    }
    Some(item(value))
}

/// A value in one line; a plan in several.
pub(super) fn item(value: &Dynamic) -> String {
    macro_rules! known {
        ($($t:ty),+) => {
            $(if let Some(v) = value.read_lock::<$t>() {
                return v.to_string();
            })+
        };
    }
    known!(Subscription, LoadBalancer, Pool, Member, Candidate, Health, ScriptPlan, ScriptOutcome, Caught);
    if let Some(map) = value.read_lock::<Map>() {
        return map.iter().map(|(k, v)| format!("{k}: {}", item(v))).collect::<Vec<_>>().join("  ");
    }
    if let Some(list) = value.read_lock::<Array>() {
        return list.iter().map(item).collect::<Vec<_>>().join(", ");
    }
    if value.is_unit() { "-".to_owned() } else { value.to_string() }
}

/// A value as JSON: an object by its own fields.
pub(super) fn json(value: &Dynamic) -> Value {
    fn row<T: serde::Serialize>(row: &T) -> Value {
        serde_json::to_value(row).unwrap_or(Value::Null)
    }
    if let Some(map) = value.read_lock::<Map>() {
        return Value::Object(map.iter().map(|(k, v)| (k.to_string(), json(v))).collect());
    }
    if let Some(list) = value.read_lock::<Array>() {
        return Value::Array(list.iter().map(json).collect());
    }
    if let Some(s) = value.read_lock::<Subscription>() {
        return row(&*s.0);
    }
    if let Some(l) = value.read_lock::<LoadBalancer>() {
        return row(&*l.0);
    }
    if let Some(p) = value.read_lock::<Pool>() {
        return row(&*p.0);
    }
    if let Some(m) = value.read_lock::<Member>() {
        return row(&*m.0);
    }
    if let Some(c) = value.read_lock::<Candidate>() {
        return row(&*c.0);
    }
    if let Some(h) = value.read_lock::<Health>() {
        return serde_json::json!({ "pool": h.pool, "members": *h.members });
    }
    if let Some(o) = value.read_lock::<ScriptOutcome>() {
        return serde_json::json!({ "id": o.plan.id, "title": o.plan.title, "state": o.state() });
    }
    if let Some(p) = value.read_lock::<ScriptPlan>() {
        return row(&*p.plan);
    }
    rhai::serde::from_dynamic(value).unwrap_or_else(|_| Value::String(item(value)))
}

/// The columns that a thing has of itself.
fn columns_of(value: &Dynamic) -> Vec<String> {
    let these = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    if value.read_lock::<Subscription>().is_some() {
        return these(&["subscription", "id", "load_balancers"]);
    }
    if value.read_lock::<LoadBalancer>().is_some() {
        return these(&["subscription", "name", "sku", "location", "pools", "members"]);
    }
    if value.read_lock::<Pool>().is_some() {
        return these(&["selector", "kind", "members", "exclusive", "rules"]);
    }
    if value.read_lock::<Member>().is_some() {
        return these(&["name", "ip", "zone", "power_state", "health"]);
    }
    if value.read_lock::<Candidate>().is_some() {
        return these(&["name", "ip", "zone", "power_state", "in_pools"]);
    }
    value.read_lock::<Map>().map(|map| map.keys().map(ToString::to_string).collect()).unwrap_or_default()
}

/// A cell's text.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => safe(text),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(list)) => list.iter().map(|v| cell(Some(v))).collect::<Vec<_>>().join(","),
        // A member's health is told by its state.
        Some(Value::Object(map)) => {
            map.get("state").map_or_else(|| safe(&Value::Object(map.clone()).to_string()), |s| cell(Some(s)))
        }
        Some(other) => other.to_string(),
    }
}

/// Rows of JSON as a table of these columns, or of those of the first row.
pub fn rows_as_table(rows: &Value, columns: &[String]) -> String {
    let rows: Array = rhai::serde::to_dynamic(rows).ok().and_then(Dynamic::try_cast).unwrap_or_default();
    table(&rows, columns).unwrap_or_default()
}

/// Rows as a table: of these columns, or of those that the first row has.
pub(super) fn table(rows: &Array, columns: &[String]) -> Result<String, String> {
    let columns = if columns.is_empty() { rows.first().map(columns_of).unwrap_or_default() } else { columns.to_vec() };
    if rows.is_empty() {
        return Ok("(none)".to_owned());
    }
    if columns.is_empty() {
        return Err("table wants rows that are maps or objects, such as those of pools()".to_owned());
    }
    let cells = |row: &Dynamic| {
        let row = json(row);
        // What is in the rows is asked for by the names that scripts know.
        let get = |column: &String| row.get(column).or_else(|| (column == "size").then(|| row.get("members"))?);
        columns.iter().map(|c| cell(get(c))).collect()
    };
    let names: Vec<String> = columns.iter().map(|c| c.replace('_', " ")).collect();
    Ok(text_table(rows.iter().map(cells), &names.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// A table without lines around it.
pub fn text_table(rows: impl Iterator<Item = Vec<String>>, columns: &[&str]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|c| c.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|c| safe(c)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
