//! Deployments: `PUT …/Microsoft.Resources/deployments/NAME` with a template, as `az network lb create`
//! sends one. The resources are written one after the other, each as its own PUT would be.
//!
//! Of the template language `parameters`, `variables`, `concat` and `resourceId` are understood;
//! the outputs are the resources as they were written.

use serde_json::{Map, Value, json};

use super::State;
use super::answer::Answer;
use super::handle::Call;
use super::operation::{Effect, Provider};
use crate::arm::id::ResourceId;

impl State {
    pub(super) fn deploy(&mut self, call: &Call, id: &ResourceId, body: &Value) -> Answer {
        let template = body.pointer("/properties/template").cloned().unwrap_or_default();
        let scope = Scope {
            root: id.as_str().split("/providers/").next().unwrap_or_default().to_owned(),
            parameters: body.pointer("/properties/parameters").cloned().unwrap_or_default(),
            variables: template.get("variables").cloned().unwrap_or_default(),
            defaults: template.get("parameters").cloned().unwrap_or_default(),
        };
        let mut outputs = Map::new();
        let mut written = Vec::new();
        for resource in template.get("resources").and_then(Value::as_array).into_iter().flatten() {
            let resource = scope.whole(resource);
            let text = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or_default();
            let target = ResourceId::parse(&format!("{}/providers/{}/{}", scope.root, text("type"), text("name")));
            let Ok(target) = target else {
                let message =
                    format!("The template resource '{}' of type '{}' is not valid.", text("name"), text("type"));
                return Answer::error(400, "InvalidTemplate", message);
            };
            let mut document = resource.clone();
            if let Some(object) = document.as_object_mut() {
                for field in ["apiVersion", "dependsOn", "type", "name", "comments"] {
                    object.remove(field);
                }
            }
            let inner = Call {
                method: http::Method::PUT,
                path: target.to_string(),
                query: call.query.clone(),
                if_match: None,
                body: document.to_string().into(),
                base: call.base.clone(),
            };
            let answer = self.put(&inner, &target);
            if answer.status >= 300 {
                return answer;
            }
            written.push(target.folded());
        }
        for (name, output) in template.get("outputs").and_then(Value::as_object).into_iter().flatten() {
            // `[reference('NAME')]`: the newest resource of that name.
            let text = output.get("value").and_then(Value::as_str).unwrap_or_default();
            let wanted = text.split('\'').nth(1).unwrap_or_default();
            let key = written.iter().rev().find(|k| k.ends_with(&format!("/{}", wanted.to_ascii_lowercase())));
            let shown = key.and_then(|k| self.store.document(k)).and_then(|d| d.get("properties")).cloned();
            outputs.insert(name.clone(), json!({ "type": "Object", "value": shown }));
        }
        let shown = json!({
            "id": id.as_str(), "name": id.name(), "type": "Microsoft.Resources/deployments",
            "properties": { "provisioningState": "Accepted", "mode": "Incremental", "outputs": outputs,
                "outputResources": written.iter().filter_map(|k| self.store.document(k)?.get("id")).map(|id| json!({ "id": id })).collect::<Vec<_>>() },
        });
        let key = id.folded();
        self.store.insert(id, shown.clone());
        let time = self.options.operation_time.mul_f64(1.5);
        self.begin(call, id, Provider::Compute, time, Answer::json(201, shown), |op| {
            op.effects = vec![Effect::Provisioned(key)];
        })
    }
}

/// What a template's expressions may name.
struct Scope {
    root: String,
    parameters: Value,
    variables: Value,
    defaults: Value,
}

impl Scope {
    /// A value with every expression in it replaced.
    fn whole(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
                Some(expression) => self.expression(expression),
                None => value.clone(),
            },
            Value::Array(list) => list.iter().map(|v| self.whole(v)).collect(),
            Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), self.whole(v))).collect(),
            other => other.clone(),
        }
    }

    fn expression(&self, text: &str) -> Value {
        let text = text.trim();
        if let Some(literal) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
            return json!(literal);
        }
        let Some((name, rest)) = text.split_once('(') else { return json!(text) };
        let arguments: Vec<Value> =
            split(rest.trim_end().strip_suffix(')').unwrap_or(rest)).into_iter().map(|a| self.expression(a)).collect();
        let words = || arguments.iter().map(|a| a.as_str().unwrap_or_default());
        let first = words().next().unwrap_or_default();
        match name.trim() {
            "concat" => json!(words().collect::<String>()),
            "resourceId" => json!(format!("{}/providers/{}", self.root, words().collect::<Vec<_>>().join("/"))),
            "variables" => self.variables.get(first).map(|v| self.whole(v)).unwrap_or_default(),
            "parameters" => self
                .parameters
                .pointer(&format!("/{first}/value"))
                .or_else(|| self.defaults.pointer(&format!("/{first}/defaultValue")))
                .map(|v| self.whole(v))
                .unwrap_or_default(),
            "resourceGroup" => json!(self.root),
            _ => json!(format!("[{text}]")),
        }
    }
}

/// The arguments of a call, at its own depth.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut start, mut out) = (0usize, false, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                out.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    out.extend(text.get(start..).filter(|t| !t.trim().is_empty()));
    out
}
