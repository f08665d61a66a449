//! The generic list of resources: `GET …/resources?$filter=name eq 'x' and resourceType eq 'y'`.

use serde_json::{Value, json};

use super::State;
use super::answer::Answer;
use super::handle::Call;
use super::reads::list;
use super::store::str_at;

impl State {
    pub(super) fn resources(&mut self, call: &Call, subscription: &str, group: Option<&str>) -> Answer {
        let mut conditions: Vec<(String, String)> = Vec::new();
        if let Some(group) = group {
            conditions.push(("resourcegroup".to_owned(), group.to_owned()));
        }
        for condition in call.query.get("$filter").into_iter().flat_map(|f| f.split(" and ")) {
            let Some((field, value)) = condition.split_once(" eq ") else {
                let message = format!("The $filter '{condition}' is not simulated: FIELD eq 'value' joined by and.");
                return Answer::error(400, "InvalidFilterInQueryString", message);
            };
            conditions.push((field.trim().to_ascii_lowercase(), value.trim().trim_matches('\'').to_owned()));
        }
        let mut out = Vec::new();
        for document in self.store.documents() {
            let id = str_at(&document, "/id").unwrap_or_default().to_owned();
            let parts: Vec<&str> = id.split('/').collect();
            let part = |n: usize| parts.get(n).copied().unwrap_or_default();
            if parts.len() != 9 || !part(2).eq_ignore_ascii_case(subscription) {
                continue;
            }
            let holds = conditions.iter().all(|(field, value)| match field.as_str() {
                "resourcegroup" => part(4).eq_ignore_ascii_case(value),
                "name" => part(8).eq_ignore_ascii_case(value),
                "resourcetype" => format!("{}/{}", part(6), part(7)).eq_ignore_ascii_case(value),
                "location" => str_at(&document, "/location").is_some_and(|l| l.eq_ignore_ascii_case(value)),
                _ => false,
            });
            if holds {
                let mut row = json!({});
                for field in ["id", "name", "type", "location", "sku", "tags", "zones"] {
                    if let (Some(value), Some(row)) =
                        (document.get(field).filter(|v| !v.is_null()), row.as_object_mut())
                    {
                        row.insert(field.to_owned(), Value::clone(value));
                    }
                }
                out.push(row);
            }
        }
        list(out)
    }
}
