//! Every function and property that scripts can use: one table for help, completion, the check and the
//! documentation. A test fails where it and the registered functions differ, and runs every example.

/// A function's documentation.
#[derive(Debug, Clone, Copy)]
pub struct FunctionDoc {
    /// Its name.
    pub name: &'static str,
    /// How it is called; more forms stand one a line.
    pub call: &'static str,
    /// What it does.
    pub what: &'static str,
    /// An example that runs on the demo estate.
    pub example: &'static str,
}

/// A type's documentation.
#[derive(Debug, Clone, Copy)]
pub struct TypeDoc {
    /// Its name.
    pub name: &'static str,
    /// What it is, and what gives one.
    pub what: &'static str,
    /// Its properties, and what each is.
    pub properties: &'static [(&'static str, &'static str)],
}

const fn doc(name: &'static str, call: &'static str, what: &'static str, example: &'static str) -> FunctionDoc {
    FunctionDoc { name, call, what, example }
}

/// A part of the reference.
pub type Section = (&'static str, &'static [FunctionDoc]);

/// All functions, in the order of a tour.
pub const SECTIONS: &[Section] = &[
    ("Reading", READING),
    ("Health and time", HEALTH),
    ("Planning", PLANNING),
    ("Composing plans", COMPOSING),
    ("Applying", APPLYING),
    ("Showing and asking", OUTPUT),
];

const READING: &[FunctionDoc] = &[
    doc(
        "subscriptions",
        "subscriptions()",
        "The subscriptions that are listed.",
        "for s in subscriptions() { print(s.name); }",
    ),
    doc(
        "load_balancers",
        "load_balancers()",
        "Every load balancer.",
        "load_balancers().filter(|lb| lb.sku == \"Basic\").map(|lb| lb.name)",
    ),
    doc(
        "load_balancer",
        "load_balancer(\"db-lb\")",
        "The load balancer of a name or id; a name that two have is an error that lists them.",
        "load_balancer(\"db-lb\").rules",
    ),
    doc(
        "pools",
        "pools()\npools(\"web-lb/*\")\npools(\"tag:environment=prod\")\nlb.pools()",
        "Every pool, those of a pattern (* and ? in LB/POOL or SUB:RG/LB/POOL), those of load balancers with a tag, or a load balancer's own.",
        "table(pools(\"web-lb/*\"), [\"selector\", \"kind\", \"size\"])",
    ),
    doc(
        "pool",
        "pool(\"db-lb/masters\")",
        "The pool of a name: LB/POOL, SUB:RG/LB/POOL, a full id, or a pattern that fits one alone. What fits several is an error that lists them.",
        "pool(\"db-lb/masters\").exclusive",
    ),
    doc(
        "members",
        "pool.members()",
        "Who is in a pool, with their health asked now.",
        "pool(\"web-lb/blue\").members().filter(|m| m.zone == \"1\").map(|m| m.name)",
    ),
    doc(
        "membership",
        "pool.membership()",
        "Who is in a pool as the estate knows it; nothing is asked.",
        "pool(\"web-lb/blue\").membership().len()",
    ),
    doc(
        "candidates",
        "pool.candidates()",
        "Who could join a pool.",
        "pool(\"db-lb/masters\").candidates().map(|c| c.name)",
    ),
    doc(
        "drift",
        "drift()",
        "Where scale sets' models, their instances and the pools do not agree: maps with name, pool, what, model, instance, listed.",
        "drift().map(|d| d.what)",
    ),
    doc(
        "journal",
        "journal()",
        "The plans that were applied on this machine, the newest first: maps with id, title, state, at.",
        "journal().len()",
    ),
    doc("refresh", "refresh()", "Lists the estate afresh.", "refresh()"),
];

const HEALTH: &[FunctionDoc] = &[
    doc("health", "pool.health()", "A pool's health, asked now.", "pool(\"web-lb/blue\").health().up"),
    doc(
        "wait_healthy",
        "pool.wait_healthy(\"2m\")",
        "Waits until every member is up; whether that came to be in the time.",
        "pool(\"web-lb/blue\").wait_healthy(\"10s\")",
    ),
    doc(
        "watch",
        "pool.watch(\"30s\", |h| …)\nwatch(pool, \"30s\", |h| …)",
        "Asks for the health at the pace of the probes and calls the function with each answer, until it gives false or the time is over; the last answer.",
        "watch(pool(\"web-lb/blue\"), \"10s\", |h| h.down > 0)",
    ),
    doc(
        "metrics",
        "lb.metrics(\"30m\")",
        "A load balancer's metrics of the last minutes: maps with name, unit, newest, and points, one a minute, the oldest first.",
        "load_balancer(\"web-lb\").metrics(\"5m\").map(|m| m.name)",
    ),
    doc("sleep", "sleep(\"30s\")", "Waits; Ctrl-C ends it.", "sleep(\"1s\")"),
    doc("now", "now()", "The time, in UTC.", "now()"),
];

const PLANNING: &[FunctionDoc] = &[
    doc(
        "add",
        "pool.add(who)\npool.add(who, options)",
        "Plan: one, or an array of them, joins. Who is a name, an address, NAME=ADDRESS, an id, a candidate, or set:NAME for a Uniform scale set as a whole.",
        "pool(\"web-lb/blue\").add(\"vm-web-5\")",
    ),
    doc(
        "remove",
        "pool.remove(who)\npool.remove(who, options)",
        "Plan: one, or an array of them, leaves.",
        "pool(\"web-lb/blue\").remove(\"vm-web-1\")",
    ),
    doc(
        "move_to",
        "pool.move_to(who, other)\npool.move_to(who, other, options)",
        "Plan: from this pool to the other.",
        "pool(\"web-lb/blue\").move_to(\"vm-web-1\", pool(\"web-lb/green\"))",
    ),
    doc(
        "swap",
        "pool.swap(old, new)\npool.swap(old, new, options)",
        "Plan: the first leaves, the second joins.",
        "pool(\"web-lb/blue\").swap(\"vm-web-1\", \"vm-web-5\")",
    ),
    doc(
        "swap_master",
        "pool.swap_master(new)\npool.swap_master(new, options)",
        "Plan: the only member leaves, this one joins.",
        "pool(\"db-lb/masters\").swap_master(\"vm-db-2\", #{ wait_healthy: \"2m\" })",
    ),
    doc(
        "drain",
        "pool.drain(who, \"5m\")\npool.drain(who, \"5m\", options)",
        "Plan: no new connections, so long, then out.",
        "pool(\"web-lb/blue\").drain(\"vm-web-1\", \"10s\")",
    ),
    doc(
        "replace",
        "pool.replace(who)\npool.replace(who, options)\npool.replace(who, \"25%\")\npool.replace(who, \"25%\", options)",
        "Plan: exactly these are in, at once or a batch at a time (a number, or a share).",
        "pool(\"web-lb/blue\").replace([\"vm-web-5\", \"vm-web-6\"], \"50%\")",
    ),
    doc(
        "set_admin_state",
        "pool.set_admin_state(who, \"Down\")\npool.set_admin_state(who, \"Down\", options)",
        "Plan: admin state None, Up or Down.",
        "pool(\"web-lb/blue\").set_admin_state(\"vm-web-1\", \"Down\")",
    ),
    doc(
        "evacuate",
        "evacuate(who)\nevacuate(who, options)",
        "Plan: a VM, set:NAME or zone:N leaves every pool it is in.",
        "evacuate(\"vm-web-1\")",
    ),
    doc(
        "align",
        "align(\"api-ss\")",
        "Plan: a Uniform scale set's instances follow its model again.",
        "try { align(\"api-ss\") } catch (err) { print(err.code) }",
    ),
];

const COMPOSING: &[FunctionDoc] = &[
    doc(
        "plan",
        "plan([a, b])",
        "One plan of several, made together: one write a document, whatever they say of it. Run as the first says.",
        "let web = pool(\"web-lb/blue\"); plan([web.add(\"vm-web-5\"), web.remove(\"vm-web-1\")])",
    ),
    doc(
        "then",
        "a.then(b)",
        "One plan: the second begins when the first is done.",
        "let web = pool(\"web-lb/blue\"); web.add(\"vm-web-5\").then(web.remove(\"vm-web-1\"))",
    ),
    doc(
        "pause",
        "plan.pause(\"1m\")",
        "The plan, then a pause: for what follows with then.",
        "let web = pool(\"web-lb/blue\"); web.add(\"vm-web-5\").pause(\"1m\").then(web.remove(\"vm-web-1\"))",
    ),
    doc(
        "ask",
        "plan.ask(\"Does it look well?\", \"10m\")",
        "The plan, then a question that somebody answers within the time.",
        "pool(\"web-lb/blue\").add(\"vm-web-5\").ask(\"Does it look well?\", \"10m\")",
    ),
    doc(
        "undo",
        "plan.undo()\noutcome.undo()\nundo(\"PLAN\")",
        "Plan: takes an applied plan back.",
        "let done = apply(pool(\"web-lb/blue\").add(\"vm-web-5\")); done.undo()",
    ),
];

const APPLYING: &[FunctionDoc] = &[
    doc(
        "confirm",
        "confirm(plan)\nconfirm(\"Go on?\")",
        "Shows a plan, or a question, and asks; the script ends where the answer is no.",
        "confirm(pool(\"web-lb/blue\").add(\"vm-web-5\"))",
    ),
    doc(
        "apply",
        "apply(plan)",
        "Applies a plan and waits for its end; asks where nobody confirmed. What does not end well is an error that can be caught.",
        "apply(pool(\"web-lb/blue\").add(\"vm-web-5\")).state",
    ),
    doc(
        "is_dry_run",
        "is_dry_run()",
        "Whether plans are shown and not applied.",
        "if is_dry_run() { print(\"nothing is changed\") }",
    ),
    doc(
        "run",
        "run(\"drain_member\", #{ … })\nrun(\"audit\")",
        "Runs a saved procedure with these parameters.",
        "run(\"audit\")",
    ),
];

const OUTPUT: &[FunctionDoc] = &[
    doc("print", "print(x)", "Prints a value.", "print(pool(\"db-lb/masters\"))"),
    doc(
        "table",
        "table(rows)\ntable(rows, [\"name\", \"ip\"])",
        "Prints maps or objects as a table, of these columns or of their own.",
        "table(pool(\"web-lb/blue\").members(), [\"name\", \"ip\", \"health\"])",
    ),
    doc(
        "progress",
        "progress(\"moving\", 3, 10)",
        "Shows how far something is: a bar on a terminal, a line elsewhere.",
        "progress(\"reading\", 1, 2)",
    ),
    doc(
        "choose",
        "choose(\"Which?\", options)",
        "Lets somebody choose one of these; where nobody can be asked it is an error that says so.",
        "try { choose(\"Which?\", [\"a\", \"b\"]) } catch (err) { print(err.message) }",
    ),
    doc(
        "emit",
        "emit(value)\nemit(rows, [\"name\", \"ip\"])",
        "Gives a value out: with -o json as the document (a list where several are given), with -o jsonl as a line at once; to people as text, and rows as a table of these columns.",
        "emit(#{ up: pool(\"web-lb/blue\").health().up })",
    ),
    doc(
        "help",
        "help()\nhelp(\"drain\")\nhelp(x)",
        "What there is; of one function, or of a value's type.",
        "help(\"drain\")",
    ),
];

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

/// Every function.
pub fn functions() -> impl Iterator<Item = &'static FunctionDoc> {
    SECTIONS.iter().flat_map(|(_, list)| list.iter())
}

/// Whether a function is called as a method, or is called without one: some are both.
pub fn is_called(doc: &FunctionDoc, as_method: bool) -> bool {
    doc.call.lines().any(|c| c.split('(').next().is_some_and(|head| head.contains('.')) == as_method)
}

/// The first form, for a list.
fn first_call(doc: &FunctionDoc) -> &'static str {
    doc.call.lines().next().unwrap_or_default()
}

/// All functions, a line each.
pub fn overview() -> String {
    let mut out = String::new();
    for (title, list) in SECTIONS {
        out.push_str(&format!("{title}\n"));
        for doc in *list {
            let what = doc.what.split(". ").next().unwrap_or_default().trim_end_matches('.');
            out.push_str(&format!("  {:<42}{what}\n", first_call(doc)));
        }
    }
    out.push_str("help(\"drain\") tells more of one; help(x) the properties of a value.");
    out
}

/// What is known of a function or a type.
pub fn about(what: &str) -> String {
    let name = what.trim().trim_end_matches("()").rsplit('.').next().unwrap_or_default();
    if let Some(doc) = functions().find(|d| d.name == name) {
        let calls: String = doc.call.lines().map(|c| format!("{c}\n")).collect();
        return format!("{calls}  {}\n  Example: {}", doc.what, doc.example);
    }
    if let Some(doc) = TYPES.iter().find(|t| t.name.eq_ignore_ascii_case(name)) {
        let fields: String = doc.properties.iter().map(|(n, w)| format!("\n  .{n:<16}{w}")).collect();
        let methods: Vec<&str> =
            functions().filter(|d| d.call.lines().any(|c| c.starts_with(receiver(doc.name)))).map(|d| d.name).collect();
        let methods = if methods.is_empty() { String::new() } else { format!("\n  methods: {}", methods.join(", ")) };
        return format!("{}. {}{fields}{methods}", doc.name, doc.what);
    }
    let near = crate::script::check::nearest(name, functions().map(|d| d.name));
    let near = near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
    format!("nothing is known of '{what}'{near} help() lists all there is.")
}

/// What a type's value is called in the table's calls.
fn receiver(name: &str) -> &'static str {
    match name {
        "LoadBalancer" => "lb.",
        "Pool" => "pool.",
        "Plan" => "plan.",
        "Outcome" => "outcome.",
        _ => "\0",
    }
}

/// The keys of the maps that words and properties give, as their documentation lists them.
pub fn map_keys() -> impl Iterator<Item = &'static str> {
    let texts = functions().map(|d| d.what).chain(TYPES.iter().flat_map(|t| t.properties).map(|(_, what)| *what));
    texts.filter_map(|text| text.split_once("maps with ")).flat_map(|(_, keys)| {
        let keys = keys.split([',', '.', ';', ' ']).map(str::trim);
        keys.filter(|key| !key.is_empty())
    })
}

/// The reference as it stands in `docs/scripting.md`.
pub fn reference() -> String {
    let mut out = String::new();
    for (title, list) in SECTIONS {
        out.push_str(&format!("### {title}\n\n"));
        for doc in *list {
            let calls: Vec<String> = doc.call.lines().map(|c| format!("`{c}`")).collect();
            out.push_str(&format!("**{}** {}\n\n{}\n\n", doc.name, calls.join(", "), doc.what));
            out.push_str(&format!("```rhai\n{}\n```\n\n", doc.example));
        }
    }
    out.push_str("### Types\n");
    for doc in TYPES {
        out.push_str(&format!("\n**{}** {}\n\n| property | what |\n| --- | --- |\n", doc.name, doc.what));
        for (name, what) in doc.properties {
            out.push_str(&format!("| `{name}` | {what} |\n"));
        }
    }
    out
}
