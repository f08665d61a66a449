//! The estate as raw ARM documents, for the simulator: what a change on it would read.
//!
//! Called by the session. It reads each list whole and keeps every field but secrets; a list that may
//! not be read is told, and leaves the others.

use std::collections::HashMap;

use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::arm::{ApiVersion, ArmError, Reader, ResourceId};
use crate::azure::fields::text;
use crate::azure::{
    COMPUTE, LOCKS, NETWORK, load_balancer, network_interface, scale_set, subscription, virtual_machine,
};

/// Resource groups. Source: azure-rest-api-specs, resources, stable 2021-04-01.
const GROUPS: ApiVersion = ApiVersion("2021-04-01");

/// What was read, and what could not be.
#[derive(Debug, Default)]
pub struct Export {
    /// The documents.
    pub documents: Vec<Value>,
    /// Lists that could not be read: which, and why.
    pub problems: Vec<(String, String)>,
}

/// Reads the documents of subscriptions: all, or those named by id or name.
///
/// # Errors
/// Where the subscriptions cannot be listed.
pub async fn export(reader: &Reader, only: &[String]) -> Result<Export, ArmError> {
    let mut out = Export::default();
    for body in subscription::list(reader)?.all().await? {
        let view = subscription::Subscription(&body);
        let (Some(id), name) = (view.id().map(str::to_owned), view.display_name().unwrap_or_default().to_owned())
        else {
            continue;
        };
        let named = |wanted: &String| id.eq_ignore_ascii_case(wanted) || name.eq_ignore_ascii_case(wanted);
        if only.is_empty() || only.iter().any(named) {
            let mut body = body.clone();
            if let Some(object) = body.as_object_mut() {
                object.entry("id").or_insert_with(|| json!(format!("/subscriptions/{id}")));
            }
            out.documents.push(body);
            one(reader, &id, &mut out).await;
        }
    }
    out.documents.iter_mut().for_each(strip_secrets);
    Ok(out)
}

async fn one(reader: &Reader, subscription: &str, out: &mut Export) {
    let root = format!("/subscriptions/{subscription}");
    // What other subscriptions gave lies before.
    let first = out.documents.len();
    let network = |kind: &str| format!("{root}/providers/Microsoft.Network/{kind}");
    let lists = [
        (format!("{root}/resourcegroups"), GROUPS, ""),
        (network("virtualNetworks"), NETWORK, ""),
        (network("networkSecurityGroups"), NETWORK, ""),
        (network("publicIPAddresses"), NETWORK, ""),
        (format!("{root}/providers/{}", network_interface::TYPE), NETWORK, ""),
        (format!("{root}/providers/{}", virtual_machine::TYPE), COMPUTE, ""),
        (format!("{root}/providers/{}", scale_set::TYPE), COMPUTE, ""),
        (format!("{root}/providers/{}", load_balancer::TYPE), NETWORK, ""),
        (format!("{root}/providers/Microsoft.Authorization/locks"), LOCKS, ""),
    ];
    let read = stream::iter(lists.map(|(path, version, query)| async move {
        let all = async { reader.list(&path, version, query)?.all().await };
        let result = all.await;
        (path, result)
    }));
    // The order of the lists is the order of the file.
    for (path, result) in read.buffered(4).collect::<Vec<_>>().await {
        match result {
            Ok(list) => out.documents.extend(list),
            Err(error) => out.problems.push((path, error.to_string())),
        }
    }
    power_states(reader, subscription, first, out).await;
    instances(reader, first, out).await;
}

/// A list of VMs tells no power state; the list of their states does.
async fn power_states(reader: &Reader, subscription: &str, first: usize, out: &mut Export) {
    let states = async { virtual_machine::list_status(reader, subscription)?.all().await };
    match states.await {
        Ok(states) => {
            let id = |body: &Value| text(body, "/id").and_then(|id| ResourceId::parse(id).ok());
            let view = |state: &Value| state.pointer("/properties/instanceView").cloned();
            let mut views: HashMap<ResourceId, Value> =
                states.iter().filter_map(|state| Some((id(state)?, view(state)?))).collect();
            for document in out.documents.iter_mut().skip(first) {
                let Some(view) = id(document).and_then(|id| views.remove(&id)) else { continue };
                if let Some(properties) = document.get_mut("properties").and_then(Value::as_object_mut) {
                    properties.insert("instanceView".to_owned(), view);
                }
            }
        }
        Err(error) => out.problems.push((format!("power states of {subscription}"), error.to_string())),
    }
}

async fn instances(reader: &Reader, first: usize, out: &mut Export) {
    let uniform = |d: &&Value| {
        let id = text(d, "/id").and_then(|id| ResourceId::parse(id).ok());
        id.is_some_and(|id| id.is_type(scale_set::TYPE)) && !scale_set::ScaleSet(d).flexible()
    };
    let sets: Vec<ResourceId> =
        out.documents.iter().skip(first).filter(uniform).filter_map(|d| scale_set::ScaleSet(d).id()).collect();
    for set in sets {
        let read = async {
            let instances = scale_set::instances(reader, &set)?.all().await?;
            let nics = scale_set::nics(reader, &set)?.all().await?;
            Ok::<_, ArmError>(instances.into_iter().chain(nics).collect::<Vec<_>>())
        };
        match read.await {
            Ok(list) => out.documents.extend(list),
            Err(error) => out.problems.push((set.to_string(), error.to_string())),
        }
    }
}

/// Fields that may hold what nobody should keep in a file. ARM does not serve most of them.
const SECRETS: [&str; 9] = [
    "adminPassword",
    "customData",
    "userData",
    "protectedSettings",
    "protectedSettingsFromKeyVault",
    "secrets",
    "ssh",
    "certificateUrl",
    "sourceVault",
];

fn strip_secrets(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !SECRETS.iter().any(|s| s.eq_ignore_ascii_case(name)));
            object.values_mut().for_each(strip_secrets);
        }
        Value::Array(list) => list.iter_mut().for_each(strip_secrets),
        _ => {}
    }
}
