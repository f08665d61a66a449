//! The engine: sandboxed, limited, with one scope for a whole conversation.

use std::sync::Arc;

use rhai::{AST, Dynamic, Engine, Map, Scope};

use super::error::ScriptError;
use super::host::Host;
use super::params::{self, Param};
use super::words::{Surroundings, register};
use crate::session::Session;

/// A conversation with the engine: variables and functions stay from one entry to the next.
pub struct Console {
    engine: Engine,
    scope: Scope<'static>,
    functions: AST,
}

/// A script, compiled, with what it declares.
pub struct Script {
    /// Its file.
    pub name: String,
    /// Its own words about itself.
    pub about: String,
    /// Its parameters.
    pub params: Vec<Param>,
    ast: AST,
}

impl Console {
    /// With a session and a face. `runtime` is where the network is waited for; the console itself
    /// must be used on a thread that may block.
    pub fn new(session: Session, host: Arc<dyn Host>, runtime: tokio::runtime::Handle) -> Self {
        let mut engine = limited();
        let stopper = Arc::clone(&host);
        engine.on_progress(move |operations| {
            // Looking at it on every operation would cost more than the operation.
            (operations % 256 == 0 && stopper.stop().asked()).then_some(Dynamic::UNIT)
        });
        let printer = Arc::clone(&host);
        engine.on_print(move |text| printer.print(text));
        let printer = Arc::clone(&host);
        engine.on_debug(move |text, _, _| printer.print(text));
        register(&mut engine, &Surroundings { session, host, runtime });
        Self { engine, scope: Scope::new(), functions: AST::empty() }
    }

    /// Compiles a script.
    ///
    /// # Errors
    /// [`ScriptError`] with line and column.
    pub fn compile(&self, name: &str, text: &str) -> Result<Script, ScriptError> {
        compile(&self.engine, name, text)
    }

    /// Runs a script with its parameters' values.
    ///
    /// # Errors
    /// [`ScriptError`] with its place and cause.
    pub fn run(&mut self, script: &Script, values: Map) -> Result<(), ScriptError> {
        let mut scope = Scope::new();
        scope.push_constant("params", values);
        self.engine.run_ast_with_scope(&mut scope, &script.ast).map_err(|e| ScriptError::run(&script.name, *e))
    }

    /// Evaluates one entry of a conversation; the value's text, where there is one.
    ///
    /// # Errors
    /// [`ScriptError`] with its place and cause.
    pub fn evaluate(&mut self, text: &str) -> Result<Option<String>, ScriptError> {
        let ast = self.engine.compile_with_scope(&self.scope, text).map_err(|e| ScriptError::parse("console", &e))?;
        let whole = self.functions.merge(&ast);
        let value = self
            .engine
            .eval_ast_with_scope::<Dynamic>(&mut self.scope, &whole)
            .map_err(|e| ScriptError::run("console", *e))?;
        self.functions = whole.clone_functions_only();
        Ok(shown(&value))
    }

    /// The variables' names, for completion.
    pub fn variables(&self) -> Vec<String> {
        self.scope.iter().map(|(name, _, _)| name.to_owned()).collect()
    }
}

/// Compiles a script without a session: to list its parameters.
///
/// # Errors
/// [`ScriptError`] with line and column.
pub fn compile_alone(name: &str, text: &str) -> Result<Script, ScriptError> {
    compile(&limited(), name, text)
}

fn compile(engine: &Engine, name: &str, text: &str) -> Result<Script, ScriptError> {
    let ast = engine.compile(text).map_err(|e| ScriptError::parse(name, &e))?;
    let params = params::declared(&ast).map_err(|message| ScriptError {
        source: name.to_owned(),
        line: None,
        column: None,
        message,
        cause: None,
        syntax: true,
        interrupted: false,
        outcome: None,
    })?;
    Ok(Script { name: name.to_owned(), about: params::about(text), params, ast })
}

/// No files and no modules; bounds on everything that a script could make large.
fn limited() -> Engine {
    let mut engine = Engine::new();
    engine.set_module_resolver(rhai::module_resolvers::DummyModuleResolver::new());
    engine.disable_symbol("eval");
    engine.set_max_operations(50_000_000);
    engine.set_max_call_levels(64);
    engine.set_max_expr_depths(64, 32);
    engine.set_max_string_size(4 << 20);
    engine.set_max_array_size(200_000);
    engine.set_max_map_size(20_000);
    engine
}

/// A value as the console shows it: lists a line an item, nothing for `()`.
fn shown(value: &Dynamic) -> Option<String> {
    if value.is_unit() {
        return None;
    }
    if let Some(list) = value.read_lock::<rhai::Array>() {
        let lines: Vec<String> = list.iter().map(item).collect();
        return Some(if lines.is_empty() { "(none)".to_owned() } else { lines.join("\n") });
    }
    Some(item(value))
}

fn item(value: &Dynamic) -> String {
    use super::values::{Candidate, Member, Pool, ScriptPlan};
    if let Some(v) = value.read_lock::<Pool>() {
        return v.to_string();
    }
    if let Some(v) = value.read_lock::<Member>() {
        return v.to_string();
    }
    if let Some(v) = value.read_lock::<Candidate>() {
        return v.to_string();
    }
    if let Some(v) = value.read_lock::<ScriptPlan>() {
        return v.to_string();
    }
    if let Some(map) = value.read_lock::<Map>() {
        let fields: Vec<String> = map.iter().map(|(k, v)| format!("{k}: {}", item(v))).collect();
        return fields.join("  ");
    }
    value.to_string()
}
