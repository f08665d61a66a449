//! The engine: sandboxed, limited, with one scope for a whole conversation.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rhai::{AST, Dynamic, Engine, Map, Scope};
use tokio::time::Instant;

use super::error::{ScriptError, stopped};
use super::host::Host;
use super::library::Library;
use super::params::{self, Param};
use super::shown;
use super::words::{Answer, Surroundings, TIME_OVER, register};
use crate::session::Session;

/// How long a script may run where nothing else is said.
pub const TIME_LIMIT: Duration = Duration::from_secs(12 * 3600);

/// The most operations of one script or entry.
const OPERATIONS: u64 = 50_000_000;

/// A conversation with the engine: variables and functions stay from one entry to the next.
pub struct Console {
    engine: Engine,
    scope: Scope<'static>,
    functions: AST,
    around: Surroundings,
    limit: Duration,
}

/// A script, compiled, with what it declares.
pub struct Script {
    /// Its file.
    pub name: String,
    /// Its own words about itself.
    pub about: String,
    /// Its parameters.
    pub params: Vec<Param>,
    pub(super) ast: AST,
}

impl Script {
    /// The values of its parameters: those given, checked, and the defaults of the others.
    ///
    /// # Errors
    /// A parameter that it does not have, that is missing or of another type.
    pub fn values(&self, given: &Map) -> Result<Map, String> {
        if let Some(unknown) = given.keys().find(|k| !self.params.iter().any(|p| p.name == k.as_str())) {
            let known: Vec<&str> = self.params.iter().map(|p| p.name.as_str()).collect();
            return Err(format!("{}: there is no parameter '{unknown}'; there is: {}", self.name, known.join(", ")));
        }
        let mut values = Map::new();
        for param in &self.params {
            let text = given.get(param.name.as_str()).map(shown::item).or_else(|| param.default.clone());
            let text = text
                .ok_or_else(|| format!("{}: the parameter '{}' is missing: {}", self.name, param.name, param.help))?;
            let value = param.value(&text).map_err(|e| format!("{}: {}: {e}", self.name, param.name))?;
            values.insert(param.name.as_str().into(), value);
        }
        Ok(values)
    }

    /// What it is, in one line.
    pub fn title(&self) -> &str {
        self.about.lines().next().unwrap_or_default()
    }
}

impl Console {
    /// With a session and a face. `runtime` is where the network is waited for; the console itself
    /// must be used on a thread that may block.
    pub fn new(session: Session, host: Arc<dyn Host>, runtime: tokio::runtime::Handle) -> Self {
        let library = Arc::new(Library::new(&session.config().scripts));
        let until = Arc::new(Mutex::new(Instant::now() + TIME_LIMIT));
        let around = Surroundings { session, host, runtime, library, until };
        Self { engine: engine_of(&around), scope: Scope::new(), functions: AST::empty(), around, limit: TIME_LIMIT }
    }

    /// How long a script, or one entry of the conversation, may run.
    pub fn limit_time(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// The clock of a script or an entry begins.
    fn begin(&self) {
        let _clock = self.around.runtime.enter();
        *self.around.until.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Instant::now() + self.limit;
    }

    /// The saved procedures.
    pub fn library(&self) -> &Library {
        &self.around.library
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
        self.begin();
        let mut scope = Scope::new();
        scope.push_constant("params", values);
        self.engine.run_ast_with_scope(&mut scope, &script.ast).map_err(|e| ScriptError::run(&script.name, *e))
    }

    /// Evaluates one entry of a conversation; the value's text, where there is one.
    ///
    /// # Errors
    /// [`ScriptError`] with its place and cause.
    pub fn evaluate(&mut self, text: &str) -> Result<Option<String>, ScriptError> {
        self.begin();
        let ast = self.engine.compile_with_scope(&self.scope, text).map_err(|e| ScriptError::parse("console", &e))?;
        let whole = self.functions.merge(&ast);
        let value = self
            .engine
            .eval_ast_with_scope::<Dynamic>(&mut self.scope, &whole)
            .map_err(|e| ScriptError::run("console", *e))?;
        self.functions = whole.clone_functions_only();
        Ok(shown::value(&value))
    }

    /// The variables' names, for completion.
    pub fn variables(&self) -> Vec<String> {
        self.scope.iter().map(|(name, _, _)| name.to_owned()).collect()
    }
}

/// The engine with every word.
fn engine_of(around: &Surroundings) -> Engine {
    let mut engine = limited();
    engine.set_module_resolver(around.library.as_ref().clone());
    let watcher = around.clone();
    engine.on_progress(move |operations| {
        // Looking at it on every operation would cost more than the operation.
        if operations % 256 != 0 {
            return None;
        }
        if watcher.host.stop().asked() {
            return Some(Dynamic::UNIT);
        }
        (operations % 65_536 == 0 && watcher.left().is_zero()).then(|| TIME_OVER.into())
    });
    let printer = Arc::clone(&around.host);
    engine.on_print(move |text| printer.print(text));
    let printer = Arc::clone(&around.host);
    engine.on_debug(move |text, _, _| printer.print(text));
    register(&mut engine, around);
    engine
}

/// How deep procedures may run each other.
const DEEPEST: usize = 8;

/// Runs a script within a conversation, on its own variables.
pub(super) fn run_within(around: &Surroundings, script: &Script, values: Map) -> Answer<()> {
    thread_local!(static DEPTH: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
    let deep = DEPTH.get();
    if deep >= DEEPEST {
        return Err(stopped("procedures run each other without end"));
    }
    DEPTH.set(deep + 1);
    let mut scope = Scope::new();
    scope.push_constant("params", values);
    let result = engine_of(around).run_ast_with_scope(&mut scope, &script.ast);
    DEPTH.set(deep);
    result
}

/// The signatures of every function there is: azlb's own, and where `all` those of the language too.
///
/// # Errors
/// Where no session can be made, which needs nothing but memory.
pub fn signatures(all: bool) -> Result<Vec<String>, crate::session::SessionError> {
    Ok(engine_of(&super::nobody::surroundings()?).gen_fn_signatures(all))
}

/// Compiles a script without a session: to list its parameters.
///
/// # Errors
/// [`ScriptError`] with line and column.
pub fn compile_alone(name: &str, text: &str) -> Result<Script, ScriptError> {
    compile(&limited(), name, text)
}

fn compile(engine: &Engine, name: &str, text: &str) -> Result<Script, ScriptError> {
    let mut ast = engine.compile(text).map_err(|e| ScriptError::parse(name, &e))?;
    ast.set_source(name);
    let params = params::declared(&ast)
        .map_err(|message| ScriptError { syntax: true, ..ScriptError::at(name, (None, None), message) })?;
    Ok(Script { name: name.to_owned(), about: params::about(text), params, ast })
}

/// No files; bounds on everything that a script could make large.
fn limited() -> Engine {
    let mut engine = Engine::new();
    engine.set_module_resolver(rhai::module_resolvers::DummyModuleResolver::new());
    engine.disable_symbol("eval");
    engine.set_max_operations(OPERATIONS);
    engine.set_max_call_levels(64);
    engine.set_max_expr_depths(64, 32);
    engine.set_max_string_size(4 << 20);
    engine.set_max_array_size(200_000);
    engine.set_max_map_size(20_000);
    engine.set_max_modules(64);
    engine
}
