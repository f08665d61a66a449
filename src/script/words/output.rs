//! Words that show, ask and give out.

use rhai::{Array, Dynamic, Engine, Map};

use super::{Answer, Surroundings};
use crate::script::docs;
use crate::script::error::{asked, carry, stopped};
use crate::script::shown;

pub(super) fn register(engine: &mut Engine, around: &Surroundings) {
    let a = around.clone();
    engine.register_fn("table", move |rows: Array| -> Answer<()> { table(&a, &rows, &[]) });
    let a = around.clone();
    engine.register_fn("table", move |rows: Array, columns: Array| -> Answer<()> {
        table(&a, &rows, &columns.iter().map(ToString::to_string).collect::<Vec<_>>())
    });
    let a = around.clone();
    engine.register_fn("progress", move |text: &str, done: i64, of: i64| {
        a.host.progress(text, u64::try_from(done).unwrap_or(0), u64::try_from(of).unwrap_or(0));
    });
    let a = around.clone();
    engine.register_fn("confirm", move |question: &str| -> Answer<()> {
        if a.host.ask(question).map_err(carry)? {
            return Ok(());
        }
        Err(stopped("the answer was no"))
    });
    let a = around.clone();
    engine.register_fn("choose", move |question: &str, options: Array| -> Answer<Dynamic> {
        if options.is_empty() {
            return Err(asked("choose: there is nothing to choose from"));
        }
        let labels: Vec<String> = options.iter().map(shown::item).collect();
        let at = a.host.choose(question, &labels).map_err(|error| match a.host.stop().asked() {
            true => stopped("stopped by the operator"),
            false => carry(error),
        })?;
        options.get(at).cloned().ok_or_else(|| asked("choose: nothing was chosen"))
    });
    let a = around.clone();
    engine.register_fn("emit", move |value: Dynamic| a.host.emit(&shown::json(&value), &[]));
    let a = around.clone();
    engine.register_fn("emit", move |value: Dynamic, columns: Array| {
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        a.host.emit(&shown::json(&value), &columns);
    });
    let a = around.clone();
    engine.register_fn("help", move || a.host.print(&docs::overview()));
    let a = around.clone();
    engine.register_fn("help", move |what: &str| a.host.print(&docs::about(what)));
    let a = around.clone();
    engine.register_fn("help", move |what: Dynamic| a.host.print(&docs::about(what.type_name())));
    let a = around.clone();
    engine.register_fn("run", move |name: &str| -> Answer<()> { run(&a, name, Map::new()) });
    let a = around.clone();
    engine.register_fn("run", move |name: &str, values: Map| -> Answer<()> { run(&a, name, values) });
}

fn table(around: &Surroundings, rows: &Array, columns: &[String]) -> Answer<()> {
    around.host.print(&shown::table(rows, columns).map_err(asked)?);
    Ok(())
}

/// Runs a saved procedure within this conversation, with its own variables.
fn run(around: &Surroundings, name: &str, values: Map) -> Answer<()> {
    let script = around.library.script(name).map_err(|e| asked(e.to_string()))?;
    let values = script.values(&values).map_err(asked)?;
    crate::script::engine::run_within(around, &script, values)
}
