//! Resource Graph: the part of its query language that clients of load balancing use.
//!
//! `POST /providers/Microsoft.ResourceGraph/resources`: `Resources`, then any of `where FIELD =~ 'x'`
//! (`==`, `in~`, `and`), `project`, `order by`, `limit`, `take` and `count`. Everything else is refused
//! as Resource Graph refuses what it does not know. Pages of at most 1,000 rows by `$skipToken`.

use serde_json::{Map, Value, json};

use super::State;
use super::answer::Answer;
use super::handle::Call;

/// Rows on a page at most. Source: Azure docs, Resource Graph paging.
const MOST_ROWS: usize = 1000;

impl State {
    pub(super) fn graph(&mut self, call: &Call) -> Answer {
        let body = match call.json() {
            Ok(body) => body,
            Err(answer) => return *answer,
        };
        let wanted = |id: &str| match body.get("subscriptions").and_then(Value::as_array).filter(|s| !s.is_empty()) {
            Some(list) => list.iter().filter_map(Value::as_str).any(|s| s.eq_ignore_ascii_case(id)),
            None => true,
        };
        let mut rows: Vec<Value> = Vec::new();
        for document in self.store.documents() {
            let Some(id) = document.get("id").and_then(Value::as_str) else { continue };
            let parts: Vec<&str> = id.split('/').collect();
            let subscription = parts.get(2).copied().unwrap_or_default();
            // Children and instances are not rows of the table.
            let top = parts.len() == 9 && parts.get(5).is_some_and(|p| p.eq_ignore_ascii_case("providers"));
            if top && wanted(subscription) {
                let group = parts.get(4).copied().unwrap_or_default().to_ascii_lowercase();
                let subscription = subscription.to_owned();
                rows.push(row(document, &subscription, &group));
            }
        }
        let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
        let rows = match run(query, rows) {
            Ok(rows) => rows,
            Err(problem) => {
                return Answer::json(
                    400,
                    json!({ "error": { "code": "BadRequest", "message": "Please provide below info when asking for support",
                        "details": [{ "code": "InvalidQuery", "message": format!("Query is invalid. {problem}") }] } }),
                );
            }
        };
        let option = |name: &str| body.pointer(&format!("/options/{name}"));
        let start = option("$skipToken")
            .and_then(Value::as_str)
            .and_then(|t| t.strip_prefix("row:")?.parse::<usize>().ok())
            .or_else(|| option("$skip").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()))
            .unwrap_or(0);
        let top = option("$top").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(MOST_ROWS);
        let end = (start + top.clamp(1, MOST_ROWS)).min(rows.len());
        let page: Vec<Value> = rows.get(start..end).unwrap_or_default().to_vec();
        let mut out = json!({ "totalRecords": rows.len(), "count": page.len(), "facets": [], "data": page,
            "resultTruncated": "false" });
        if end < rows.len()
            && let Some(object) = out.as_object_mut()
        {
            object.insert("$skipToken".to_owned(), json!(format!("row:{end}")));
        }
        Answer::json(200, out)
            .with("x-ms-user-quota-remaining", "14")
            .with("x-ms-user-quota-resets-after", "00:00:05")
            .with("x-ms-tenant-subscription-limit-hit", "false")
    }
}

/// A document as a row of the table: types in lower case, the columns there are.
fn row(document: Value, subscription: &str, group: &str) -> Value {
    let mut out = Map::new();
    for name in ["id", "name", "type", "location", "sku", "tags", "zones", "properties"] {
        let value = document.get(name).cloned().unwrap_or(Value::Null);
        let value = match (name, &value) {
            ("type", Value::String(t)) => json!(t.to_ascii_lowercase()),
            _ => value,
        };
        out.insert(name.to_owned(), value);
    }
    out.insert("resourceGroup".to_owned(), json!(group));
    out.insert("subscriptionId".to_owned(), json!(subscription));
    out.insert("tenantId".to_owned(), json!(super::token::TENANT));
    Value::Object(out)
}

/// `properties.sku.name` of a row; column names are compared without case.
fn column<'a>(row: &'a Value, path: &str) -> &'a Value {
    static NULL: Value = Value::Null;
    path.split('.').fold(row, |at, part| {
        let object = at.as_object();
        object.and_then(|o| o.iter().find(|(k, _)| k.eq_ignore_ascii_case(part))).map_or(&NULL, |(_, v)| v)
    })
}

fn run(query: &str, rows: Vec<Value>) -> Result<Vec<Value>, String> {
    let mut stages = query.split('|').map(str::trim);
    let table = stages.next().unwrap_or_default();
    if !table.eq_ignore_ascii_case("resources") {
        return Err(format!("The table '{table}' is not simulated."));
    }
    stages.try_fold(rows, |rows, stage| {
        let (verb, rest) = stage.split_once(char::is_whitespace).unwrap_or((stage, ""));
        step(&verb.to_ascii_lowercase(), rest.trim(), rows)
    })
}

fn step(verb: &str, rest: &str, mut rows: Vec<Value>) -> Result<Vec<Value>, String> {
    match verb {
        "where" => {
            let conditions: Vec<Condition> = rest.split(" and ").map(Condition::parse).collect::<Result<_, _>>()?;
            rows.retain(|row| conditions.iter().all(|c| c.holds(row)));
            Ok(rows)
        }
        "project" => {
            let columns: Vec<(&str, &str)> = rest
                .split(',')
                .map(|c| c.split_once('=').map_or((c.trim(), c.trim()), |(n, p)| (n.trim(), p.trim())))
                .collect();
            let pick = |row: Value| {
                let named = columns.iter().map(|(name, path)| (name.to_string(), column(&row, path).clone()));
                Value::Object(named.collect())
            };
            Ok(rows.into_iter().map(pick).collect())
        }
        "order" | "sort" => {
            let rest = rest.strip_prefix("by").unwrap_or(rest).trim();
            let (path, direction) = rest.split_once(char::is_whitespace).unwrap_or((rest, "desc"));
            rows.sort_by_key(|row| column(row, path).to_string().to_ascii_lowercase());
            if direction.trim().eq_ignore_ascii_case("desc") {
                rows.reverse();
            }
            Ok(rows)
        }
        "limit" | "take" => {
            rows.truncate(rest.parse().map_err(|_| format!("'{rest}' is not a number."))?);
            Ok(rows)
        }
        "count" => Ok(vec![json!({ "Count": rows.len() })]),
        "" => Ok(rows),
        other => Err(format!("The operator '{other}' is not simulated.")),
    }
}

struct Condition {
    path: String,
    fold: bool,
    negated: bool,
    values: Vec<String>,
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is not a condition that is simulated: FIELD =~ 'value' or FIELD in~ ('a', 'b').");
        let mut words = text.trim().splitn(3, char::is_whitespace);
        let (path, operator, rest) =
            (words.next().unwrap_or_default(), words.next().ok_or_else(wrong)?, words.next().ok_or_else(wrong)?);
        let (fold, negated) = match operator {
            "=~" | "in~" => (true, false),
            "==" | "in" => (false, false),
            "!~" | "!in~" => (true, true),
            "!=" | "!in" => (false, true),
            _ => return Err(wrong()),
        };
        let list = rest.trim().trim_start_matches('(').trim_end_matches(')');
        let value = |v: &str| v.trim().trim_matches(['\'', '"']).to_owned();
        Ok(Self { path: path.to_owned(), fold, negated, values: list.split(',').map(value).collect() })
    }

    fn holds(&self, row: &Value) -> bool {
        let own = match column(row, &self.path) {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let same = |v: &String| if self.fold { v.eq_ignore_ascii_case(&own) } else { *v == own };
        self.values.iter().any(same) != self.negated
    }
}
