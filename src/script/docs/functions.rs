//! The functions, in the order of a tour.

use super::{FunctionDoc, doc};

pub(super) const READING: &[FunctionDoc] = &[
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

pub(super) const HEALTH: &[FunctionDoc] = &[
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

pub(super) const PLANNING: &[FunctionDoc] = &[
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

pub(super) const COMPOSING: &[FunctionDoc] = &[
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

pub(super) const APPLYING: &[FunctionDoc] = &[
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

pub(super) const OUTPUT: &[FunctionDoc] = &[
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

pub(super) const LISTS: &[FunctionDoc] = &[
    doc(
        "first",
        "list.first()",
        "The first of a list, or () of an empty one.",
        "load_balancers().filter(|lb| lb.sku == \"Basic\").first()?.name",
    ),
    doc("last", "list.last()", "The last of a list, or () of an empty one.", "pools().last().selector"),
    doc(
        "sort",
        "list.sort()\nlist.sort(|a, b| a.size - b.size)",
        "Sorts a list where it is, and gives it: numbers, texts, or whatever the function orders by a number below, at or above 0, or by whether the first comes first. Equals stay in their order.",
        "pools().sort(|a, b| b.size - a.size).map(|p| `${p.size} ${p.selector}`)",
    ),
    doc(
        "sort_by",
        "list.sort_by(|a, b| a.size - b.size)",
        "The same as sort with a function.",
        "pools().sort_by(|a, b| a.size - b.size).first().selector",
    ),
];
