//! The line above and the line below.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::super::model::{Model, Node, Screen, Typing};
use super::super::theme::Faces;
use super::super::update::context;
use super::{age, fit};
use crate::terminal_text::safe;

/// Where we are, how old what is shown is, and whether this session may write.
pub(super) fn header(model: &Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    let arrow = if faces.unicode { " ▸ " } else { " > " };
    let place = match (model.screen, &model.node) {
        (Screen::Plan, _) => "plan".to_owned(),
        (Screen::Jobs, _) => "jobs".to_owned(),
        (Screen::Detail, Some(node)) => format!("{}{arrow}document", path(model, node).join(arrow)),
        (Screen::Detail, None) => "document".to_owned(),
        (Screen::Health, Some(node)) => format!("{}{arrow}health", path(model, node).join(arrow)),
        (Screen::Health, None) => "health".to_owned(),
        (Screen::Browse, Some(node)) => path(model, node).join(arrow),
        (Screen::Browse, None) => String::new(),
    };
    let mut right = String::new();
    if model.listing {
        right.push_str("listing…  ");
    }
    if model.planning {
        right.push_str("planning…  ");
    }
    if model.running && model.screen != Screen::Jobs {
        right.push_str("a plan runs (J)  ");
    }
    if let Some(wait) = model.throttled {
        right.push_str(&format!("throttled {} s  ", wait.as_secs().max(1)));
    }
    if model.screen == Screen::Health && model.paused {
        right.push_str("paused  ");
    }
    if model.screen == Screen::Browse
        && let Some(pool) = model.pool.as_ref().filter(|p| model.selected_pool() == Some(&p.id))
    {
        let fresh = pool.read_at.is_some_and(|at| at.elapsed().as_secs() <= pool.interval_s.max(5) * 2);
        match pool.read_at {
            _ if model.paused => right.push_str("paused  "),
            Some(at) => right.push_str(&format!("{} {}  ", if fresh { "live" } else { "health" }, age(at))),
            None if model.asking.is_some() => right.push_str("asking…  "),
            None => {}
        }
    }
    right.push_str(if model.may_write { "may write" } else { "READ-ONLY" });
    let sim = if model.place == crate::session::SIMULATOR { " (simulator)" } else { "" };
    let room = usize::from(area.width).saturating_sub(right.width() + 3);
    let left = fit(&safe(&format!("azlb{sim}  {place}")), room);
    let gap = " ".repeat(usize::from(area.width).saturating_sub(left.width() + right.width()));
    let style = if model.may_write { theme.dim } else { theme.warn };
    frame.render_widget(
        Line::from(vec![Span::styled(left, theme.title), Span::raw(gap), Span::styled(right, style)]),
        area,
    );
}

fn path(model: &Model, node: &Node) -> Vec<String> {
    let subscription = |id: &str| {
        model
            .tree
            .subscriptions
            .iter()
            .find(|s| s.id.eq_ignore_ascii_case(id))
            .map_or(id, |s| s.name.as_str())
            .to_owned()
    };
    match node {
        Node::Subscription(id) => vec![subscription(id)],
        Node::Balancer(id) => vec![subscription(id.subscription()), id.name().to_owned()],
        Node::Pool(id) => vec![
            subscription(id.subscription()),
            id.segment("loadBalancers").unwrap_or_default().to_owned(),
            id.name().to_owned(),
        ],
    }
}

/// The last message, or the keys that apply here.
pub(super) fn hints(model: &Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    if let Some((text, bad)) = &model.message {
        let (style, mark) = if *bad { (theme.bad, "! ") } else { (theme.good, "") };
        let text = fit(&format!("{mark}{}", safe(text)), area.width.into());
        frame.render_widget(Line::from(Span::styled(text, style)), area);
        return;
    }
    let typed: &[(&str, &str)] = match model.typing {
        Typing::Console => &[
            ("enter", "evaluate"),
            ("tab", "complete"),
            ("↑", "history"),
            ("ctrl-r", "search it"),
            ("ctrl-c", "stop"),
            ("esc", "leave"),
        ],
        Typing::Filter => &[("enter", "keep"), ("esc", "clear"), ("", "name, ip, state:down, zone:2, !not, ~fuzzy")],
        Typing::Confirm(_) => &[("enter", "apply if it is the name"), ("esc", "leave")],
        Typing::Destination { .. } => &[("enter", "plan the move"), ("↑↓", "choose"), ("esc", "leave")],
        Typing::Search => &[("enter", "keep"), ("esc", "forget"), ("", "then n and N go to the next and back")],
        Typing::Form(_) => {
            &[("enter", "run: plans are shown first"), ("↑↓ tab", "parameter"), ("→", "complete"), ("esc", "leave")]
        }
        Typing::Palette(_) => &[("enter", "go"), ("↑↓", "choose"), ("esc", "leave")],
        Typing::Nothing => &[],
    };
    let bindings: Vec<(String, &str)> = if model.typing == Typing::Nothing {
        let here = model.keymap.here(context(model)).filter(|b| b.spec.hint);
        here.map(|b| (b.keys.first().cloned().unwrap_or_default(), b.spec.title)).collect()
    } else {
        typed.iter().map(|(key, title)| ((*key).to_owned(), *title)).collect()
    };
    let width = |(key, title): &(String, &str)| key.width() + title.width() + 3;
    // What there is no room for stands in the help, so the help always has room.
    let help = |binding: &&(String, &str)| binding.1 == "help";
    let mut left = usize::from(area.width).saturating_sub(bindings.iter().find(help).map_or(0, width));
    let mut spans = Vec::new();
    for binding in &bindings {
        if !help(&binding) {
            match left.checked_sub(width(binding)) {
                Some(rest) => left = rest,
                None => continue,
            }
        }
        spans.push(Span::styled(binding.0.clone(), theme.hint_key));
        spans.push(Span::styled(format!(" {}  ", binding.1), theme.hint));
    }
    frame.render_widget(Line::from(spans), area);
}
