//! Words of lists, beside the language's own.
//!
//! The language sorts by catching a panic where the order is none, which on a screen would give the terminal
//! back, and forgets what fails within the function; this one does neither.

use std::cmp::Ordering;

use rhai::{Array, Dynamic, Engine, FnPtr, NativeCallContext};

use super::Answer;
use crate::script::error::asked;

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("first", |list: &mut Array| list.first().cloned().unwrap_or(Dynamic::UNIT));
    engine.register_fn("last", |list: &mut Array| list.last().cloned().unwrap_or(Dynamic::UNIT));
    // The list stays as it is where it cannot be sorted.
    engine.register_fn("sort", |list: &mut Array| -> Answer<Array> {
        *list = merged(list.clone(), &mut |a, b| plain(a, b))?;
        Ok(list.clone())
    });
    engine.register_fn("sort", by_function);
    engine.register_fn("sort_by", by_function);
}

/// What the language calls by both names.
fn by_function(context: NativeCallContext, list: &mut Array, order: FnPtr) -> Answer<Array> {
    *list = merged(list.clone(), &mut |a, b| {
        let said: Dynamic = order.call_within_context(&context, (a.clone(), b.clone()))?;
        match (said.as_int(), said.as_bool()) {
            (Ok(number), _) => Ok(number.cmp(&0)),
            (_, Ok(true)) => Ok(Ordering::Less),
            (_, Ok(false)) => Ok(Ordering::Equal),
            _ => Err(asked(format!("sort: the function gave {}, not a number or a yes", said.type_name()))),
        }
    })?;
    Ok(list.clone())
}

/// The order of numbers, texts, characters and truths.
fn plain(a: &Dynamic, b: &Dynamic) -> Answer<Ordering> {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return Ok(a.cmp(&b));
    }
    let number = |v: &Dynamic| v.as_float().or_else(|_| v.as_int().map(|n| n as f64)).ok();
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return Ok(a.total_cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (a.clone().into_immutable_string(), b.clone().into_immutable_string()) {
        return Ok(a.cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (a.as_char(), b.as_char()) {
        return Ok(a.cmp(&b));
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Ok(a.cmp(&b));
    }
    let (a, b) = (a.type_name(), b.type_name());
    Err(asked(format!("sort: {a} and {b} have no order of their own: use list.sort(|a, b| …)")))
}

/// Sorted by merging, which asks for no order that holds together: the standard one may panic without.
fn merged(mut list: Array, order: &mut dyn FnMut(&Dynamic, &Dynamic) -> Answer<Ordering>) -> Answer<Array> {
    if list.len() < 2 {
        return Ok(list);
    }
    let upper = list.split_off(list.len() / 2);
    let mut lower = merged(list, order)?.into_iter().peekable();
    let mut upper = merged(upper, order)?.into_iter().peekable();
    let mut out = Array::with_capacity(lower.len() + upper.len());
    while let (Some(a), Some(b)) = (lower.peek(), upper.peek()) {
        // A no says only that it does not come first: equals stay in their order.
        let next = if order(b, a)? == Ordering::Less { upper.next() } else { lower.next() };
        out.extend(next);
    }
    out.extend(lower.chain(upper));
    Ok(out)
}
