//! The types.

use super::TypeDoc;

/// The types, with their properties.
pub const TYPES: &[TypeDoc] = &[
    TypeDoc {
        name: "Subscription",
        what: "From subscriptions().",
        properties: &[("name", "its name"), ("id", "its id"), ("problem", "why its listing is not whole, or ()")],
    },
    TypeDoc {
        name: "LoadBalancer",
        what: "From load_balancers() and load_balancer(name).",
        properties: &[
            ("name", "its name"),
            ("subscription", "the subscription's name"),
            ("resource_group", "the resource group"),
            ("location", "the region"),
            ("sku", "Basic, Standard or Gateway"),
            ("tier", "Regional or Global"),
            ("managed_by", "who else manages it, or ()"),
            ("rules", "its rules: maps with name, what, probe, floating_ip, pools"),
            ("id", "its id"),
        ],
    },
    TypeDoc {
        name: "Pool",
        what: "From pools() and pool(name). Two texts of it: print(pool) is its selector.",
        properties: &[
            ("name", "its name"),
            ("selector", "the form that names it alone"),
            ("load_balancer", "the load balancer's name"),
            ("subscription", "the subscription's name"),
            ("resource_group", "the resource group"),
            ("kind", "NIC pool, IP pool, Global pool or empty"),
            ("size", "how many members it had when it was listed"),
            ("exclusive", "whether it may never have two"),
            ("rules", "the names of the rules that send to it"),
            ("id", "its id"),
        ],
    },
    TypeDoc {
        name: "Member",
        what: "From pool.members() and health.members.",
        properties: &[
            ("name", "the VM's name, set/instance, or the address entry's name"),
            ("id", "the ip configuration's or the entry's id"),
            ("pool", "the pool, as LB/POOL"),
            ("kind", "nic, instance, address or frontend"),
            ("ip", "its address, or ()"),
            ("zone", "its zone, or ()"),
            ("power_state", "what its machine does: running, or ()"),
            ("admin_state", "None, Up or Down"),
            ("latest_model", "whether an instance is on its set's latest model; () of others"),
            ("health", "up, down or unknown"),
            ("reason", "the reason's code, or why nothing is known"),
            ("ghost", "whether its NIC or machine is gone"),
        ],
    },
    TypeDoc {
        name: "Candidate",
        what: "From pool.candidates().",
        properties: &[
            ("name", "the VM's name or set/instance"),
            ("id", "the ip configuration's id"),
            ("kind", "what would join"),
            ("ip", "its address, or ()"),
            ("zone", "its zone, or ()"),
            ("power_state", "what its machine does, or ()"),
            ("in_pools", "the pools it is in now"),
        ],
    },
    TypeDoc {
        name: "Health",
        what: "From pool.health() and watch.",
        properties: &[
            ("pool", "the pool's selector"),
            ("up", "how many members are up"),
            ("down", "how many are down"),
            ("unknown", "of how many nobody says"),
            ("size", "how many there are"),
            ("healthy", "whether there is a member and each is up"),
            ("members", "the members"),
        ],
    },
    TypeDoc {
        name: "Plan",
        what: "From every planning word. print(plan) shows it as the screen does.",
        properties: &[
            ("id", "its id"),
            ("title", "what it does"),
            ("steps", "its steps: maps with id, what, writes, needs"),
            ("guards", "what the guards found: maps with code, severity, resource, message, remedy"),
            ("warnings", "the warnings among these, as texts"),
            ("pools", "the pools it touches"),
            ("estimate", "how long it takes if all goes well"),
            ("diff", "what it does to each document, as a diff; the documents are read"),
        ],
    },
    TypeDoc {
        name: "Outcome",
        what: "From apply(plan).",
        properties: &[
            ("id", "the plan's id"),
            ("title", "what it did"),
            ("state", "done, or dry run; of a caught error's failed, or partly done"),
            ("done", "whether it was applied"),
            ("steps", "each step: maps with id, what, state, attempts, took, resource, error"),
        ],
    },
    TypeDoc {
        name: "Error",
        what: "What catch (err) gives.",
        properties: &[
            ("message", "the sentence, with what to do next"),
            (
                "code",
                "the guard's code or ARM's; else not_found, ambiguous, malformed, read_only, nothing, refused, asked, transport, failed",
            ),
            ("resource", "the resource concerned, or an empty text"),
            ("correlation_id", "the server's id of the exchange, or an empty text"),
            ("outcome", "what became of a plan that was applied, as apply would give it, or ()"),
        ],
    },
];
