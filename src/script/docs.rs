//! Every function that scripts can call: one table for help, completion and the documentation.

/// A function's documentation.
#[derive(Debug, Clone, Copy)]
pub struct FunctionDoc {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub call: &'static str,
    /// What it does.
    pub what: &'static str,
}

const fn doc(name: &'static str, call: &'static str, what: &'static str) -> FunctionDoc {
    FunctionDoc { name, call, what }
}

/// All of them, in the order of a tour.
pub const FUNCTIONS: &[FunctionDoc] = &[
    doc("subscriptions", "subscriptions()", "the subscriptions: maps with name and id"),
    doc("load_balancers", "load_balancers()", "the load balancers: maps with name, subscription, sku, pools, id"),
    doc("pools", "pools()", "every backend pool"),
    doc("pool", "pool(\"db-lb/masters\")", "the pool of that name: LB/POOL, SUB:RG/LB/POOL or a full id"),
    doc("members", "pool.members()", "who is in a pool, with their health asked now"),
    doc("candidates", "pool.candidates()", "who could join a pool"),
    doc("health", "pool.health()", "up, down and unknown members of a pool, counted"),
    doc("add", "pool.add(\"vm-web-5\")", "plan: one, or an array of them, joins"),
    doc("remove", "pool.remove(\"vm-web-1\")", "plan: one, or an array of them, leaves"),
    doc("move_to", "pool.move_to(\"vm-web-1\", other)", "plan: from this pool to the other"),
    doc("swap", "pool.swap(\"vm-db-1\", \"vm-db-2\")", "plan: the first leaves, the second joins"),
    doc(
        "swap_master",
        "pool.swap_master(\"vm-db-2\", #{ wait_healthy: \"2m\" })",
        "plan: the only member leaves, this one joins",
    ),
    doc("drain", "pool.drain(\"vm-web-1\", \"5m\")", "plan: no new connections, five minutes, then out"),
    doc("replace", "pool.replace([\"vm-web-5\"], \"25%\")", "plan: exactly these are in, a batch at a time"),
    doc("evacuate", "evacuate(\"zone:2\")", "plan: a VM, a scale set or a zone leaves every pool"),
    doc("drift", "drift()", "where scale sets' models, instances and pools do not agree: maps with name, pool, what"),
    doc("align", "align(\"api-ss\")", "plan: a Uniform scale set's instances follow its model again"),
    doc("set_admin_state", "pool.set_admin_state(\"node-4\", \"Down\")", "plan: admin state None, Up or Down"),
    doc("confirm", "confirm(plan)", "shows a plan and asks; stops the script where the answer is no"),
    doc("apply", "apply(plan)", "applies a plan and waits for its end; asks where nobody confirmed"),
    doc("refresh", "refresh()", "lists the estate afresh"),
    doc("sleep", "sleep(\"30s\")", "waits; Ctrl-C ends it"),
    doc("print", "print(x)", "prints a value"),
    doc("help", "help()", "this list"),
];
