//! What a path asks for.

use crate::arm::id::ResourceId;

/// A path, understood.
#[derive(Debug, PartialEq)]
pub(super) enum Route {
    /// The App Service style token endpoint.
    Token,
    /// The simulator's own control surface: history, faults, requests, estate.
    Control(String),
    /// What a client asks before it signs in: the cloud's endpoints.
    Metadata,
    /// Resource Graph's query endpoint.
    Graph,
    /// The generic list of resources, of a subscription or a group.
    Resources(String, Option<String>),
    Tenants,
    Subscriptions,
    Subscription(String),
    Groups(String),
    Group(String, String),
    /// A poll of a running operation; true where the result is asked for.
    Operation(String, bool),
    /// A list: of a subscription or a group, of a parent's children, or an action's target.
    Collection {
        subscription: String,
        group: Option<String>,
        /// The parent resource of a child list.
        parent: Option<ResourceId>,
        /// The last segment: the child kind, or an action's name.
        last: String,
        /// The full type, folded.
        kind: String,
    },
    /// One resource.
    Resource(ResourceId),
    Unknown,
}

impl Route {
    pub(super) fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
        let is = |part: &str, word: &str| part.eq_ignore_ascii_case(word);
        match parts.as_slice() {
            ["msi", "token"] => return Self::Token,
            [m, e] if is(m, "metadata") && is(e, "endpoints") => return Self::Metadata,
            ["sim", rest @ ..] => return Self::Control(rest.join("/")),
            [p, g, r] if is(p, "providers") && is(g, "Microsoft.ResourceGraph") && is(r, "resources") => {
                return Self::Graph;
            }
            [s, id, r] if is(s, "subscriptions") && is(r, "resources") => {
                return Self::Resources((*id).to_owned(), None);
            }
            [s, id, g, name, r] if is(s, "subscriptions") && is(g, "resourceGroups") && is(r, "resources") => {
                return Self::Resources((*id).to_owned(), Some((*name).to_owned()));
            }
            [t] if is(t, "tenants") => return Self::Tenants,
            [s] if is(s, "subscriptions") => return Self::Subscriptions,
            [s, id] if is(s, "subscriptions") => return Self::Subscription((*id).to_owned()),
            [s, id, g] if is(s, "subscriptions") && is(g, "resourceGroups") => return Self::Groups((*id).to_owned()),
            [s, id, g, name] if is(s, "subscriptions") && is(g, "resourceGroups") => {
                return Self::Group((*id).to_owned(), (*name).to_owned());
            }
            [s, _, p, _, l, _, o, id] if is(s, "subscriptions") && is(p, "providers") && is(l, "locations") => {
                if is(o, "operations") {
                    return Self::Operation((*id).to_owned(), false);
                }
                if is(o, "operationResults") {
                    return Self::Operation((*id).to_owned(), true);
                }
            }
            _ => {}
        }
        if let Ok(id) = ResourceId::parse(path) {
            return Self::Resource(id);
        }
        // One segment too many: a list or an action.
        let Some((head, last)) = path.trim_end_matches('/').rsplit_once('/') else { return Self::Unknown };
        let subscription = parts.get(1).map(|s| (*s).to_owned()).unwrap_or_default();
        if let Ok(parent) = ResourceId::parse(head)
            && !parent.resource_type().is_empty()
        {
            let kind = format!("{}/{last}", parent.resource_type()).to_ascii_lowercase();
            return Self::Collection {
                subscription,
                group: parent.resource_group().map(str::to_owned),
                parent: Some(parent),
                last: last.to_owned(),
                kind,
            };
        }
        let (scope, namespace) = match head.rsplit_once('/') {
            Some((scope, namespace)) => (scope, namespace),
            None => return Self::Unknown,
        };
        let scope = scope.strip_suffix("/providers").or_else(|| scope.strip_suffix("/Providers"));
        match scope.map(ResourceId::parse) {
            Some(Ok(scope)) => Self::Collection {
                subscription,
                group: scope.resource_group().map(str::to_owned),
                parent: (!scope.resource_type().is_empty()).then_some(scope),
                last: last.to_owned(),
                kind: format!("{namespace}/{last}").to_ascii_lowercase(),
            },
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_understood() {
        let nic = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/n";
        assert!(matches!(Route::of(nic), Route::Resource(id) if id.name() == "n"));
        assert!(matches!(Route::of("/subscriptions/s/providers/Microsoft.Network/loadBalancers"),
            Route::Collection { parent: None, group: None, kind, .. } if kind == "microsoft.network/loadbalancers"));
        assert!(
            matches!(Route::of("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/loadBalancers/l/loadBalancingRules/r/health"),
            Route::Collection { parent: Some(p), last, .. } if p.name() == "r" && last == "health")
        );
        assert!(
            matches!(Route::of("/subscriptions/s/providers/Microsoft.Network/locations/we/operations/x"), Route::Operation(id, false) if id == "x")
        );
        assert!(matches!(Route::of(&format!("{nic}/providers/Microsoft.Authorization/locks")),
            Route::Collection { parent: Some(_), kind, .. } if kind == "microsoft.authorization/locks"));
        assert_eq!(Route::of("/"), Route::Unknown);
    }
}
