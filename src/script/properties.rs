//! The check of properties: names that no object and no map of the script has, and near to one that is.
//!
//! Called by the check. What a variable holds is not known before the run, so a property is wrong only where
//! nothing at all has it and something has one of nearly its name; a parameter's name is known exactly.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Dynamic, Expr, Map, Position, Stmt};

use super::check::nearest;
use super::docs::{self, TYPES};
use super::params::Param;

/// The wrong properties of a script: where, and what is wrong.
pub(super) fn wrong(ast: &AST, params: &[Param]) -> Vec<(Position, String)> {
    let mut own: BTreeSet<String> = BTreeSet::new();
    let mut asked: Vec<(Position, String)> = Vec::new();
    let mut of_params: Vec<(Position, String)> = Vec::new();
    let mut parses = false;
    ast.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Map(map, _))) => own.extend(map.0.iter().map(|(key, _)| key.name.to_string())),
            Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => keys(value, &mut own),
            Some(ASTNode::Stmt(Stmt::Assignment(assigned))) => own.extend(last_property(&assigned.1.lhs)),
            Some(ASTNode::Expr(Expr::Dot(pair, ..))) => {
                let first = match &pair.rhs {
                    Expr::Dot(deeper, ..) | Expr::Index(deeper, ..) => &deeper.lhs,
                    plain => plain,
                };
                if let (Expr::Variable(variable, ..), Expr::Property(property, position)) = (&pair.lhs, first)
                    && variable.1 == "params"
                {
                    of_params.push((*position, property.2.to_string()));
                }
            }
            Some(ASTNode::Expr(Expr::Property(property, position))) => {
                asked.push((*position, property.2.to_string()));
            }
            // What is read from a text may have any key.
            Some(ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _))) => {
                parses |= call.name == "parse_json";
            }
            _ => {}
        }
        true
    });
    let mut out: Vec<(Position, String)> = Vec::new();
    for (position, name) in &of_params {
        if !params.is_empty() && !params.iter().any(|p| p.name == *name) {
            let near = nearest(name, params.iter().map(|p| p.name.as_str()));
            let near = near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
            out.push((*position, format!("there is no parameter '{name}' in PARAMS{near}")));
        }
    }
    if parses {
        return out;
    }
    let properties = TYPES.iter().flat_map(|t| t.properties).map(|(name, _)| *name);
    // The language's own, of ranges, texts and lists.
    let language =
        ["len", "start", "end", "is_empty", "is_inclusive", "is_exclusive", "bytes", "chars", "name", "elapsed", "tag"];
    let known: BTreeSet<&str> = properties.chain(docs::map_keys()).chain(language).collect();
    for (position, name) in asked {
        if known.contains(name.as_str()) || own.contains(&name) || of_params.iter().any(|(at, _)| *at == position) {
            continue;
        }
        if let Some(near) = nearest(&name, known.iter().copied().chain(own.iter().map(String::as_str))) {
            out.push((position, format!("nothing has a property '{name}'; did you mean {near}?")));
        }
    }
    out
}

/// The keys of a constant map, and of the maps in it.
fn keys(value: &Dynamic, into: &mut BTreeSet<String>) {
    if let Some(map) = value.read_lock::<Map>() {
        for (key, inner) in map.iter() {
            into.insert(key.to_string());
            keys(inner, into);
        }
    } else if let Some(list) = value.read_lock::<rhai::Array>() {
        list.iter().for_each(|inner| keys(inner, into));
    }
}

/// The property that an assignment makes: `c` of `a.b.c = 1`.
fn last_property(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => last_property(&pair.rhs),
        Expr::Property(property, _) => Some(property.2.to_string()),
        Expr::StringConstant(key, _) => Some(key.to_string()),
        _ => None,
    }
}
